//! So many in so long.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

/// A number of cost units in a period: 120 in 1 s, 1,200 in 10 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    count: NonZeroU32,
    per_nanos: NonZeroU64,
}

impl Rate {
    /// `count` in `per`; none when `per` is zero or longer than 584 years.
    #[must_use]
    pub fn new(count: NonZeroU32, per: Duration) -> Option<Self> {
        let per_nanos = NonZeroU64::new(u64::try_from(per.as_nanos()).ok()?)?;
        Some(Self { count, per_nanos })
    }

    /// `count` in a second.
    #[must_use]
    pub const fn per_second(count: NonZeroU32) -> Self {
        let per_nanos = NonZeroU64::new(1_000_000_000).expect("a second is not nothing");
        Self { count, per_nanos }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> NonZeroU32 {
        self.count
    }

    /// In how long.
    #[must_use]
    pub const fn per(self) -> Duration {
        Duration::from_nanos(self.per_nanos.get())
    }

    pub(crate) const fn per_nanos(self) -> u64 {
        self.per_nanos.get()
    }
}
