//! Which limiters could have given these answers: set membership by virtual queues.
//!
//! A limiter is consistent with a trace when at every refusal it was fuller than at any accept. With L the greatest
//! occupancy after an accept and U the least at a refusal (the refused unit included), its slack is U - L, and it is
//! consistent as long as that is not below a tolerance for what jitter hides (set-membership identification; for token
//! buckets the slack over the rate is a tent whose slope is the time between the refusals, so that two of them a minute
//! apart tell the rate to a thousandth).

mod bucket;
mod counter;
mod window;

use crate::learn::model::Model;
use crate::learn::trace::Timeline;

/// A limiter that is consistent with a trace, or nearly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fit {
    pub(crate) model: Model,
    pub(crate) slack: f64,
    pub(crate) tolerance: f64,
}

impl Fit {
    pub(crate) fn is_consistent(&self) -> bool {
        self.slack >= -self.tolerance
    }
}

/// How far waits and times may be trusted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trust {
    /// The spread of the way to the platform, in seconds.
    pub(crate) jitter: f64,
    /// For how many seconds a refusal closes the scope; None after a probe that passed: the truth is known to be faster.
    pub(crate) closed: Option<f64>,
    /// By how much more than the truth a named wait may ask, in seconds; None: waits tell nothing.
    pub(crate) rounding: Option<f64>,
}

/// All limiters that could have given these answers. `near`: the one believed so far, where a bucket is looked for first.
pub(crate) fn all(
    timeline: &Timeline,
    bounced: Option<&Timeline>,
    near: Option<Model>,
    jitter: f64,
    closed: Option<f64>,
) -> Vec<Fit> {
    // Whole seconds, then HTTP-dates, then waits that are no promise at all.
    let trusts = [Some(1.15), Some(2.2), None].map(|rounding| Trust { jitter, closed, rounding });
    let named = timeline.refusals.iter().any(|refused| refused.wait.is_some());
    let trusts = if named { &trusts[..] } else { &trusts[2..] };
    for trust in trusts {
        let mut fits = window::fits(timeline, *trust);
        fits.extend(counter::fits(timeline, *trust));
        fits.extend(bucket::fit(timeline, near, *trust));
        fits.retain(Fit::is_consistent);
        if let (true, Some(bounced)) = (fits.is_empty(), bounced) {
            // A platform that counts refused calls counts all of them.
            fits.extend(window::fits(bounced, *trust).into_iter().filter(Fit::is_consistent));
        }
        if !fits.is_empty() {
            return fits;
        }
    }
    Vec::new()
}

pub(crate) use bucket::floor_of_rate;

/// The periods that platforms use, in seconds.
const PERIODS: [f64; 17] = [
    1.0, 2.0, 3.0, 5.0, 6.0, 10.0, 12.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
];

#[cfg(test)]
mod tests;
