//! A bar while a large source is read for the first time.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::records::ScanProgress;

/// Shows on a terminal how much of a source was read; nothing for one that is read in a moment.
#[derive(Debug)]
pub struct ScanView {
    began: Instant,
    bar: Option<ProgressBar>,
}

impl ScanView {
    /// A view that shows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now(), bar: None }
    }

    /// Shows how far it has come.
    pub fn show(&mut self, progress: ScanProgress) {
        if self.bar.is_none() && self.began.elapsed() >= A_MOMENT && std::io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template(BAR).expect("the template is a constant");
            bar.set_style(style.progress_chars("=> "));
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_length(progress.total_bytes);
            bar.set_position(progress.bytes);
            bar.set_message(format!("{} records", progress.records));
        }
    }
}

impl Default for ScanView {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for ScanView {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

const BAR: &str = "[{bar:25}] checking the source: {bytes} of {total_bytes}, {msg}";
/// What takes no longer needs no bar.
const A_MOMENT: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_template_that_can_be_read() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
