//! How often the proxy is looked at: to look costs the pacer time, and more the more scopes it knows.

use std::sync::Arc;
use std::time::Duration;

use paceline::driver::Stopped;
use tokio::time::Instant;

use super::status::Status;
use crate::proxy::Proxy;

/// The last look, told again to whoever asks too soon after it.
#[derive(Debug, Default)]
pub(super) struct Glance {
    last: tokio::sync::Mutex<Option<(Arc<Status>, Instant)>>,
}

impl Glance {
    /// What the proxy does, or did a moment ago. Who asks while somebody looks sees the same.
    ///
    /// # Errors
    /// When its pacer has stopped.
    pub(super) async fn of(&self, proxy: &Proxy) -> Result<Arc<Status>, Stopped> {
        let mut last = self.last.lock().await;
        let began = Instant::now();
        let is_draining = proxy.draining.is_cancelled();
        let is_fresh =
            |(status, until): &&(Arc<Status>, Instant)| began < *until && status.draining == is_draining;
        if let Some((status, _)) = last.as_ref().filter(is_fresh) {
            return Ok(Arc::clone(status));
        }
        let status = Arc::new(Status::of(proxy).await?);
        let ended = Instant::now();
        *last = Some((Arc::clone(&status), ended + rest(ended - began)));
        Ok(status)
    }
}

/// How long nobody looks after a look that took so long: looks take at most a tenth of the time, and small ones are always fresh.
fn rest(took: Duration) -> Duration {
    (9 * took).min(LONGEST)
}

/// The page asks once a second.
const LONGEST: Duration = Duration::from_millis(900);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_take_a_tenth_of_the_time_at_most_and_no_page_is_frozen() {
        for (took, rested) in [(0, 0), (10, 90), (60, 540), (5_000, 900)] {
            assert_eq!(rest(Duration::from_millis(took)), Duration::from_millis(rested));
        }
    }
}
