//! The waiting calls of one client in one lane.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::call::{CallId, Weight};
use crate::queue::lane::{Ahead, Place, Queued};
use crate::queue::turn::{Tag, Turn};

/// The waiting calls of one client, in the order of submission, and when its next turn is.
#[derive(Debug)]
pub(crate) struct ClientQueue {
    pub(crate) turn: Turn,
    fresh: VecDeque<Queued>,
    again: BinaryHeap<Reverse<Queued>>,
    /// What the calls cost, all together.
    units: u64,
    /// Of the calls that came since it was empty: exact where they are alike, on the safe side where not.
    most_units: u64,
    heaviest: Weight,
    lightest: Weight,
}

impl ClientQueue {
    pub(crate) const fn starting(turn: Turn) -> Self {
        Self {
            turn,
            fresh: VecDeque::new(),
            again: BinaryHeap::new(),
            units: 0,
            most_units: 0,
            heaviest: Weight::ONE,
            lightest: Weight::MAX,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.fresh.len() + self.again.len()
    }

    pub(crate) fn push(&mut self, queued: Queued) {
        self.units += queued.units();
        self.most_units = self.most_units.max(queued.units());
        self.heaviest = self.heaviest.max(queued.weight);
        self.lightest = self.lightest.min(queued.weight);
        match self.fresh.back() {
            Some(last) if queued.place < last.place => self.again.push(Reverse(queued)),
            _ => self.fresh.push_back(queued),
        }
    }

    pub(crate) fn head(&self) -> Option<Queued> {
        let again = self.again.peek().map(|&Reverse(queued)| queued);
        let fresh = self.fresh.front().copied();
        match (again, fresh) {
            (Some(again), Some(fresh)) => Some(again.min(fresh)),
            (again, fresh) => again.or(fresh),
        }
    }

    /// Takes the next call, and moves the next turn by what it costs.
    pub(crate) fn pop(&mut self) -> Option<Queued> {
        let head = self.head()?;
        if self.fresh.front() == Some(&head) {
            self.fresh.pop_front();
        } else {
            self.again.pop();
        }
        self.units -= head.units();
        self.turn.tag = self.turn.tag.after(head.units(), head.weight);
        Some(head)
    }

    /// Takes a call out, wherever it stands.
    pub(crate) fn remove(&mut self, call: CallId) -> Option<Queued> {
        let removed = match self.fresh.iter().position(|queued| queued.call == call) {
            Some(position) => self.fresh.remove(position),
            None => {
                let found = self.again.iter().find(|Reverse(queued)| queued.call == call);
                let found = found.map(|&Reverse(queued)| queued);
                self.again.retain(|Reverse(queued)| queued.call != call);
                found
            }
        }?;
        self.units -= removed.units();
        Some(removed)
    }

    /// What of it goes before its call at `place`, at most: one too many where that call or others were queued again.
    pub(crate) fn ahead_of(&self, place: Place) -> Ahead {
        let before = self.fresh.partition_point(|queued| queued.place < place);
        let at = self.fresh.get(before).filter(|queued| queued.place == place);
        let others = self.units - at.map_or(0, Queued::units);
        let calls = count(before + self.again.len());
        Ahead { calls, units: calls.saturating_mul(self.most_units).min(others) }
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Queued> {
        self.fresh.iter().copied().chain(self.again.iter().map(|&Reverse(queued)| queued))
    }

    /// The tag of its call behind those, at the latest.
    pub(crate) fn tag_behind(&self, ahead: Ahead) -> Tag {
        self.turn.tag.after_all(ahead.calls, ahead.units, self.lightest)
    }

    /// What of it may start at tags up to `tag`, which is not before its turn.
    pub(crate) fn up_to(&self, tag: Tag) -> Ahead {
        let share = self.turn.tag.units_until(tag, self.heaviest);
        let units = share.saturating_add(self.most_units).min(self.units);
        Ahead { calls: units.min(count(self.len())), units }
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
