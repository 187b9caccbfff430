//! One model, tried on a log: its limit from what was accepted, its worth from what was refused.

use std::time::Duration;

use paceline_core::{Learned, Quota};

use super::load::{Load, Model};
use super::{Candidate, Sample, rate, share, whole};

/// A model under trial. The log is played twice: to [`Trial::calibrate`], then to [`Trial::judge`].
#[derive(Debug)]
pub(super) struct Trial {
    model: Model,
    load: Load,
    /// The greatest load that was accepted, the call itself included.
    most: f64,
    accepted: Loads,
    refused: Loads,
    /// Refusals at a load where the limit is.
    explained: Loads,
    /// The least load of those.
    least: f64,
}

/// How many loads, and their sum.
#[derive(Clone, Copy, Debug, Default)]
struct Loads {
    count: u64,
    sum: f64,
}

impl Loads {
    fn note(&mut self, load: f64) {
        self.count += 1;
        self.sum += load;
    }

    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    fn mean(self) -> f64 {
        self.sum / self.count.max(1) as f64
    }
}

impl Trial {
    pub(super) fn new(model: Model) -> Self {
        Self {
            model,
            load: Load::of(model),
            most: 0.0,
            accepted: Loads::default(),
            refused: Loads::default(),
            explained: Loads::default(),
            least: f64::INFINITY,
        }
    }

    /// First hearing: what is accepted shows how high the limit is at least.
    pub(super) fn calibrate(&mut self, sample: Sample) {
        let load = self.load.before(sample.sent) + 1.0;
        if !sample.is_refused {
            self.most = self.most.max(load);
            self.accepted.note(load);
            self.load.admit(sample);
        }
    }

    /// Between the hearings.
    pub(super) fn begin(&mut self) {
        self.load = Load::of(self.model);
    }

    /// Second hearing: a refusal must come where the limit is.
    pub(super) fn judge(&mut self, sample: Sample) {
        let load = self.load.before(sample.sent) + 1.0;
        if !sample.is_refused {
            self.load.admit(sample);
            return;
        }
        self.refused.note(load);
        // What holds nothing against its client refuses nothing, however blurred the log.
        if load > (self.most - self.slack()).max(1.0) {
            self.explained.note(load);
            self.least = self.least.min(load);
        }
    }

    /// What it comes to; None: it explains too little.
    pub(super) fn candidate(&self) -> Option<Candidate> {
        let refusals = self.refused.count;
        let is_selective = self.refused.mean() > self.accepted.mean();
        if refusals == 0 || !is_selective || share(self.explained.count, refusals) < WORTH_TELLING {
            return None;
        }
        // The call that was refused is part of its load, and not of the limit.
        let (accepted, refused) = (self.most, self.least - 1.0);
        let bounds = (accepted.min(refused), accepted.max(refused));
        Some(Candidate { learned: self.learned()?, explained: self.explained.count, refusals, bounds })
    }

    fn learned(&self) -> Option<Learned> {
        let limit = whole(self.limit());
        Some(match self.model {
            Model::Bucket(per_second) => Learned {
                quota: Some(Quota::TokenBucket { rate: rate(per_second)?, burst: limit }),
                in_flight: None,
            },
            Model::Fixed { period, .. } => {
                Learned { quota: Some(Quota::FixedWindow { count: limit, period }), in_flight: None }
            }
            Model::Log(period) => {
                Learned { quota: Some(Quota::SlidingLog { count: limit, period }), in_flight: None }
            }
            Model::InFlight => Learned { quota: None, in_flight: Some(limit) },
        })
    }

    /// What the refusals say of the limit, but no more than was accepted: a blurred log shows loads on both sides of it.
    fn limit(&self) -> f64 {
        let beyond = match self.model {
            // Between none and one token was there.
            Model::Bucket(_) => 0.5,
            Model::Fixed { .. } | Model::Log(_) | Model::InFlight => 1.0,
        };
        (self.explained.mean() - beyond).min(self.most)
    }

    /// How far below the limit a refusal may seem to be, because a call arrives a little later than it leaves.
    fn slack(&self) -> f64 {
        let blurred = match self.model {
            Model::Bucket(per_second) => per_second * BLUR.as_secs_f64(),
            Model::Fixed { .. } | Model::Log(_) | Model::InFlight => 0.0,
        };
        blurred.max(self.most * SLACK).max(1.0)
    }
}

/// The spread of the time from departure to arrival.
const BLUR: Duration = Duration::from_millis(20);
/// Calls that seem to be on the other side of a window's edge.
const SLACK: f64 = 0.03;
/// A limit that explains less is not the one that refused.
const WORTH_TELLING: f64 = 0.8;
