//! What a text says of a profile, and the profile that comes of it.

use paceline_core::Profile;
use paceline_core::profile::{Disguise, Family, KnownQuota, NamedScope, Place, Wait};

/// What a text says of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileChanges {
    pub(super) name: Option<String>,
    pub(super) ban_after_refusal: Option<bool>,
    pub(super) without: Vec<List>,
    pub(super) published: Vec<Family>,
    pub(super) waits: Vec<Wait>,
    pub(super) scopes: Vec<NamedScope>,
    pub(super) disguises: Vec<Disguise>,
    pub(super) quotas: Vec<KnownQuota>,
    pub(super) cost: Option<Place>,
}

/// One of the lists of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Published,
    Waits,
    Scopes,
    Disguises,
    Quotas,
}

impl List {
    pub(super) const ALL: [Self; 5] =
        [Self::Published, Self::Waits, Self::Scopes, Self::Disguises, Self::Quotas];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Waits => "wait",
            Self::Scopes => "scope",
            Self::Disguises => "disguise",
            Self::Quotas => "quota",
        }
    }
}

impl ProfileChanges {
    /// `base` with what the text says: single values instead of its own, lists before its own, since the first that
    /// matches counts.
    #[must_use]
    pub fn laid_over(self, base: Profile) -> Profile {
        let without = self.without;
        Profile {
            name: self.name.unwrap_or(base.name),
            published: joined(self.published, base.published, &without, List::Published),
            waits: joined(self.waits, base.waits, &without, List::Waits),
            scopes: joined(self.scopes, base.scopes, &without, List::Scopes),
            disguises: joined(self.disguises, base.disguises, &without, List::Disguises),
            quotas: joined(self.quotas, base.quotas, &without, List::Quotas),
            cost: self.cost.or(base.cost),
            ban_after_refusal: self.ban_after_refusal.unwrap_or(base.ban_after_refusal),
        }
    }
}

fn joined<T>(mut own: Vec<T>, base: Vec<T>, without: &[List], list: List) -> Vec<T> {
    if !without.contains(&list) {
        own.extend(base);
    }
    own
}
