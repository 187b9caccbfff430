//! What is tested of every limiter.

use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use super::{Check, Limiter};
use crate::platform::rate::Rate;

/// (instant in nanoseconds, cost), in the order of time.
pub(crate) type Load = Vec<(u64, u32)>;

pub(crate) fn rate(count: u32, per_millis: u64) -> Rate {
    Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_millis(per_millis)).unwrap()
}

/// Calls of cost 1 to 4 with gaps from nothing (bursts) to seconds.
pub(crate) fn load() -> impl Strategy<Value = Load> {
    let gap =
        prop_oneof![3 => Just(0), 3 => 0_u64..5_000_000, 2 => 0_u64..300_000_000, 1 => 0_u64..7_000_000_000];
    prop::collection::vec((gap, 1_u32..5), 1..150).prop_map(|steps| {
        let mut at = 0;
        steps
            .into_iter()
            .map(|(gap, cost)| {
                at += gap;
                (at, cost)
            })
            .collect()
    })
}

/// Offers every call once; returns those that were admitted.
pub(crate) fn offer(limiter: &mut Limiter, load: &Load) -> Load {
    let fits = |&(at, cost): &(u64, u32)| {
        let fits = limiter.check(at, cost) == Check::Fits;
        if fits {
            limiter.take(at, cost);
        }
        fits
    };
    load.iter().copied().filter(fits).collect()
}

/// Whenever a call must wait, waiting exactly so long is enough.
pub(crate) fn obeyed_wait_admits(mut limiter: Limiter, load: &Load) -> Result<(), TestCaseError> {
    let mut now = 0;
    for &(at, cost) in load {
        now = now.max(at);
        match limiter.check(now, cost) {
            Check::Fits => {}
            Check::Wait(nanos) => {
                now += nanos;
                prop_assert_eq!(limiter.check(now, cost), Check::Fits);
            }
            Check::Never => continue,
        }
        limiter.take(now, cost);
    }
    Ok(())
}

/// Whenever a call must wait, one nanosecond less is not enough.
pub(crate) fn wait_is_exact(mut limiter: Limiter, load: &Load) -> Result<(), TestCaseError> {
    for &(at, cost) in load {
        match limiter.check(at, cost) {
            Check::Fits => {
                limiter.take(at, cost);
            }
            Check::Wait(nanos) => {
                let early = limiter.clone().check(at + nanos - 1, cost);
                prop_assert_eq!(early, Check::Wait(1));
            }
            Check::Never => {}
        }
    }
    Ok(())
}
