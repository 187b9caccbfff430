//! What a progress bar wants to know, not more often than an eye can follow.

use std::time::Duration;

use paceline_core::{Instant, WaitReason};
use tokio::sync::watch;

/// How the pacer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Status {
    /// Calls that wait for a permit.
    pub waiting: usize,
    /// Attempts that hold a slot.
    pub in_flight: usize,
    /// Until when and why nothing departs; `None` when nothing waits for an instant.
    pub wait: Option<(Instant, WaitReason)>,
}

/// Publishes a status at most once per [`STATUS_EVERY`].
#[derive(Debug)]
pub(crate) struct StatusBoard {
    published: watch::Sender<Status>,
    due: Instant,
}

impl StatusBoard {
    pub(crate) fn new() -> (Self, watch::Receiver<Status>) {
        let (published, readers) = watch::channel(Status::default());
        (Self { published, due: Instant::EPOCH }, readers)
    }

    /// Publishes `status` if it is news and due; returns when to offer again, if it is news but not due.
    pub(crate) fn offer(&mut self, now: Instant, status: Status) -> Option<Instant> {
        if *self.published.borrow() == status {
            return None;
        }
        if now < self.due {
            return Some(self.due);
        }
        self.published.send_replace(status);
        self.due = now + STATUS_EVERY;
        None
    }
}

/// Twenty times a second: smooth to the eye, and nothing beside the calls themselves.
const STATUS_EVERY: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(waiting: usize) -> Status {
        Status { waiting, ..Status::default() }
    }

    #[test]
    fn news_that_comes_too_soon_is_published_when_due() {
        let (mut board, readers) = StatusBoard::new();
        assert_eq!(board.offer(Instant::EPOCH, waiting(1)), None);
        let due = Instant::EPOCH + STATUS_EVERY;
        assert_eq!(board.offer(Instant::from_nanos(1), waiting(2)), Some(due));
        assert_eq!(readers.borrow().waiting, 1);
        assert_eq!(board.offer(due, waiting(2)), None);
        assert_eq!(readers.borrow().waiting, 2);
    }

    #[test]
    fn no_news_asks_for_no_wake_up() {
        let (mut board, _readers) = StatusBoard::new();
        assert_eq!(board.offer(Instant::EPOCH, waiting(1)), None);
        assert_eq!(board.offer(Instant::from_nanos(1), waiting(1)), None);
    }
}
