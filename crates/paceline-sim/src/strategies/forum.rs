//! What forum threads recommend: each worker sleeps out its own `Retry-After`, with up to a second of jitter.
//!
//! As the snippets in such threads really behave: the header goes through `parseInt(...) || 1`, so that a date, a zero and a
//! header that is not there read as 1 s, and decimals are cut; the body of a refusal is never read, so that its connection is
//! lost; and the function calls itself again, however often, until the stack ends.

use std::time::Duration;

use fastrand::Rng;
use paceline_core::AttemptId;

use super::calls::told;
use super::workers::{Patience, up_to_a_second};
use crate::platform::RetryAfter;
use crate::strategy::Answer;

/// A worker from a forum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forum {
    /// Whether it adds up to a second to what it was told.
    pub(super) has_jitter: bool,
}

impl Patience for Forum {
    fn sleep(&mut self, attempt: AttemptId, answer: &Answer, rng: &mut Rng) -> Option<Duration> {
        if attempt.number >= DEEPEST_RECURSION {
            return None;
        }
        let wait = Duration::from_secs(parse_int(answer));
        Some(if self.has_jitter { wait.saturating_add(up_to_a_second(rng)) } else { wait })
    }

    fn leaves_bodies_unread(&self) -> bool {
        true
    }
}

/// `parseInt(retryAfter) || 1`
fn parse_int(answer: &Answer) -> u64 {
    let seconds = match answer.retry_after {
        Some(RetryAfter::Seconds(seconds)) => seconds,
        Some(RetryAfter::Millis(millis)) => millis / 1_000,
        // "Wed, 21 Oct ..." is not a number.
        Some(RetryAfter::Date { .. }) => 0,
        None => told(answer).map_or(0, |wait| wait.as_secs()),
    };
    seconds.max(1)
}

/// The recursion limit of CPython, where a call of a call of a call ends.
const DEEPEST_RECURSION: u32 = 1_000;

#[cfg(test)]
mod tests {
    use paceline_core::{CallId, Reply, WallTime};

    use super::*;

    fn told_as(retry_after: Option<RetryAfter>) -> Answer {
        Answer { retry_after, ..Reply::status(429).into() }
    }

    #[test]
    fn the_header_is_read_as_parse_int_reads_it() {
        let date =
            RetryAfter::Date { at: WallTime::from_unix_millis(9_000), sent: WallTime::from_unix_millis(0) };
        assert_eq!(parse_int(&told_as(Some(date))), 1);
        assert_eq!(parse_int(&told_as(Some(RetryAfter::Millis(2_900)))), 2);
        assert_eq!(parse_int(&told_as(Some(RetryAfter::Millis(417)))), 1);
        assert_eq!(parse_int(&told_as(Some(RetryAfter::Seconds(7)))), 7);
        assert_eq!(parse_int(&told_as(Some(RetryAfter::Seconds(0)))), 1);
        assert_eq!(parse_int(&told_as(None)), 1);
    }

    #[test]
    fn the_stack_ends_a_thousand_calls_deep() {
        let mut forum = Forum { has_jitter: false };
        let mut sleep = |number| {
            let attempt = AttemptId { call: CallId(1), number };
            forum.sleep(attempt, &told_as(None), &mut Rng::with_seed(1))
        };
        assert_eq!((sleep(999), sleep(1_000)), (Some(Duration::from_secs(1)), None));
    }

    #[test]
    fn jitter_is_less_than_a_second_and_never_below_what_was_told() {
        let mut forum = Forum { has_jitter: true };
        let mut rng = Rng::with_seed(7);
        let attempt = AttemptId { call: CallId(1), number: 1 };
        for _ in 0..1_000 {
            let told = told_as(Some(RetryAfter::Seconds(3)));
            let sleep = forum.sleep(attempt, &told, &mut rng).unwrap();
            assert!((Duration::from_secs(3)..Duration::from_secs(4)).contains(&sleep), "{sleep:?}");
        }
    }
}
