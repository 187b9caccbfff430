//! Scopes: the calls that share one server-side limit.

use std::fmt;

/// What a limit of a platform is attached to, from the widest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// The whole customer (organisation, shop, workspace).
    Tenant,
    /// One token, key or OAuth client.
    Credential,
    /// One kind of integration of the platform.
    Integration,
    /// One route, such as `POST /records`.
    Endpoint,
}

impl ScopeKind {
    /// All kinds, widest first.
    pub const ALL: [Self; 4] = [Self::Tenant, Self::Credential, Self::Integration, Self::Endpoint];

    /// The kind's name as configuration and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Credential => "credential",
            Self::Integration => "integration",
            Self::Endpoint => "endpoint",
        }
    }

    /// The kind that [`ScopeKind::name`] names so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ScopeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One interned scope of one controller. Valid until the controller forgets the scope (see
/// [`crate::Config::max_idle_scopes`]); afterwards it names nothing, never another scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

impl ScopeId {
    #[cfg(test)]
    pub(crate) const fn for_tests(index: u32) -> Self {
        Self { index, generation: 0 }
    }
}

/// The scopes of a call: one to four, in the order of their ids. A call has no use for two of one kind: of those the
/// first takes what names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeSet {
    ids: [ScopeId; ScopeKind::ALL.len()],
    len: u8,
}

impl ScopeSet {
    /// A set of one.
    #[must_use]
    pub const fn one(id: ScopeId) -> Self {
        Self { ids: [id; ScopeKind::ALL.len()], len: 1 }
    }

    /// This set and `id`.
    ///
    /// # Panics
    /// When a fifth scope is added: a call has at most one scope of each of the four kinds.
    #[must_use]
    pub fn with(self, id: ScopeId) -> Self {
        if self.as_slice().contains(&id) {
            return self;
        }
        let len = usize::from(self.len);
        assert!(len < ScopeKind::ALL.len(), "a call has at most one scope of each kind");
        let mut ids = self.ids;
        ids[len] = id;
        ids[..=len].sort_unstable();
        // The tail repeats the first id so that equal sets compare equal.
        let first = ids[0];
        ids[len + 1..].fill(first);
        Self { ids, len: self.len + 1 }
    }

    /// The scopes, each once.
    #[must_use]
    pub fn as_slice(&self) -> &[ScopeId] {
        &self.ids[..usize::from(self.len)]
    }

    /// Whether `id` is one of them.
    #[must_use]
    pub fn contains(&self, id: ScopeId) -> bool {
        self.as_slice().contains(&id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_adding_does_not_matter() {
        let [a, b, c] = [1, 2, 3].map(ScopeId::for_tests);
        let forwards = ScopeSet::one(a).with(b).with(c);
        let backwards = ScopeSet::one(c).with(b).with(a).with(b);
        assert_eq!(forwards, backwards);
        assert_eq!(forwards.as_slice(), [a, b, c]);
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in ScopeKind::ALL {
            assert_eq!(ScopeKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(ScopeKind::from_name("planet"), None);
    }
}
