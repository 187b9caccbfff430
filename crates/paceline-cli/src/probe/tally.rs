//! What a probe has asked and seen so far.

use std::collections::BTreeMap;
use std::time::Duration;

use paceline_core::headers::Published;
use paceline_core::{Answered, Outcome, Reply};
use tokio::time::Instant;

use super::inference::Sample;

/// What was asked and what came. Attempts still under way are in `departed` only.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    began: Instant,
    /// Civil time at `began`, since 1970.
    began_wall: Duration,
    pub(super) departed: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Refusals; those of calls that left before the first of them was known count with it.
    pub(super) episodes: u32,
    /// Other answers and failures.
    pub(super) others: u64,
    pub(super) statuses: BTreeMap<u16, u64>,
    pub(super) longest_retry_after: Option<Duration>,
    pub(super) refused_without_wait: u64,
    /// What the first reply that said anything published, and what the last did.
    pub(super) published: Option<(Published, Published)>,
    pub(super) samples: Vec<Sample>,
    pub(super) last_failure: Option<String>,
    last_episode: Option<Instant>,
}

impl Tally {
    pub(super) fn new(began: Instant, began_wall: Duration) -> Self {
        Self {
            began,
            began_wall,
            departed: 0,
            accepted: 0,
            refused: 0,
            episodes: 0,
            others: 0,
            statuses: BTreeMap::new(),
            longest_retry_after: None,
            refused_without_wait: 0,
            published: None,
            samples: Vec::new(),
            last_failure: None,
            last_episode: None,
        }
    }

    /// An attempt that left at `departed` came back at `now`.
    pub(super) fn note(&mut self, departed: Instant, now: Instant, reply: &Reply) {
        let outcome = Outcome::of(reply, false);
        let is_refused = matches!(outcome, Outcome::Throttled | Outcome::Overloaded);
        match reply {
            Reply::Answered(answered) => self.note_answer(answered, departed, now, is_refused),
            Reply::Lost | Reply::NotSent => {}
        }
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            _ if is_refused => self.note_refusal(departed, now),
            _ => self.others += 1,
        }
    }

    fn note_answer(&mut self, answered: &Answered, departed: Instant, now: Instant, is_refused: bool) {
        *self.statuses.entry(answered.status).or_default() += 1;
        if is_refused {
            self.refused_without_wait += u64::from(answered.retry_after.is_none());
            self.longest_retry_after = self.longest_retry_after.max(answered.retry_after);
        }
        if !answered.published.is_empty() {
            let first = self.published.take().map_or_else(|| answered.published.clone(), |(first, _)| first);
            self.published = Some((first, answered.published.clone()));
        }
        if self.samples.len() < SAMPLES_KEPT {
            let (sent, done) = (self.wall(departed), self.wall(now));
            self.samples.push(Sample { sent, done, is_refused });
        }
    }

    fn note_refusal(&mut self, departed: Instant, now: Instant) {
        self.refused += 1;
        if self.last_episode.is_none_or(|last| departed >= last) {
            self.episodes += 1;
            self.last_episode = Some(now);
        }
    }

    /// Attempts that have not come back.
    pub(super) const fn in_flight(&self) -> u64 {
        self.departed.saturating_sub(self.accepted + self.refused + self.others)
    }

    /// Whether the platform ever answered.
    pub(super) fn is_answered(&self) -> bool {
        !self.statuses.is_empty()
    }

    pub(super) fn elapsed_at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }

    fn wall(&self, at: Instant) -> Duration {
        self.began_wall + self.elapsed_at(at)
    }
}

/// Of a longer probe, what comes first says enough; 10 MB.
const SAMPLES_KEPT: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn refusals_of_calls_that_left_before_the_first_was_known_count_with_it() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut tally = Tally::new(start, Duration::ZERO);
        let refused = Reply::refused(429, Duration::from_secs(1));
        for (departed, now) in [(0, 50), (10, 60), (49, 99), (1_050, 1_100), (1_060, 1_110)] {
            tally.note(at(departed), at(now), &refused);
        }
        assert_eq!((tally.refused, tally.episodes), (5, 2));
        assert_eq!(tally.longest_retry_after, Some(Duration::from_secs(1)));
        tally.note(at(2_000), at(2_001), &Reply::Lost);
        tally.note(at(2_000), at(2_001), &Reply::status(204));
        assert_eq!((tally.others, tally.accepted, tally.samples.len()), (1, 1, 6));
    }
}
