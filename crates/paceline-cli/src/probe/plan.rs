//! What a probe is told.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use paceline::client::Timeouts;
use paceline_core::Limits;

use crate::settings::Credential;
use crate::template::Rendered;

/// A probe of one platform.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    /// What is called, again and again.
    pub request: Rendered,
    /// Who calls.
    pub credential: Option<Credential>,
    /// How long an attempt may take.
    pub timeouts: Timeouts,
    /// The most calls under way.
    pub workers: NonZeroUsize,
    /// The user's ceilings.
    pub limits: Limits,
    /// When it is enough.
    pub bounds: Bounds,
}

/// How much a probe may ask of a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Refusals; those of calls that were under way when the first came count with it.
    pub refusals: NonZeroU32,
    /// Attempts.
    pub calls: NonZeroU64,
    /// From the first call to the last departure.
    pub time: Duration,
}

impl ProbePlan {
    /// Method and URL; the query may hold a secret.
    #[must_use]
    pub fn called(&self) -> String {
        let url = self.request.url.to_string();
        format!("{} {}", self.request.method, url.split('?').next().unwrap_or(&url))
    }
}
