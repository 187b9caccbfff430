//! What is believed as the `[limits]` of a `paceline.toml`.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use paceline_core::{Learned, Quota};

use crate::units::Rate;

/// How far a limit is to be trusted by the run that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Paced at from the first call.
    Known,
    /// Where learning starts.
    Start,
}

/// `[limits.credential]` of what was learned, after `remarks`; None: there is nothing to write.
pub(super) fn limits(learned: &Learned, trust: Trust, remarks: &[String]) -> Option<String> {
    let mut body = String::new();
    if let Some(quota) = learned.quota {
        let (rate, burst) = rate_and_burst(quota)?;
        body.push_str(&format!("rate = \"{rate}\"\n"));
        if let Some(burst) = burst {
            body.push_str(&format!("burst = {burst}\n"));
        }
        if trust == Trust::Start {
            body.push_str("known = false\n");
        }
    }
    if let Some(in_flight) = learned.in_flight {
        body.push_str(&format!("in_flight = {in_flight}\n"));
    }
    let remarks: String = remarks.iter().map(|remark| format!("# {}\n", one_line(remark))).collect();
    (!body.is_empty()).then(|| format!("{remarks}\n[limits.credential]\n{body}"))
}

/// A window is paced evenly: what it would admit at once depends on where it begins.
fn rate_and_burst(quota: Quota) -> Option<(Rate, Option<NonZeroU32>)> {
    match quota {
        Quota::TokenBucket { rate, burst } => Some((rounded_down(rate)?, Some(burst))),
        Quota::FixedWindow { count, period }
        | Quota::SlidingLog { count, period }
        | Quota::SlidingCounter { count, period } => {
            Some((Rate { count: count.into(), per: period }, None)).filter(|_| !period.is_zero())
        }
        Quota::Pace { rate } => Some((rounded_down(rate)?, None)),
    }
}

/// In whole calls, of the shortest time in which that loses little: a limit is better kept than used up.
fn rounded_down(rate: paceline_core::Rate) -> Option<Rate> {
    let in_time = |seconds: u32| rate.as_per_second() * f64::from(seconds);
    let is_good = |seconds: &u32| (in_time(*seconds) + HAIR).floor() >= in_time(*seconds) * (1.0 - LOSS);
    let seconds = TIMES.into_iter().find(is_good).unwrap_or(DAY);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    let count = (in_time(seconds) + HAIR).floor() as u64;
    Some(Rate { count: NonZeroU64::new(count)?, per: Duration::from_secs(seconds.into()) })
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Seconds in the times that rates are written in, the shortest first.
const TIMES: [u32; 4] = [1, 60, 3_600, DAY];
const DAY: u32 = 86_400;
/// What rounding may cost.
const LOSS: f64 = 0.005;
/// 119.9999999 is 120.
const HAIR: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{ConfigFile, Layers};

    fn some(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).expect("a count")
    }

    fn written(quota: Option<Quota>, in_flight: Option<NonZeroU32>, trust: Trust) -> String {
        limits(&Learned { quota, in_flight }, trust, &["Found\nout.".to_owned()]).expect("limits")
    }

    #[test]
    fn sync_reads_what_is_written() {
        let rate = |per_second| paceline_core::Rate::per_second(per_second).expect("a rate");
        let cases = [
            (Quota::TokenBucket { rate: rate(120.0), burst: some(118) }, "120/s", Some(118)),
            (Quota::TokenBucket { rate: rate(118.25), burst: some(5) }, "118/s", Some(5)),
            (Quota::FixedWindow { count: some(1_200), period: Duration::from_secs(10) }, "1200/10s", None),
            (Quota::Pace { rate: rate(2.5) }, "150/min", None),
            (Quota::Pace { rate: paceline_core::Rate::SLOWEST }, "1/d", None),
        ];
        for (quota, rate, burst) in cases {
            let text = written(Some(quota), Some(some(10)), Trust::Known);
            assert!(text.starts_with("# Found out.\n\n[limits.credential]\n"), "{text}");
            let layers = Layers::new().with_file(&ConfigFile::from_text("paceline.toml", &text));
            let limit = layers.resolve().expect("settings").settings.limits[0].clone();
            assert_eq!(limit.rate.map(|rate| rate.to_string()).as_deref(), Some(rate));
            assert_eq!((limit.burst, limit.in_flight), (burst.map(some), Some(some(10))));
            assert!(limit.known);
        }
    }

    #[test]
    fn what_is_not_certain_is_where_learning_starts() {
        let rate = paceline_core::Rate::per_second(60.0).expect("a rate");
        assert!(written(Some(Quota::Pace { rate }), None, Trust::Start).contains("known = false\n"));
        assert_eq!(limits(&Learned::default(), Trust::Known, &[]), None);
    }
}
