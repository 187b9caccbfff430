//! Numbers as headers write them: digits, perhaps with decimals, never with a sign. Too large ones saturate.

use std::time::Duration;

/// A whole number, or the whole part of one with decimals.
pub(super) fn count(text: &str) -> Option<u64> {
    let (whole, _) = digits(text)?;
    Some(whole.parse().unwrap_or(u64::MAX))
}

/// So many of `unit`, decimals included; rounded up to a nanosecond.
pub(super) fn span(text: &str, unit: Duration) -> Option<Duration> {
    let (whole, fraction) = digits(text)?;
    let whole = whole.parse::<u128>().unwrap_or(u128::MAX).saturating_mul(unit.as_nanos());
    let nanos = whole.saturating_add(share(fraction, unit));
    let seconds = u64::try_from(nanos / NANOS_PER_SECOND).unwrap_or(u64::MAX);
    Some(Duration::new(seconds, u32::try_from(nanos % NANOS_PER_SECOND).unwrap_or(0)))
}

/// Nanoseconds of the decimals of a `unit`, rounded up. What comes after the 18th digit counts as one more.
fn share(fraction: &str, unit: Duration) -> u128 {
    let (read, rest) = fraction.split_at(fraction.len().min(MOST_DECIMALS));
    let is_more = rest.bytes().any(|digit| digit != b'0');
    let (mut number, mut one) = (0_u128, 1_u128);
    for digit in read.bytes() {
        number = number * 10 + u128::from(digit - b'0');
        one *= 10;
    }
    ((number + u128::from(is_more)) * unit.as_nanos()).div_ceil(one)
}

/// The digits before and after the point; both ASCII, the first not empty.
fn digits(text: &str) -> Option<(&str, &str)> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(whole) && is_number(fraction)).then_some((whole, fraction))
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;
/// Times the nanoseconds of an hour, still far from the end of 128 bits.
const MOST_DECIMALS: usize = 18;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_read_and_rubbish_is_not() {
        for (text, number) in [("7", 7), (" 40 ", 40), ("39.9", 39), ("99999999999999999999999", u64::MAX)] {
            assert_eq!(count(text), Some(number), "{text:?}");
        }
        for text in ["", "-1", "+1", "1e3", "0x1", "1.", ".5", "1.2.3", "many", "١", "1 2"] {
            assert_eq!(count(text), None, "{text:?}");
        }
    }

    #[test]
    fn spans_are_never_shortened() {
        let second = Duration::from_secs(1);
        assert_eq!(span("1.5", second), Some(Duration::from_millis(1_500)));
        assert_eq!(span("0.0000000001", second), Some(Duration::from_nanos(1)));
        assert_eq!(span("0.00000000000000000000001", second), Some(Duration::from_nanos(1)));
        assert_eq!(span("0.5", Duration::from_millis(1)), Some(Duration::from_micros(500)));
        let huge = "9".repeat(60);
        assert_eq!(span(&huge, second).map(|span| span.as_secs()), Some(u64::MAX));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", unit in 1_u64..3_600_000_000_000) {
            let _ = (count(&text), span(&text, Duration::from_nanos(unit)));
        }

        #[test]
        fn digits_of_any_length_are_numbers(whole in "[0-9]{1,50}", fraction in "[0-9]{1,50}") {
            let text = format!("{whole}.{fraction}");
            prop_assert!(count(&text).is_some());
            prop_assert!(span(&text, Duration::from_secs(3_600)).is_some());
        }
    }
}
