//! A number of bytes.

use std::fmt;
use std::str::FromStr;

use super::UnitError;

/// A number of bytes: "512B", "2KB" (2,000 bytes), "1MiB" (1,048,576 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = UnitError;

    /// Whatever the case of the unit; decimals must come to whole bytes.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let error = || UnitError::Size(text.to_owned());
        let trimmed = text.trim();
        let unit_at = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(error)?;
        let (number, unit) = trimmed.split_at(unit_at);
        let unit = unit.trim();
        let (_, bytes) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(error)?;
        times(number, *bytes).map(Self).ok_or_else(error)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |bytes: u64| self.0 >= bytes && self.0.is_multiple_of(bytes);
        let (name, bytes) = UNITS.iter().find(|(_, bytes)| fits(*bytes)).unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / bytes)
    }
}

/// `number`, perhaps with decimals, times `unit`, if that is a whole number of bytes.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
    let part = decimals.parse::<u128>().ok()?.checked_mul(u128::from(unit))?;
    if part % scale != 0 {
        return None;
    }
    let whole = whole.parse::<u128>().ok()?.checked_mul(u128::from(unit))?;
    u64::try_from(whole.checked_add(part / scale)?).ok()
}

/// Largest first, so that a size is shown with the largest unit that fits it.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let cases = [
            ("512B", 512),
            ("2KB", 2_000),
            ("2 kb", 2_000),
            ("1KiB", 1_024),
            ("1.5MB", 1_500_000),
            ("0B", 0),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "5", "KB", "1.0001KB", "-1B", "1TB", "99999999999GB", "1..2KB", ".B"] {
            assert!(text.parse::<Size>().unwrap_err().to_string().contains("2KB"), "{text}");
        }
    }

    #[test]
    fn sizes_are_shown_with_the_largest_unit_that_fits() {
        for text in ["2KB", "1MiB", "512B", "0B", "3GB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
    }

    proptest! {
        #[test]
        fn what_a_size_displays_is_that_size(bytes: u64) {
            prop_assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*|[0-9.]{1,45}[KMGib]{0,3}") {
            let _ = text.parse::<Size>();
        }
    }
}
