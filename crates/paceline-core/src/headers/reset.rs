//! When there will be more: the forms in which platforms write it.
//!
//! The same digits mean different things on different platforms, so the form is told by the profile and never guessed.

#![expect(clippy::disallowed_types, reason = "parses dates into it and subtracts them; asks no clock")]

use std::fmt;
use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;

use super::{number, rfc3339};
use crate::time::WallTime;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetForm {
    /// Seconds from now, whole or decimal: `41`, `0.35`.
    Seconds,
    /// Milliseconds from now: `250`.
    Millis,
    /// Seconds since the Unix epoch, whole or decimal: `1470173023.123`.
    EpochSeconds,
    /// Milliseconds since the Unix epoch.
    EpochMillis,
    /// An instant of RFC 3339 or, near enough, ISO 8601: `2026-07-01T12:00:00Z`.
    Rfc3339,
    /// A span from now as the language Go writes it: `6m0s`, `1.5s`, `250ms`.
    GoDuration,
    /// An HTTP-date (RFC 9110 5.6.7).
    HttpDate,
}

impl ResetForm {
    /// All forms.
    pub const ALL: [Self; 7] = [
        Self::Seconds,
        Self::Millis,
        Self::EpochSeconds,
        Self::EpochMillis,
        Self::Rfc3339,
        Self::GoDuration,
        Self::HttpDate,
    ];

    /// The form's name as profiles write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Millis => "milliseconds",
            Self::EpochSeconds => "epoch-seconds",
            Self::EpochMillis => "epoch-milliseconds",
            Self::Rfc3339 => "rfc3339",
            Self::GoDuration => "go-duration",
            Self::HttpDate => "http-date",
        }
    }

    /// How long from `now` the time is that `text` writes in this form; zero where it has passed, None where it is none.
    /// An instant that names no part of a second may be any part of it, and counts as its end. Too long ones saturate.
    #[must_use]
    pub fn read(self, text: &str, now: WallTime) -> Option<Duration> {
        let text = text.trim();
        match self {
            Self::Seconds => number::span(text, SECOND),
            Self::Millis => number::span(text, MILLI),
            Self::EpochSeconds => Some(since(number::span(text, SECOND)?, now, !text.contains('.'))),
            Self::EpochMillis => Some(since(number::span(text, MILLI)?, now, false)),
            Self::Rfc3339 => {
                let at = u64::try_from(rfc3339::unix_millis(text)?).unwrap_or(0);
                Some(since(Duration::from_millis(at), now, rfc3339::is_whole(text)))
            }
            Self::GoDuration => go_duration(text),
            Self::HttpDate => {
                let at = unix_millis(parse_http_date(text).ok()?)?;
                Some(since(Duration::from_millis(at), now, true))
            }
        }
    }
}

impl fmt::Display for ResetForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// From `now` to `at`, which is counted from the Unix epoch.
fn since(at: Duration, now: WallTime, is_whole: bool) -> Duration {
    let wait = at.saturating_sub(Duration::from_millis(now.as_unix_millis()));
    if is_whole && !wait.is_zero() { wait.saturating_add(SECOND) } else { wait }
}

/// Numbers with units, one after the other. <https://pkg.go.dev/time#ParseDuration>
fn go_duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let (mut rest, mut sum) = (text, Duration::ZERO);
    while !rest.is_empty() {
        let unit_at = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (digits, tail) = rest.split_at(unit_at);
        let next_at = tail.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(next_at);
        let (_, unit) = GO_UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.saturating_add(number::span(digits, *unit)?);
        rest = tail;
    }
    (!text.is_empty()).then_some(sum)
}

/// None before the Unix epoch.
pub(super) fn unix_millis(time: SystemTime) -> Option<u64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);
/// The two signs for micro are different letters that look the same.
const GO_UNITS: [(&str, Duration); 8] = [
    ("h", Duration::from_secs(3_600)),
    ("m", Duration::from_secs(60)),
    ("s", SECOND),
    ("ms", MILLI),
    ("us", Duration::from_micros(1)),
    ("\u{b5}s", Duration::from_micros(1)),
    ("\u{3bc}s", Duration::from_micros(1)),
    ("ns", Duration::from_nanos(1)),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: WallTime = WallTime::from_unix_millis(1_782_907_200_000);

    #[test]
    fn every_form_is_read_against_now() {
        use ResetForm::*;
        let ms = Duration::from_millis;
        let cases = [
            (Seconds, "41", ms(41_000)),
            (Seconds, " 0.35 ", ms(350)),
            (Seconds, "0", ms(0)),
            (Millis, "250", ms(250)),
            (EpochSeconds, "1782907260", ms(61_000)),
            (EpochSeconds, "1782907260.25", ms(60_250)),
            (EpochSeconds, "1782907199", ms(0)),
            (EpochMillis, "1782907200750", ms(750)),
            (Rfc3339, "2026-07-01T14:01:00+02:00", ms(61_000)),
            (Rfc3339, "2026-07-01T12:00:00.250Z", ms(250)),
            (Rfc3339, "1912-07-01T12:00:00Z", ms(0)),
            (GoDuration, "6m0s", ms(360_000)),
            (GoDuration, "1h2m3.5s", ms(3_723_500)),
            (GoDuration, "250ms", ms(250)),
            (GoDuration, "0", ms(0)),
            (HttpDate, "Wed, 01 Jul 2026 12:00:30 GMT", ms(31_000)),
            (HttpDate, "Wed, 01 Jul 2026 12:00:00 GMT", ms(0)),
        ];
        for (form, text, wait) in cases {
            assert_eq!(form.read(text, NOW), Some(wait), "{form}: {text:?}");
        }
        assert_eq!(GoDuration.read("7\u{b5}s", NOW), Some(Duration::from_micros(7)));
    }

    #[test]
    fn rubbish_is_none_in_every_form() {
        for form in ResetForm::ALL {
            for text in ["", "-1", "soon", "1d", "s", "1", "1 2", "1.5", "..s", "1s2", "١s"] {
                let is_number = matches!(text, "1" | "1.5") && form != ResetForm::GoDuration;
                let is_read = is_number && !matches!(form, ResetForm::Rfc3339 | ResetForm::HttpDate);
                assert_eq!(form.read(text, NOW).is_some(), is_read, "{form}: {text:?}");
            }
        }
    }

    #[test]
    fn huge_times_saturate() {
        let digits = "9".repeat(50);
        for form in [ResetForm::Seconds, ResetForm::EpochSeconds, ResetForm::Millis] {
            assert!(form.read(&digits, NOW) > Some(Duration::from_secs(u64::MAX / 2)), "{form}");
        }
        assert!(ResetForm::GoDuration.read(&format!("{digits}h{digits}h"), NOW).is_some());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", near in "[0-9.hmsun\u{b5}]{0,20}", now in any::<u64>()) {
            let now = WallTime::from_unix_millis(now);
            for form in ResetForm::ALL {
                let _ = (form.read(&text, now), form.read(&near, now));
            }
        }

        #[test]
        fn no_instant_is_read_as_earlier_than_it_is(now in 0_u64..4_000_000_000_000, ahead in 1_u64..1_000_000_000) {
            let (now, at) = (WallTime::from_unix_millis(now), now + ahead);
            let exact = Duration::from_millis(ahead);
            let whole = ResetForm::EpochSeconds.read(&(at / 1_000).to_string(), now).expect("a number");
            prop_assert!(whole >= exact || at / 1_000 <= now.as_unix_millis() / 1_000);
            let decimal = format!("{}.{:03}", at / 1_000, at % 1_000);
            prop_assert_eq!(ResetForm::EpochSeconds.read(&decimal, now), Some(exact));
            prop_assert_eq!(ResetForm::EpochMillis.read(&at.to_string(), now), Some(exact));
        }
    }
}
