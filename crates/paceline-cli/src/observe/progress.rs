//! A bar on a terminal, plain lines elsewhere.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use crate::sync::Progress;

/// Shows on standard error how a run stands.
#[derive(Debug)]
pub struct ProgressView {
    watching: watch::Receiver<Progress>,
}

impl ProgressView {
    /// A view of what is published there.
    #[must_use]
    pub const fn new(watching: watch::Receiver<Progress>) -> Self {
        Self { watching }
    }

    /// Shows until the run is over.
    pub async fn show(self) {
        if std::io::stderr().is_terminal() { self.show_bar().await } else { self.show_lines().await }
    }

    async fn show_bar(mut self) {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style(BAR));
        let mut pace = Pace::default();
        while self.watching.changed().await.is_ok() {
            let progress = self.watching.borrow_and_update().clone();
            pace.note(tokio::time::Instant::now(), progress.settled);
            if let Some(total) = progress.total {
                bar.set_length(total);
            }
            bar.set_position(progress.settled);
            bar.set_message(line(&progress, pace.per_second()));
        }
        bar.finish_and_clear();
    }

    async fn show_lines(mut self) {
        let mut pace = Pace::default();
        pace.note(tokio::time::Instant::now(), 0);
        let mut last = Progress::default();
        loop {
            tokio::time::sleep(BETWEEN_LINES).await;
            if self.watching.has_changed().is_err() {
                return;
            }
            let progress = self.watching.borrow_and_update().clone();
            pace.note(tokio::time::Instant::now(), progress.settled);
            if progress.settled != last.settled || progress.wait.is_some() {
                // A log that cannot be written to is no reason to stop.
                let _ = writeln!(std::io::stderr(), "{}", line(&progress, pace.per_second()));
            }
            last = progress;
        }
    }
}

/// How fast it went lately: what an estimate of the rest is made from.
#[derive(Debug, Default)]
struct Pace {
    seen: VecDeque<(tokio::time::Instant, u64)>,
}

impl Pace {
    fn note(&mut self, now: tokio::time::Instant, settled: u64) {
        self.seen.push_back((now, settled));
        while self.seen.get(1).is_some_and(|(at, _)| now - *at >= LATELY) {
            self.seen.pop_front();
        }
    }

    fn per_second(&self) -> f64 {
        let (Some((from, first)), Some((to, last))) = (self.seen.front(), self.seen.back()) else {
            return 0.0;
        };
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let settled = last.saturating_sub(*first) as f64;
        settled / (*to - *from).as_secs_f64().max(0.001)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant").progress_chars("=> ")
}

/// One line of a log: `1200 of 3376, 118.9/s, 18s left, 12 refused`.
fn line(progress: &Progress, per_second: f64) -> String {
    let Progress { settled, total, .. } = progress;
    let mut line = match total {
        Some(total) => format!("{settled} of {total}, {per_second:.1}/s"),
        None => format!("{settled}, {per_second:.1}/s"),
    };
    if let Some(total) = total.filter(|total| per_second > 0.0 && *total > *settled) {
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let left = (total - settled) as f64 / per_second;
        // More than a Duration holds is not worth mentioning.
        if let Ok(left) = Duration::try_from_secs_f64(left.floor() + 1.0) {
            line.push_str(&format!(", {} left", crate::units::spelled(left)));
        }
    }
    line.push_str(&notes(progress));
    line
}

/// What is not as smooth as it could be.
fn notes(progress: &Progress) -> String {
    let mut notes = String::new();
    let counts = [(progress.throttled, "refused"), (progress.dead, "dead"), (progress.in_doubt, "in doubt")];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        notes.push_str(&format!(", {count} {what}"));
    }
    if let Some((wait, why)) = &progress.wait {
        notes.push_str(&format!(", gate closed {:.1} s: {why}", wait.as_secs_f64()));
    }
    notes
}

const BAR: &str = "[{bar:25}] {msg}";
/// Two windows of most platforms' gates; a rate that follows a change within seconds.
const LATELY: Duration = Duration::from_secs(10);
/// In a log, a line now and then tells enough.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_how_far_how_fast_how_long_and_why_it_waits() {
        let progress = Progress {
            total: Some(3_376),
            settled: 1_200,
            throttled: 12,
            wait: Some((Duration::from_millis(820), "Retry-After".to_owned())),
            ..Progress::default()
        };
        let line = line(&progress, 120.0);
        assert_eq!(line, "1200 of 3376, 120.0/s, 19s left, 12 refused, gate closed 0.8 s: Retry-After");
    }

    #[test]
    fn a_pipe_has_no_total_and_no_end_in_sight() {
        let progress = Progress { settled: 50, ..Progress::default() };
        assert_eq!(line(&progress, 5.0), "50, 5.0/s");
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = tokio::time::Instant::now();
        let mut pace = Pace::default();
        assert!(pace.per_second() < 0.1);
        for second in 0..60 {
            // A minute's outage, then a hundred a second.
            pace.note(start + Duration::from_secs(second), 0);
        }
        for second in 60..90 {
            pace.note(start + Duration::from_secs(second), (second - 59) * 100);
        }
        assert!((pace.per_second() - 100.0).abs() < 0.1, "{}", pace.per_second());
    }

    #[test]
    fn the_bar_has_a_template_that_can_be_read() {
        style(BAR);
    }
}
