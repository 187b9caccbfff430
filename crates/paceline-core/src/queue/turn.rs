//! When a client's next call is due.

use crate::call::{ClientId, Weight};
use crate::queue::lane::Place;

/// A client's next turn. The least goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    pub(crate) tag: Tag,
    pub(crate) place: Place,
    pub(crate) client: ClientId,
}

/// How much of its share a client has had: cost by weight, in parts of a unit ([`PARTS`]). It cannot overflow: 2^64 calls
/// of the largest cost are 2^128 parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag(u128);

impl Turn {
    /// No turn of that tag is later.
    pub(crate) const fn last_at(tag: Tag) -> Self {
        Self { tag, place: Place::MAX, client: ClientId(u64::MAX) }
    }
}

impl Tag {
    /// After a turn of so many units. Rounded up, so that [`Tag::units_until`] is never too few.
    #[must_use]
    pub(crate) fn after(self, units: u64, weight: Weight) -> Self {
        Self(self.0 + (u128::from(units) * PARTS).div_ceil(u128::from(weight.turns().get())))
    }

    /// After `calls` turns of together so many units, at the latest.
    #[must_use]
    pub(crate) fn after_all(self, calls: u64, units: u64, weight: Weight) -> Self {
        Self(self.after(units, weight).0 + u128::from(calls))
    }

    /// The most units of turns of that weight from this tag up to `later`.
    pub(crate) fn units_until(self, later: Self, weight: Weight) -> u64 {
        let share = later.0.saturating_sub(self.0) * u128::from(weight.turns().get());
        u64::try_from(share / PARTS).unwrap_or(u64::MAX)
    }
}

/// A unit by the largest weight still has four million parts: rounding takes less than a millionth of anybody's share.
const PARTS: u128 = 1 << 32;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_served_between_two_tags_is_never_undercounted(
            costs in prop::collection::vec(1_u64..=u64::from(u32::MAX), 1..50), weight in 1_u32..=1_000,
        ) {
            let weight = Weight::new(weight).expect("in range");
            let start = Tag::default();
            let end = costs.iter().fold(start, |tag, &units| tag.after(units, weight));
            let served = costs.iter().sum::<u64>();
            let counted = start.units_until(end, weight);
            // Each call is rounded up by less than a part, which is at most the weight in parts of a unit.
            prop_assert!((served..=served + 1).contains(&counted), "{counted} for {served}");
            prop_assert!(end <= start.after_all(costs.len() as u64, served, weight));
        }
    }
}
