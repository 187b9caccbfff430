<<<<<<< HEAD
//! What response headers say about limits: one file per family.

pub mod retry_after;
=======
//! Stand-in.
pub mod retry_after {
    //! Stand-in.
    use std::time::Duration;
    /// Stand-in.
    pub fn read<'a>(values: impl IntoIterator<Item = &'a str>, date: Option<&str>) -> Option<Duration> {
        let _ = date;
        values.into_iter().filter_map(|v| v.trim().parse().ok()).max().map(Duration::from_secs)
    }
}
>>>>>>> client
