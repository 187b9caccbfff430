//! Rates and spans of time as people write them.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

/// So many in so long: "120/s", "2500/min", "1200/10s".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU64,
    /// In how long; never zero.
    pub per: Duration,
}

/// What was written is not a number with a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a rate.
    #[error("`{0}` is not a rate: write a number and a time, such as 120/s, 2500/min or 1200/10s")]
    Rate(String),
    /// Not a span of time.
    #[error("`{0}` is not a time: write a number and a unit, such as 30ms, 180s, 2m or 1h30m")]
    Span(String),
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let error = || UnitError::Rate(text.to_owned());
        let (count, per) = text.split_once('/').ok_or_else(error)?;
        let count = count.trim().parse().map_err(|_| error())?;
        let per = per.trim();
        // "120/s" means "120/1s".
        let per =
            if per.starts_with(|c: char| c.is_ascii_digit()) { span(per) } else { span(&format!("1{per}")) };
        match per {
            Ok(per) if !per.is_zero() => Ok(Self { count, per }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.per.as_secs() {
            1 if self.per.subsec_nanos() == 0 => write!(f, "{}/s", self.count),
            60 if self.per.subsec_nanos() == 0 => write!(f, "{}/min", self.count),
            _ => write!(f, "{}/{:?}", self.count, self.per),
        }
    }
}

/// Reads a span of time: numbers with units, added up. Units: ns, us, ms, s, m or min, h, d.
///
/// # Errors
/// When there is no number, no unit, an unknown unit, or more time than 584 years.
pub fn span(text: &str) -> Result<Duration, UnitError> {
    let error = || UnitError::Span(text.to_owned());
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest == "0" {
        return Ok(total);
    }
    loop {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let unit_end =
            rest[unit_at..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| unit_at + at);
        let part = part(&rest[..unit_at], rest[unit_at..unit_end].trim()).ok_or_else(error)?;
        total = total.checked_add(part).filter(|total| *total <= LONGEST).ok_or_else(error)?;
        rest = &rest[unit_end..];
        if rest.is_empty() {
            return Ok(total);
        }
    }
}

/// One number with its unit; the number may have decimals, which are read exactly.
fn part(number: &str, unit: &str) -> Option<Duration> {
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "d" => 86_400_000_000_000,
        _ => return None,
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let whole: u64 = whole.parse().ok()?;
    let mut nanos = whole.checked_mul(unit)?;
    let scale = 10_u64.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let decimals: u64 = decimals.parse().ok()?;
    nanos = nanos
        .checked_add(u64::try_from(u128::from(decimals) * u128::from(unit) / u128::from(scale)).ok()?)?;
    Some(Duration::from_nanos(nanos))
}

/// What fits in 64 bits of nanoseconds.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spans_are_read_as_people_write_them() {
        let cases = [
            ("30ms", 30),
            ("180s", 180_000),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            ("0", 0),
            ("1d", 86_400_000),
        ];
        for (text, millis) in cases {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_says_what_to_write() {
        for text in ["", "5", "s", "5 parsecs", "-1s", "1s-", "1..5s", "99999999999d", "1s5", "\u{e9}s"] {
            let error = span(text).unwrap_err();
            assert!(error.to_string().contains("30ms"), "{text}");
        }
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        let rate = |count, millis| Rate {
            count: NonZeroU64::new(count).unwrap(),
            per: Duration::from_millis(millis),
        };
        assert_eq!("120/s".parse(), Ok(rate(120, 1_000)));
        assert_eq!("2500/min".parse(), Ok(rate(2_500, 60_000)));
        assert_eq!("1200/10s".parse(), Ok(rate(1_200, 10_000)));
        assert_eq!("5000/h".parse(), Ok(rate(5_000, 3_600_000)));
        for text in ["", "120", "0/s", "120/", "120/0s", "-1/s", "1.5/s", "120/parsec"] {
            assert!(text.parse::<Rate>().unwrap_err().to_string().contains("120/s"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_rate_displays_is_that_rate(count in 1_u64.., nanos in 1_u64..) {
            let rate = Rate { count: NonZeroU64::new(count).unwrap(), per: Duration::from_nanos(nanos) };
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn no_text_makes_the_parsers_panic(text in ".*") {
            let _ = (text.parse::<Rate>(), span(&text));
        }
    }
}
