//! What is believed, in words and with its evidence.

use std::fmt::Write as _;

use paceline_core::{Belief, Learned, Quota, Rate, Source};

use crate::units;

/// `learned` for people: `token bucket 118/s, burst 120, at most 10 in flight`.
pub(crate) fn in_words(learned: &Learned) -> Option<String> {
    let quota = learned.quota.map(quota_in_words);
    let in_flight = learned.in_flight.map(|limit| format!("at most {limit} in flight"));
    let parts: Vec<String> = quota.into_iter().chain(in_flight).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The same with how sure it is and where it comes from: `..., between 118/s and 121/s, from 3 refusals`.
pub(crate) fn with_evidence(belief: &Belief) -> Option<String> {
    let mut text = in_words(&belief.learned)?;
    if let Some((slowest, fastest)) = belief.bounds {
        let _ = write!(text, ", between {} and {}", rate_in_words(slowest), rate_in_words(fastest));
    }
    let _ = write!(text, ", {}", evidence(belief));
    Some(text)
}

fn evidence(belief: &Belief) -> String {
    match (belief.source, belief.refusals) {
        (Source::Configured, 0) => "as configured".to_owned(),
        (Source::Published, 0) => "as the platform publishes".to_owned(),
        (Source::Remembered, 0) => "as an earlier run learned".to_owned(),
        (Source::Seen, 0) => format!("from {}", counted(belief.accepted, "accepted call")),
        (source, refusals) => {
            let told = match source {
                Source::Configured => "as configured, then ",
                Source::Published => "as the platform publishes, then ",
                Source::Remembered => "as an earlier run learned, then ",
                Source::Seen => "",
            };
            format!("{told}from {}", counted(refusals.into(), "refusal"))
        }
    }
}

fn quota_in_words(quota: Quota) -> String {
    let window = |count: std::num::NonZeroU32, period| format!("{count} per {}", units::spelled(period));
    match quota {
        Quota::TokenBucket { rate, burst } => format!("token bucket {}, burst {burst}", rate_in_words(rate)),
        Quota::FixedWindow { count, period } => format!("fixed window of {}", window(count, period)),
        Quota::SlidingLog { count, period } => format!("sliding log of {}", window(count, period)),
        Quota::SlidingCounter { count, period } => format!("sliding counter of {}", window(count, period)),
        Quota::Pace { rate } => format!("about {}", rate_in_words(rate)),
    }
}

/// A rate to three figures or so.
pub(super) fn rate_in_words(rate: Rate) -> String {
    rate.to_string()
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;

    fn belief(quota: Quota) -> Belief {
        let learned = Learned { quota: Some(quota), in_flight: None };
        Belief { learned, bounds: None, source: Source::Seen, refusals: 0, accepted: 1 }
    }

    #[test]
    fn a_belief_says_how_sure_it_is_and_where_it_comes_from() {
        let rate = |per_second| Rate::per_second(per_second).expect("a rate");
        let burst = NonZeroU32::new(120).expect("a count");
        let bucket = belief(Quota::TokenBucket { rate: rate(120.0), burst });
        let sure = Belief { bounds: Some((rate(118.0), rate(121.0))), refusals: 3, ..bucket };
        let cases = [
            (sure, "token bucket 120/s, burst 120, between 118/s and 121/s, from 3 refusals"),
            (Belief { refusals: 1, ..bucket }, "token bucket 120/s, burst 120, from 1 refusal"),
            (bucket, "token bucket 120/s, burst 120, from 1 accepted call"),
            (
                Belief { source: Source::Published, ..bucket },
                "token bucket 120/s, burst 120, as the platform publishes",
            ),
            (
                Belief { source: Source::Remembered, refusals: 2, ..bucket },
                "token bucket 120/s, burst 120, as an earlier run learned, then from 2 refusals",
            ),
        ];
        for (belief, text) in cases {
            assert_eq!(with_evidence(&belief).as_deref(), Some(text));
        }
        let window = Quota::FixedWindow { count: burst, period: Duration::from_secs(10) };
        let learned = Learned { quota: Some(window), in_flight: NonZeroU32::new(10) };
        assert_eq!(in_words(&learned).as_deref(), Some("fixed window of 120 per 10s, at most 10 in flight"));
        assert_eq!(in_words(&Learned::default()), None);
    }
}
