//! What an earlier run has learned, what is worth remembering, and what is told.

use crate::learn::belief::{Belief, Learned, Quota, Source};
use crate::learn::identification::{AFTER_RAMP, Identification, LEAST_PACE, Phase};
use crate::learn::model::Model;
use crate::learn::shadow::Shadow;
use crate::quota::Rate;
use crate::time::Instant;

impl Identification {
    /// Continues from what an earlier run learned.
    pub(crate) fn restore(&mut self, now: Instant, learned: Learned) {
        if self.limits.known.is_some() {
            return;
        }
        let at = now.as_secs_f64();
        if let Some(limit) = learned.in_flight {
            self.allowance.restore(limit, at);
        }
        if let Some(quota) = learned.quota {
            self.source = Source::Remembered;
            self.refused_once = true;
            match quota.into() {
                Model::Pace { rate } => {
                    self.phase = Phase::Search;
                    self.pace = rate.max(LEAST_PACE);
                }
                model => self.lock(at, model),
            }
            self.rebuild_shadow(now);
            // What the earlier run used up last may still count.
            if let Shadow::Bucket(bucket) = &mut self.shadow {
                bucket.set_level(now, 0.0);
            }
        }
        self.smooth(now);
    }

    /// What is worth remembering. A pace that nothing was found to explain is a first guess: the search goes on from it.
    pub(crate) fn learned(&self) -> Learned {
        if self.limits.known.is_some() {
            return Learned::default();
        }
        let model = match self.phase {
            Phase::Locked => self.model,
            // The first refusal is thought over when its closing has passed: until then, that was too fast.
            Phase::Ramp => {
                self.trace.refusals().last().map(|last| Model::Pace { rate: AFTER_RAMP * last.pace })
            }
            Phase::Search | Phase::Bracket { .. } => Some(Model::Pace { rate: self.pace }),
        };
        let in_flight = self.allowance.limit();
        let model = model.filter(|_| self.phase == Phase::Locked || in_flight.is_none());
        Learned { quota: model.map(Quota::from), in_flight }
    }

    pub(crate) fn belief(&self) -> Belief {
        let learned = match self.limits.known {
            Some(known) => {
                let quota = Quota::TokenBucket { rate: known.rate, burst: known.burst };
                Learned { quota: Some(quota), in_flight: self.limits.in_flight }
            }
            None => self.learned(),
        };
        let rate = |rate| Rate::per_second(rate).unwrap_or(Rate::SLOWEST);
        let refusals = u32::try_from(self.trace.refusals().len()).unwrap_or(u32::MAX);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let accepted = self.trace.accepted() as u64;
        Belief {
            learned,
            bounds: self.bounds.map(|(low, high)| (rate(low), rate(high))),
            source: self.source,
            refusals: refusals + self.allowance.refusals(),
            accepted,
        }
    }
}
