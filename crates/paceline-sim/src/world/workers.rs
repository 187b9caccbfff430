//! How many calls a client takes on at once.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use paceline_core::CallId;

/// Lets so many calls through, and holds the others until one has ended.
#[derive(Debug)]
pub(super) struct Workers {
    free: Option<u32>,
    held: VecDeque<CallId>,
}

impl Workers {
    pub(super) fn new(most: Option<NonZeroU32>) -> Self {
        Self { free: most.map(NonZeroU32::get), held: VecDeque::new() }
    }

    /// The call itself, if there is a worker for it now.
    pub(super) fn take_on(&mut self, call: CallId) -> Option<CallId> {
        match &mut self.free {
            None => return Some(call),
            Some(0) => self.held.push_back(call),
            Some(free) => {
                *free -= 1;
                return Some(call);
            }
        }
        None
    }

    /// A call has ended; the next one, if one waits for its worker.
    pub(super) fn free(&mut self) -> Option<CallId> {
        let next = self.held.pop_front();
        if let (None, Some(free)) = (next, &mut self.free) {
            *free += 1;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_call_waits_for_one_of_two_workers() {
        let mut workers = Workers::new(NonZeroU32::new(2));
        let [a, b, c] = [1, 2, 3].map(CallId);
        assert_eq!([a, b, c].map(|call| workers.take_on(call)), [Some(a), Some(b), None]);
        assert_eq!([workers.free(), workers.free(), workers.free()], [Some(c), None, None]);
        assert_eq!(workers.take_on(a), Some(a));
    }
}
