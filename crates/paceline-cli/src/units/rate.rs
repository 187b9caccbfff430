//! A rate.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use super::UnitError;
use super::span::{span, spelled};

/// So many in so long: "120/s", "2500/min", "1200/10s", "5000/h".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU64,
    /// In how long; never zero.
    pub per: Duration,
}

impl Rate {
    /// The same rate per second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate beyond 2^53 is no rate of a platform")]
        let count = self.count.get() as f64;
        count / self.per.as_secs_f64()
    }
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
        match NAMED.iter().find(|(per, _)| *per == self.per) {
            Some((_, name)) => write!(f, "{}/{name}", self.count),
            None => write!(f, "{}/{}", self.count, spelled(self.per)),
        }
    }
}

/// The times that need no number.
const NAMED: [(Duration, &str); 4] = [
    (Duration::from_secs(1), "s"),
    (Duration::from_secs(60), "min"),
    (Duration::from_secs(3_600), "h"),
    (Duration::from_secs(86_400), "d"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        for text in ["", "120", "0/s", "120/", "120/0s", "-1/s", "1.5/s", "120/parsec", "1/ ", "1/-1s"] {
            assert!(text.parse::<Rate>().unwrap_err().to_string().contains("120/s"), "{text}");
        }
    }

    #[test]
    fn rates_are_shown_as_people_write_them() {
        for text in ["120/s", "2500/min", "1200/10s", "5000/h", "1/1m30s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_a_rate_displays_is_that_rate(count in 1_u64.., nanos in 1_u64..) {
            let rate = Rate { count: NonZeroU64::new(count).unwrap(), per: Duration::from_nanos(nanos) };
            prop_assert_eq!(rate.to_string().parse(), Ok(rate));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*|[0-9]{1,25}/[0-9.]{0,25}[a-z]{0,3}") {
            let _ = text.parse::<Rate>();
        }
    }
}
