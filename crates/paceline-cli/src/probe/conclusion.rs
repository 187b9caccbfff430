//! What a probe writes of what it found, and how far that is to be trusted.

use paceline_core::{Belief, Learned, Quota};

use super::configuration::Trust;
use super::inference::{Candidate, Inference};

/// What to configure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Conclusion<'a> {
    pub(super) learned: Learned,
    pub(super) trust: Trust,
    /// What else than the machine's belief says so; None: the belief does.
    pub(super) by: Option<&'a Candidate>,
}

impl<'a> Conclusion<'a> {
    /// The machine's belief, unless it says no more than a pace and one limit alone explains all that was seen: a limit on
    /// calls in flight looks like a pace. Nor is a rate certain when a slower limit explains every refusal, too: whoever
    /// comes too fast is refused, so a run starts at the slower one and learns.
    pub(super) fn of(belief: &Belief, inference: &'a Inference) -> Self {
        let by = |candidate: &'a Candidate| Self {
            learned: candidate.learned,
            trust: Trust::Start,
            by: Some(candidate),
        };
        let believed = |trust| Self { learned: belief.learned, trust, by: None };
        if is_vague(belief) {
            return match &inference.candidates[..] {
                [only] => by(only),
                _ => believed(Trust::Start),
            };
        }
        slower(belief, inference).map_or_else(|| believed(Trust::Known), by)
    }

    /// Whether it says something else than a belief that says more than a pace.
    pub(super) fn overrules(&self, belief: &Belief) -> bool {
        self.by.is_some() && !is_vague(belief)
    }
}

fn is_vague(belief: &Belief) -> bool {
    matches!(belief.learned.quota, None | Some(Quota::Pace { .. })) && belief.learned.in_flight.is_none()
}

/// The slowest limit that explains every refusal and admits clearly less than is believed; none where the refusals are
/// those of a limit on calls in flight.
fn slower<'a>(belief: &Belief, inference: &'a Inference) -> Option<&'a Candidate> {
    if belief.learned.in_flight.is_some() {
        return None;
    }
    let per_second = |learned: &Learned| learned.quota.map(|quota| quota.rate().as_per_second());
    let believed = per_second(&belief.learned)?;
    let rates = inference
        .candidates
        .iter()
        .filter(|candidate| candidate.explained == candidate.refusals)
        .filter_map(|candidate| Some((candidate, per_second(&candidate.learned)?)))
        .filter(|&(_, rate)| rate < CLEARLY_LESS * believed);
    rates.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(candidate, _)| candidate)
}

/// Of a rate: what few calls tell of it may differ by less.
const CLEARLY_LESS: f64 = 0.9;

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use paceline_core::{Rate, Source};

    use super::*;

    fn bucket(per_second: f64) -> Quota {
        let rate = Rate::per_second(per_second).expect("a rate");
        Quota::TokenBucket { rate, burst: NonZeroU32::new(50).expect("some") }
    }

    fn log(count: u32) -> Quota {
        let count = NonZeroU32::new(count).expect("some");
        Quota::SlidingLog { count, period: Duration::from_secs(1) }
    }

    fn belief(quota: Quota) -> Belief {
        let learned = Learned { quota: Some(quota), in_flight: None };
        Belief { learned, bounds: None, source: Source::Seen, refusals: 4, accepted: 420 }
    }

    fn inference(fitting: &[(Quota, u64)]) -> Inference {
        let candidates = fitting.iter().map(|&(quota, explained)| Candidate {
            learned: Learned { quota: Some(quota), in_flight: None },
            explained,
            refusals: 4,
            bounds: (49.0, 51.0),
        });
        Inference {
            accepted: 420,
            refused: 4,
            span: Duration::from_secs(7),
            highest: Vec::new(),
            most_in_flight: 1,
            candidates: candidates.collect(),
        }
    }

    fn concluded(believed: Quota, fitting: &[(Quota, u64)]) -> (Option<Quota>, Trust) {
        let inference = inference(fitting);
        let conclusion = Conclusion::of(&belief(believed), &inference);
        let is_other = conclusion.learned.quota != Some(believed);
        let is_pace = matches!(believed, Quota::Pace { .. });
        assert_eq!(conclusion.overrules(&belief(believed)), is_other && !is_pace);
        (conclusion.learned.quota, conclusion.trust)
    }

    #[test]
    fn a_belief_that_nothing_slower_explains_is_known() {
        let cases: [&[(Quota, u64)]; 4] =
            [&[], &[(log(97), 4)], &[(bucket(95.0), 4)], &[(bucket(49.0), 3), (log(97), 4)]];
        for fitting in cases {
            assert_eq!(concluded(log(97), fitting), (Some(log(97)), Trust::Known), "{fitting:?}");
        }
    }

    #[test]
    fn where_a_slower_limit_explains_every_refusal_a_run_starts_at_that_one() {
        let fitting = [(log(97), 4), (bucket(60.0), 4), (bucket(49.0), 4)];
        assert_eq!(concluded(log(97), &fitting), (Some(bucket(49.0)), Trust::Start));
    }

    #[test]
    fn refusals_of_a_limit_on_calls_in_flight_say_nothing_of_a_slower_rate() {
        let mut belief = belief(log(97));
        belief.learned.in_flight = NonZeroU32::new(8);
        let inference = inference(&[(bucket(49.0), 4)]);
        let conclusion = Conclusion::of(&belief, &inference);
        assert_eq!((conclusion.learned, conclusion.trust), (belief.learned, Trust::Known));
    }

    #[test]
    fn of_a_mere_pace_the_one_limit_that_fits_is_written_and_of_several_none() {
        let pace = Quota::Pace { rate: Rate::per_second(15.0).expect("a rate") };
        assert_eq!(concluded(pace, &[(bucket(10.0), 4)]), (Some(bucket(10.0)), Trust::Start));
        assert_eq!(concluded(pace, &[(bucket(10.0), 4), (log(9), 4)]), (Some(pace), Trust::Start));
    }
}
