//! What goes wrong with calls that were admitted, and when the platform is not there at all.

use std::num::NonZeroU64;
use std::time::Duration;

use fastrand::Rng;
use paceline_core::Instant;

/// A fault and when it strikes. Of several that would strike the same call, the first listed does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// With which calls.
    pub trigger: Trigger,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The connection is reset; nothing was applied.
    ResetBefore,
    /// The connection is reset after the call was applied.
    ResetAfter,
    /// Applied, and never answered.
    LostReply,
    /// Applied, and the reply breaks off in its body.
    Truncated,
    /// Applied, and answered so much later than usual.
    Slow(Duration),
    /// Answered with a 5xx; nothing was applied.
    ErrorBefore(ServerError),
    /// Answered with a 5xx although the call was applied: a gateway lost the answer.
    ErrorAfter(ServerError),
}

/// A 5xx of a fault. None of them carries a `Retry-After`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerError {
    /// 500
    Internal,
    /// 502
    BadGateway,
    /// 503
    Unavailable,
}

impl ServerError {
    /// Its status code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Internal => 500,
            Self::BadGateway => 502,
            Self::Unavailable => 503,
        }
    }
}

/// Which of the admitted calls a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// So many in 10,000, by chance.
    PerTenThousand(u16),
    /// Every nth.
    Every(NonZeroU64),
}

/// A time in which the platform is not there: nothing is applied, counted against a limit or held against a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outage {
    /// When it starts, after the epoch.
    pub from: Duration,
    /// When it ends, after the epoch.
    pub until: Duration,
    /// What a client sees of it.
    pub kind: OutageKind,
}

/// What a client sees of an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutageKind {
    /// Connections are reset.
    Reset,
    /// 503 without `Retry-After`.
    Unavailable,
}

/// Decides which calls are struck.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    faults: Vec<Fault>,
    outages: Vec<Outage>,
    admitted: u64,
}

impl Faults {
    pub(crate) fn new(faults: Vec<Fault>, outages: Vec<Outage>) -> Self {
        Self { faults, outages, admitted: 0 }
    }

    pub(crate) fn outage(&self, now: Instant) -> Option<OutageKind> {
        let covers =
            |outage: &&Outage| Instant::EPOCH + outage.from <= now && now < Instant::EPOCH + outage.until;
        self.outages.iter().find(covers).map(|outage| outage.kind)
    }

    /// What strikes the next admitted call.
    pub(crate) fn strike(&mut self, rng: &mut Rng) -> Option<FaultKind> {
        self.admitted += 1;
        let mut strikes = |fault: &&Fault| match fault.trigger {
            Trigger::PerTenThousand(share) => rng.u16(0..10_000) < share,
            Trigger::Every(nth) => self.admitted.is_multiple_of(nth.get()),
        };
        self.faults.iter().find(&mut strikes).map(|fault| fault.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(trigger: Trigger, calls: u32) -> Vec<u32> {
        let mut faults = Faults::new(vec![Fault { kind: FaultKind::LostReply, trigger }], Vec::new());
        let mut rng = Rng::with_seed(3);
        (1..=calls).filter(|_| faults.strike(&mut rng).is_some()).collect()
    }

    #[test]
    fn every_nth_call_is_struck() {
        assert_eq!(struck(Trigger::Every(NonZeroU64::new(4).unwrap()), 13), [4, 8, 12]);
    }

    #[test]
    fn about_the_asked_share_is_struck() {
        let struck = struck(Trigger::PerTenThousand(500), 100_000).len();
        assert!((4_500..5_500).contains(&struck), "{struck}");
    }

    #[test]
    fn the_first_listed_fault_wins() {
        let always = Trigger::Every(NonZeroU64::MIN);
        let faults =
            [FaultKind::Truncated, FaultKind::ResetAfter].map(|kind| Fault { kind, trigger: always });
        let mut faults = Faults::new(faults.to_vec(), Vec::new());
        assert_eq!(faults.strike(&mut Rng::with_seed(1)), Some(FaultKind::Truncated));
    }

    #[test]
    fn an_outage_starts_at_its_start_and_is_over_at_its_end() {
        let second = Duration::from_secs(1);
        let outage = Outage { from: second, until: 2 * second, kind: OutageKind::Reset };
        let faults = Faults::new(Vec::new(), vec![outage]);
        let at = |millis| faults.outage(Instant::EPOCH + Duration::from_millis(millis));
        assert_eq!(
            [at(999), at(1_000), at(1_999), at(2_000)],
            [None, Some(OutageKind::Reset), Some(OutageKind::Reset), None]
        );
    }
}
