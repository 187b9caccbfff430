//! Clients without calls that have had more than their share.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::call::ClientId;
use crate::queue::turn::Tag;

/// The clients that have left a lane before the others had as much: should they come back, they continue where they were.
///
/// Bounded: of more than a lane has clients, and a few, the one that has had least is forgotten, and newcomers start
/// where it would have; so nobody gains by it.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    tags: FxHashMap<ClientId, Tag>,
    by_tag: BTreeSet<(Tag, ClientId)>,
}

impl Absent {
    /// A client leaves whose next turn would have had that tag.
    pub(crate) fn leave(&mut self, client: ClientId, tag: Tag) {
        self.tags.insert(client, tag);
        self.by_tag.insert((tag, client));
    }

    /// A client has calls again. Its tag, if it left not long ago.
    pub(crate) fn come_back(&mut self, client: ClientId) -> Option<Tag> {
        let tag = self.tags.remove(&client)?;
        self.by_tag.remove(&(tag, client));
        Some(tag)
    }

    pub(crate) fn tag(&self, client: ClientId) -> Option<Tag> {
        self.tags.get(&client).copied()
    }

    /// Forgets who has had no more than a newcomer, and who is one too many beside `present` clients. Returns where
    /// newcomers start.
    pub(crate) fn forget(&mut self, virtual_time: Tag, present: usize) -> Tag {
        let mut start = virtual_time;
        for _ in 0..FORGOTTEN_AT_ONCE {
            let Some(&(tag, client)) = self.by_tag.first() else { break };
            if tag > start && self.by_tag.len() <= present + MOST_BESIDE {
                break;
            }
            self.by_tag.pop_first();
            self.tags.remove(&client);
            start = start.max(tag);
        }
        start
    }
}

/// One leaves at a time, and then one is present less: two keep up with that, and no turn pays for many.
const FORGOTTEN_AT_ONCE: usize = 2;
/// Clients that send one call after the other are remembered though few wait; small, for a lane may have one call.
const MOST_BESIDE: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Weight;

    #[test]
    fn no_more_are_remembered_than_are_present_and_a_few() {
        let mut absent = Absent::default();
        let mut start = Tag::default();
        for client in 0..10_000 {
            absent.leave(ClientId(client), start.after(1 + client % 7, Weight::ONE));
            let forgotten = absent.forget(start, 3);
            assert!(forgotten >= start);
            start = forgotten;
            assert!(absent.by_tag.len() <= 3 + MOST_BESIDE);
            assert_eq!(absent.by_tag.len(), absent.tags.len());
        }
        assert!(start > Tag::default());
    }
}
