//! How the run stands, and whether what it waits for is worth waiting for.

use std::time::Duration;

use paceline_core::{GateCause, Instant, WaitReason};

use super::Engine;
use crate::sync::ending::Ending;
use crate::sync::progress::{self, Progress};
use crate::sync::summary::civil;
use crate::units;

impl Engine<'_> {
    /// Publishes how the run stands, and ends it when what it waits for is not worth waiting for.
    pub(super) fn look_around(&mut self) {
        let status = *self.started.courier.client.pacer().status().borrow();
        let now = self.now();
        let attempts = &self.started.courier.attempts;
        let last_words = attempts.last_words();
        let wait = status.wait.and_then(|(at, why)| {
            Some((at.saturating_since(now), progress::reason(why, last_words.as_deref())?))
        });
        self.watchers.send_replace(Progress {
            total: self.started.inspection.records,
            settled: self.tally.delivered + self.tally.dead + self.tally.in_doubt,
            dead: self.tally.dead,
            in_doubt: self.tally.in_doubt,
            attempts: attempts.departed(),
            throttled: attempts.throttled(),
            in_flight: status.in_flight,
            wait,
        });
        // Where nothing waits for the journal, its failure would show only at the end.
        if let Some(error) = self.started.journal.failure() {
            self.end(Ending::Journal(error));
        }
        if let Some((at, why)) = status.wait.filter(|_| self.ending.is_none()) {
            self.weigh(now, at, why);
        }
    }

    fn weigh(&mut self, now: Instant, at: Instant, why: WaitReason) {
        let longest = self.started.plan.retry.max_wait;
        let wait = at.saturating_since(now);
        match why {
            WaitReason::Gate { cause: GateCause::Banned, .. } => self.end(Ending::Banned),
            WaitReason::Gate { cause: GateCause::Unauthorized, .. } => self.end(Ending::Unauthorized),
            WaitReason::Gate { cause: GateCause::RetryAfter, .. } if wait > longest => {
                let reason = format!("the platform asks to be left alone for {}", in_words(wait));
                self.suspend(at, reason);
            }
            WaitReason::Gate { cause: GateCause::Backoff | GateCause::Outage, .. } | WaitReason::Backoff
                if self.progressed.elapsed() > longest =>
            {
                let silence = in_words(self.progressed.elapsed());
                self.suspend(at, format!("the platform has taken nothing for {silence}"));
            }
            _ => {}
        }
    }

    fn suspend(&mut self, at: Instant, reason: String) {
        let longest = in_words(self.started.plan.retry.max_wait);
        let resume_at = self.started.courier.client.pacer().wall_time(at);
        let reason = format!(
            "{reason}, which is longer than --max-wait {longest}. Run the same command again at {} or later",
            civil(resume_at)
        );
        self.end(Ending::Suspended { resume_at, reason });
    }
}

fn in_words(span: Duration) -> String {
    units::spelled(Duration::from_secs(span.as_secs().max(1)))
}
