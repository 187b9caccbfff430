//! What a caller hands to the machine.

use std::num::NonZeroU32;

use crate::scope::ScopeSet;
use crate::time::Instant;

/// The caller's name for a call; unique among the calls that have not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// On whose behalf a call is made; clients take turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// What a call takes from each of its quotas, in the platform's units (one request, usually 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(pub NonZeroU32);

impl Cost {
    /// One request.
    pub const ONE: Self = Self(NonZeroU32::MIN);
}

/// How many turns a client has for one turn of a client of weight 1, while both have calls: 1 to 1000, and 1 unless told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(NonZeroU32);

impl Weight {
    /// As many turns as anybody.
    pub const ONE: Self = Self(NonZeroU32::MIN);
    /// The largest, 1000: a client of weight 1 beside one of it still has a turn within a thousand.
    pub const MAX: Self = Self(NonZeroU32::MIN.saturating_add(999));

    /// `turns` for one of weight 1; None below 1 and above 1000.
    #[must_use]
    pub fn new(turns: u32) -> Option<Self> {
        NonZeroU32::new(turns).map(Self).filter(|&weight| weight <= Self::MAX)
    }

    /// The turns for one of weight 1: 1 to 1000.
    #[must_use]
    pub const fn turns(self) -> NonZeroU32 {
        self.0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self::ONE
    }
}

/// Which of the calls that wait for the same scopes go first: those of the higher priority, always. Lower ones wait for
/// as long as higher ones keep coming, for ever if need be; a deadline bounds that. The least is [`Priority::Low`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// When nothing else waits.
    Low,
    /// As usual.
    #[default]
    Normal,
    /// Before all others.
    High,
}

impl Priority {
    /// All priorities, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// The priority's name as configuration and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
        }
    }

    /// The priority that [`Priority::name`] names so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|priority| priority.name() == name)
    }
}

/// What to do when nobody knows whether an attempt was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnUncertain {
    /// Send it again: applying it twice does no harm (idempotent method, or an idempotency key).
    Retry,
    /// Hold it: give the call up as [`crate::GiveUp::InDoubt`] rather than risk a double.
    Hold,
}

/// What the caller wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub id: CallId,
    /// Whose it is.
    pub client: ClientId,
    /// The limits it falls under; it departs only when all of them grant at once.
    pub scopes: ScopeSet,
    /// What one attempt takes from each quota; charged per attempt.
    pub cost: Cost,
    /// How much of its client's turn it uses up: its cost by its weight. Usually the same for all calls of a client.
    pub weight: Weight,
    /// Whether it goes before others that wait for the same scopes. Calls of one client whose priorities differ wait
    /// apart, and keep their order only among those of the same priority.
    pub priority: Priority,
    /// When it is no longer worth starting; a call still waiting then ends as expired.
    pub deadline: Option<Instant>,
    /// What an uncertain outcome means for it.
    pub on_uncertain: OnUncertain,
}

/// One sending of one call. The first attempt of a call has number 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call.
    pub call: CallId,
    /// 1 for the first sending.
    pub number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_outside_1_to_1000_are_none() {
        let turns = |turns| Weight::new(turns).map(|weight| weight.turns().get());
        assert_eq!([0, 1, 1_000, 1_001].map(turns), [None, Some(1), Some(1_000), None]);
        assert_eq!(Weight::default(), Weight::ONE);
    }

    #[test]
    fn every_priority_is_found_by_its_name_and_the_default_is_the_middle() {
        for priority in Priority::ALL {
            assert_eq!(Priority::from_name(priority.name()), Some(priority));
        }
        assert_eq!(Priority::from_name("urgent"), None);
        assert!(Priority::ALL.is_sorted());
        assert_eq!(Priority::default(), Priority::ALL[1]);
    }
}
