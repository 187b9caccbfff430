//! All scopes of a machine, by id and by name.

use std::collections::BTreeMap;

use slab::Slab;

use crate::controller::scope_state::ScopeState;
use crate::scope::{ScopeId, ScopeKind, ScopeSet};

/// The scopes, interned. Ids of forgotten scopes are never used again: each slot counts its tenants.
#[derive(Debug, Default)]
pub(crate) struct Scopes {
    slots: Slab<Slot>,
    by_name: BTreeMap<(ScopeKind, Box<str>), ScopeId>,
    next_generation: u32,
    uses: u64,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    kind: ScopeKind,
    name: Box<str>,
    state: ScopeState,
}

impl Scopes {
    pub(crate) fn find(&self, kind: ScopeKind, name: &str) -> Option<ScopeId> {
        self.by_name.get(&(kind, Box::from(name))).copied()
    }

    pub(crate) fn insert(&mut self, kind: ScopeKind, name: &str, state: ScopeState) -> ScopeId {
        let generation = self.next_generation;
        self.next_generation = generation.wrapping_add(1);
        let index = self.slots.insert(Slot { generation, kind, name: name.into(), state });
        let index = u32::try_from(index).expect("fewer than 2^32 scopes fit into memory");
        let id = ScopeId { index, generation };
        self.by_name.insert((kind, name.into()), id);
        id
    }

    /// Takes note that somebody named the scope, or has a call of it.
    pub(crate) fn touch(&mut self, id: ScopeId) {
        self.uses += 1;
        self.state_mut(id).used = self.uses;
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn contains(&self, id: ScopeId) -> bool {
        self.slot(id).is_some()
    }

    pub(crate) fn name(&self, id: ScopeId) -> Option<(ScopeKind, &str)> {
        self.slot(id).map(|slot| (slot.kind, &*slot.name))
    }

    pub(crate) fn state(&self, id: ScopeId) -> &ScopeState {
        &self.slot(id).expect("scopes with calls are never forgotten").state
    }

    pub(crate) fn state_mut(&mut self, id: ScopeId) -> &mut ScopeState {
        let slot = self.slots.get_mut(id.index as usize).filter(|slot| slot.generation == id.generation);
        &mut slot.expect("scopes with calls are never forgotten").state
    }

    /// The scope of `kind` in `set`. Where `set` has none, the nearest wider one, whose calls are all of that kind's and more, or
    /// else the widest; where no kind is named, the narrowest.
    pub(crate) fn of_kind_or_narrowest(&self, set: &ScopeSet, kind: Option<ScopeKind>) -> ScopeId {
        let kind_of = |id: &ScopeId| self.slot(*id).map(|slot| slot.kind);
        let ids = || set.as_slice().iter().copied();
        let enough = ids().filter(|id| kind.is_none() || kind_of(id) <= kind);
        // Of two of one kind the first counts.
        let nearest = enough.rev().max_by_key(kind_of);
        nearest.unwrap_or_else(|| self.widest(set))
    }

    /// The scopes of `set`, the widest first.
    pub(crate) fn widest_first(&self, set: &ScopeSet) -> Vec<ScopeId> {
        let mut ids = set.as_slice().to_vec();
        ids.sort_by_key(|&id| self.slot(id).map(|slot| slot.kind));
        ids
    }

    /// The widest scope of `set`: the platform as a whole.
    pub(crate) fn widest(&self, set: &ScopeSet) -> ScopeId {
        let kind_of = |id: ScopeId| self.slot(id).map(|slot| slot.kind);
        let widest = set.as_slice().iter().copied().min_by_key(|&id| kind_of(id));
        widest.expect("a set of scopes has at least one")
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (ScopeId, ScopeKind, &str, &ScopeState)> {
        self.by_name.iter().map(|((kind, name), &id)| (id, *kind, &**name, self.state(id)))
    }

    pub(crate) fn remove(&mut self, id: ScopeId) {
        if self.contains(id) {
            let slot = self.slots.remove(id.index as usize);
            self.by_name.remove(&(slot.kind, slot.name));
        }
    }

    fn slot(&self, id: ScopeId) -> Option<&Slot> {
        self.slots.get(id.index as usize).filter(|slot| slot.generation == id.generation)
    }
}
