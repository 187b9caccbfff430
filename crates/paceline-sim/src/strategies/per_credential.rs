//! One state for each credential, as clients of today keep one SDK client for each.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use paceline_core::{AttemptId, CallId, Instant};
use rustc_hash::FxHashMap;

use crate::strategy::{Answer, Fate, Move, Strategy, Submission};

/// A strategy of its own for each credential. Only those are polled that are due or were told something.
pub(super) struct PerCredential<S, B> {
    build: B,
    parts: Vec<Part<S>>,
    /// The place of each credential's part.
    places: FxHashMap<u32, usize>,
    /// The place of each call's part, until it ends.
    calls: FxHashMap<CallId, usize>,
    /// Those to poll, in the order of being told.
    told: VecDeque<usize>,
    wakes: BTreeSet<(Instant, usize)>,
    leaves_bodies_unread: bool,
}

struct Part<S> {
    strategy: S,
    is_told: bool,
    wake: Option<Instant>,
}

impl<S: Strategy, B: FnMut(u32) -> S> PerCredential<S, B> {
    /// `build` makes the strategy of a credential when its first call is submitted.
    pub(super) fn new(build: B) -> Self {
        Self {
            build,
            parts: Vec::new(),
            places: FxHashMap::default(),
            calls: FxHashMap::default(),
            told: VecDeque::new(),
            wakes: BTreeSet::new(),
            leaves_bodies_unread: false,
        }
    }

    fn place(&mut self, credential: u32) -> usize {
        *self.places.entry(credential).or_insert_with(|| {
            let strategy = (self.build)(credential);
            self.leaves_bodies_unread |= strategy.leaves_bodies_unread();
            self.parts.push(Part { strategy, is_told: false, wake: None });
            self.parts.len() - 1
        })
    }

    fn tell(&mut self, place: usize) {
        let part = &mut self.parts[place];
        if !part.is_told {
            part.is_told = true;
            self.told.push_back(place);
        }
    }

    fn tell_the_due(&mut self, now: Instant) {
        while let Some(&(wake, place)) = self.wakes.first().filter(|&&(wake, _)| wake <= now) {
            self.wakes.remove(&(wake, place));
            self.parts[place].wake = None;
            self.tell(place);
        }
    }

    fn settle(&mut self, place: usize, wake: Option<Instant>) {
        let part = &mut self.parts[place];
        part.is_told = false;
        if let Some(former) = part.wake.filter(|_| part.wake != wake) {
            self.wakes.remove(&(former, place));
        }
        part.wake = wake;
        self.wakes.extend(wake.map(|wake| (wake, place)));
    }
}

impl<S: Strategy, B: FnMut(u32) -> S> Strategy for PerCredential<S, B> {
    fn submit(&mut self, now: Instant, submission: &Submission) {
        let place = self.place(submission.lane.credential);
        self.calls.insert(submission.call, place);
        self.parts[place].strategy.submit(now, submission);
        self.tell(place);
    }

    fn poll(&mut self, now: Instant) -> Move {
        self.tell_the_due(now);
        while let Some(&place) = self.told.front() {
            match self.parts[place].strategy.poll(now) {
                Move::Send(attempt) => return Move::Send(attempt),
                Move::Wait(wake) => {
                    self.told.pop_front();
                    self.settle(place, wake);
                }
            }
        }
        Move::Wait(self.wakes.first().map(|&(wake, _)| wake))
    }

    fn answered(&mut self, now: Instant, attempt: AttemptId, answer: &Answer) -> Fate {
        let place = self.calls[&attempt.call];
        let fate = self.parts[place].strategy.answered(now, attempt, answer);
        if fate != Fate::Again {
            self.calls.remove(&attempt.call);
        }
        self.tell(place);
        fate
    }

    fn leaves_bodies_unread(&self) -> bool {
        self.leaves_bodies_unread
    }
}

impl<S, B> fmt::Debug for PerCredential<S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerCredential").field("credentials", &self.parts.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use paceline_core::{Cost, Reply};

    use super::*;
    use crate::strategy::Lane;

    /// Sends what it is given, and sleeps for a second after each answer; counts how often it is polled.
    struct Slow {
        ready: Vec<AttemptId>,
        wake: Option<Instant>,
        polls: Rc<Cell<u32>>,
    }

    impl Strategy for Slow {
        fn submit(&mut self, _: Instant, submission: &Submission) {
            self.ready.push(AttemptId { call: submission.call, number: 1 });
        }

        fn poll(&mut self, now: Instant) -> Move {
            self.polls.set(self.polls.get() + 1);
            self.wake = self.wake.filter(|&wake| wake > now);
            self.ready.pop().map_or(Move::Wait(self.wake), Move::Send)
        }

        fn answered(&mut self, now: Instant, _: AttemptId, _: &Answer) -> Fate {
            self.wake = Some(now + std::time::Duration::from_secs(1));
            Fate::Delivered
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::EPOCH + std::time::Duration::from_secs(seconds)
    }

    #[test]
    fn only_those_that_are_due_or_were_told_something_are_polled() {
        let polls = Rc::new(Cell::new(0));
        let build = |_| Slow { ready: Vec::new(), wake: None, polls: Rc::clone(&polls) };
        let mut clients = PerCredential::new(build);
        let attempts: Vec<AttemptId> =
            (0..100).map(|call| AttemptId { call: CallId(call), number: 1 }).collect();
        for (credential, attempt) in (0..).zip(&attempts) {
            let lane = Lane { credential, ..Lane::default() };
            let submission = Submission { call: attempt.call, lane, cost: Cost::ONE, is_repeatable: true };
            clients.submit(at(0), &submission);
            assert_eq!(clients.poll(at(0)), Move::Send(*attempt));
        }
        assert_eq!((clients.poll(at(0)), polls.get()), (Move::Wait(None), 200));
        clients.answered(at(1), attempts[7], &Reply::status(200).into());
        clients.answered(at(2), attempts[3], &Reply::status(200).into());
        assert_eq!((clients.poll(at(2)), polls.get()), (Move::Wait(Some(at(3))), 202));
        assert_eq!((clients.poll(at(3)), polls.get()), (Move::Wait(None), 203));
        assert!(clients.wakes.is_empty() && clients.calls.len() == 98);
    }
}
