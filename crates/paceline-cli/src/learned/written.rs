//! What was learned as the journal keeps it: `token-bucket 118.25/s burst 120; in-flight 10`.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use paceline_core::{Learned, Quota, Rate};

use crate::units;

/// `learned` as text that [`read`] reads and that people who open the file understand; None: nothing is known.
pub(crate) fn written(learned: &Learned) -> Option<String> {
    let quota = learned.quota.and_then(written_quota);
    let in_flight = learned.in_flight.map(|limit| format!("{IN_FLIGHT} {limit}"));
    let parts: Vec<String> = quota.into_iter().chain(in_flight).collect();
    (!parts.is_empty()).then(|| parts.join(SEPARATOR))
}

/// What [`written`] wrote, and what earlier versions did: `118.250/s`. A part that this version does not know is passed over.
pub(crate) fn read(text: &str) -> Learned {
    let mut learned = Learned::default();
    for part in text.split(SEPARATOR.trim_end()) {
        let words: Vec<&str> = part.split_whitespace().collect();
        match words[..] {
            [IN_FLIGHT, limit] => learned.in_flight = limit.parse().ok().or(learned.in_flight),
            _ => learned.quota = quota(&words).or(learned.quota),
        }
    }
    learned
}

/// None: a window of no time cannot be told, and admits anything.
fn written_quota(quota: Quota) -> Option<String> {
    Some(match quota {
        Quota::TokenBucket { rate, burst } => {
            format!("{TOKEN_BUCKET} {} {BURST} {burst}", written_rate(rate))
        }
        Quota::FixedWindow { count, period } => format!("{FIXED_WINDOW} {}", window(count, period)?),
        Quota::SlidingLog { count, period } => format!("{SLIDING_LOG} {}", window(count, period)?),
        Quota::SlidingCounter { count, period } => format!("{SLIDING_COUNTER} {}", window(count, period)?),
        Quota::Pace { rate } => written_rate(rate),
    })
}

fn quota(words: &[&str]) -> Option<Quota> {
    Some(match *words {
        [TOKEN_BUCKET, rate, BURST, burst] => {
            Quota::TokenBucket { rate: read_rate(rate)?, burst: burst.parse().ok()? }
        }
        [FIXED_WINDOW, text] => {
            let (count, period) = read_window(text)?;
            Quota::FixedWindow { count, period }
        }
        [SLIDING_LOG, text] => {
            let (count, period) = read_window(text)?;
            Quota::SlidingLog { count, period }
        }
        [SLIDING_COUNTER, text] => {
            let (count, period) = read_window(text)?;
            Quota::SlidingCounter { count, period }
        }
        [rate] => Quota::Pace { rate: read_rate(rate)? },
        _ => return None,
    })
}

fn window(count: NonZeroU32, period: Duration) -> Option<String> {
    (!period.is_zero()).then(|| units::Rate { count: NonZeroU64::from(count), per: period }.to_string())
}

fn read_window(text: &str) -> Option<(NonZeroU32, Duration)> {
    let units::Rate { count, per } = text.parse().ok()?;
    Some((count.try_into().ok()?, per))
}

/// A rate in the greatest unit of which there is at least one: `118.25/s`, `2.5/min`.
pub(super) fn written_rate(rate: Rate) -> String {
    let per_second = rate.as_per_second();
    let (name, seconds) =
        UNITS.into_iter().find(|(_, seconds)| per_second * seconds >= 1.0).unwrap_or(SLOWEST_UNIT);
    format!("{}/{name}", rounded(per_second * seconds))
}

fn read_rate(text: &str) -> Option<Rate> {
    let (count, name) = text.split_once('/')?;
    let (_, seconds) = UNITS.into_iter().find(|(unit, _)| *unit == name)?;
    Rate::per_second(count.parse::<f64>().ok()? / seconds)
}

/// `number` with as many digits as matter, and no zeros behind them.
fn rounded(number: f64) -> f64 {
    // Rust writes the shortest text that reads back as the same number: what is rounded here is written shortly.
    format!("{number:.DIGITS$e}").parse().unwrap_or(number)
}

const SEPARATOR: &str = "; ";
const TOKEN_BUCKET: &str = "token-bucket";
const BURST: &str = "burst";
const FIXED_WINDOW: &str = "fixed-window";
const SLIDING_LOG: &str = "sliding-log";
const SLIDING_COUNTER: &str = "sliding-counter";
const IN_FLIGHT: &str = "in-flight";

const SLOWEST_UNIT: (&str, f64) = ("d", 86_400.0);
/// The units of a rate, the shortest first.
const UNITS: [(&str, f64); 4] = [("s", 1.0), ("min", 60.0), ("h", 3_600.0), SLOWEST_UNIT];

/// Behind the first: a rate is known to a thousandth at best, and this keeps ten thousand times more.
const DIGITS: usize = 7;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(per_second: f64) -> Rate {
        Rate::per_second(per_second).expect("a rate")
    }

    fn some(count: u32) -> NonZeroU32 {
        NonZeroU32::new(count).expect("a count")
    }

    #[test]
    fn people_can_read_what_the_journal_keeps() {
        let bucket = Quota::TokenBucket { rate: rate(118.25), burst: some(120) };
        let cases = [
            (Some(bucket), None, "token-bucket 118.25/s burst 120"),
            (
                Some(Quota::FixedWindow { count: some(1_200), period: Duration::from_secs(10) }),
                None,
                "fixed-window 1200/10s",
            ),
            (
                Some(Quota::SlidingLog { count: some(300), period: Duration::from_secs(60) }),
                None,
                "sliding-log 300/min",
            ),
            (
                Some(Quota::SlidingCounter { count: some(5_000), period: Duration::from_secs(3_600) }),
                Some(some(10)),
                "sliding-counter 5000/h; in-flight 10",
            ),
            (Some(Quota::Pace { rate: rate(0.5) }), None, "30/min"),
            (Some(Quota::Pace { rate: Rate::SLOWEST }), None, "1/d"),
            (None, Some(some(50)), "in-flight 50"),
        ];
        for (quota, in_flight, text) in cases {
            let learned = Learned { quota, in_flight };
            assert_eq!(written(&learned).as_deref(), Some(text));
            assert_eq!(read(text), learned);
        }
        assert_eq!(written(&Learned::default()), None);
    }

    #[test]
    fn what_an_earlier_version_wrote_still_reads() {
        let quota = Some(Quota::Pace { rate: rate(118.25) });
        assert_eq!(read("118.250/s"), Learned { quota, in_flight: None });
    }

    #[test]
    fn what_this_version_does_not_know_is_passed_over() {
        let unknown =
            ["", "fast", "leaky-bucket 3/s", "NaN/s", "inf/s", "-1/s", "0/s", "1/fortnight", "in-flight 0"];
        for text in
            unknown.into_iter().chain(["token-bucket 3/s", "fixed-window 0/s", "fixed-window 9999999999/s"])
        {
            assert_eq!(read(text), Learned::default(), "{text}");
        }
        let kept = Learned { quota: None, in_flight: Some(some(10)) };
        assert_eq!(read("leaky-bucket 3/s queue 5; in-flight 10; colour blue"), kept);
    }

    fn quotas() -> impl Strategy<Value = Option<Quota>> {
        let rates = (-1.0_f64..9.0).prop_map(|power| rate(10_f64.powf(power - 3.0)));
        let windows =
            (1_u32.., 1_u64..).prop_map(|(count, nanos)| (some(count), Duration::from_nanos(nanos)));
        prop_oneof![
            Just(None),
            (rates.clone(), 1_u32..)
                .prop_map(|(rate, burst)| Some(Quota::TokenBucket { rate, burst: some(burst) })),
            windows.clone().prop_map(|(count, period)| Some(Quota::FixedWindow { count, period })),
            windows.clone().prop_map(|(count, period)| Some(Quota::SlidingLog { count, period })),
            windows.prop_map(|(count, period)| Some(Quota::SlidingCounter { count, period })),
            rates.prop_map(|rate| Some(Quota::Pace { rate })),
        ]
    }

    /// The same but for the rate's last digits.
    fn is_as_good(one: Option<Quota>, other: Option<Quota>) -> bool {
        match (one, other) {
            (
                Some(Quota::TokenBucket { rate, burst }),
                Some(Quota::TokenBucket { rate: other, burst: other_burst }),
            ) => is_close(rate, other) && burst == other_burst,
            (Some(Quota::Pace { rate }), Some(Quota::Pace { rate: other })) => is_close(rate, other),
            _ => one == other,
        }
    }

    fn is_close(one: Rate, other: Rate) -> bool {
        (one.as_per_second() / other.as_per_second() - 1.0).abs() < 1e-6
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(quota in quotas(), in_flight in 0_u32..1_000) {
            let learned = Learned { quota, in_flight: NonZeroU32::new(in_flight) };
            let back = written(&learned).map(|text| read(&text)).unwrap_or_default();
            prop_assert!(is_as_good(back.quota, quota), "{:?} became {:?}", quota, back.quota);
            prop_assert_eq!(back.in_flight, learned.in_flight);
        }

        #[test]
        fn writing_what_was_read_changes_nothing(quota in quotas()) {
            let text = written(&Learned { quota, in_flight: None });
            prop_assert_eq!(text.as_deref().and_then(|text| written(&read(text))), text);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".*|(token-bucket|fixed-window|in-flight) [0-9.e]{0,20}/?[a-z]{0,3}") {
            let _ = read(&text);
        }
    }
}
