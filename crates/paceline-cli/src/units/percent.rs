//! A share of a whole.

use std::fmt;
use std::str::FromStr;

use super::UnitError;

/// A share from 0 % to 100 %, to four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    millionths: u32,
}

impl Percent {
    /// So many hundredths; more than 100 count as 100.
    #[must_use]
    pub const fn new(hundredths: u8) -> Self {
        let hundredths = if hundredths > 100 { 100 } else { hundredths };
        Self { millionths: hundredths as u32 * 10_000 }
    }

    /// The share as a number from 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.millionths) / f64::from(WHOLE)
    }
}

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let error = || UnitError::Percent(text.to_owned());
        let number = text.trim().strip_suffix('%').ok_or_else(error)?.trim();
        let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(whole) || !is_digits(decimals) || decimals.len() > DECIMALS {
            return Err(error());
        }
        let whole: u32 = whole.parse().map_err(|_| error())?;
        let decimals: u32 = format!("{decimals:0<DECIMALS$}").parse().map_err(|_| error())?;
        let millionths = whole.checked_mul(10_000).and_then(|whole| whole.checked_add(decimals));
        millionths
            .filter(|millionths| *millionths <= WHOLE)
            .map(|millionths| Self { millionths })
            .ok_or_else(error)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.millionths / 10_000, self.millionths % 10_000);
        if decimals == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{decimals:0>DECIMALS$}").trim_end_matches('0'))
    }
}

/// 100 %.
const WHOLE: u32 = 1_000_000;

/// Finer shares mean nothing for a limit.
const DECIMALS: usize = 4;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_are_read_as_people_write_them() {
        for (text, fraction) in
            [("20%", 0.2), ("0%", 0.0), ("100%", 1.0), ("0.5 %", 0.005), ("12.3456%", 0.123_456)]
        {
            assert!((text.parse::<Percent>().unwrap().fraction() - fraction).abs() < 1e-12, "{text}");
        }
        for text in
            ["", "20", "%", "-1%", "101%", "100.0001%", "1.23456%", "+1%", "1.%", ".5%", "4294967296%"]
        {
            assert!(text.parse::<Percent>().unwrap_err().to_string().contains("20%"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_a_share_displays_is_that_share(millionths in 0..=WHOLE) {
            let percent = Percent { millionths };
            prop_assert_eq!(percent.to_string().parse(), Ok(percent));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*|[0-9.]{1,25}%") {
            let _ = text.parse::<Percent>();
        }
    }
}
