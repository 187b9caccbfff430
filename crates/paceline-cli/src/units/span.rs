//! Spans of time. They are read and written by jiff's friendly format: 1h30m, 1.5s, 250ms.

use std::time::Duration;

use jiff::fmt::friendly::{Spacing, SpanPrinter};
use jiff::{Span, SpanRelativeTo};

use super::UnitError;

/// Reads a span of time: numbers with units, added up; a day has 24 hours.
///
/// # Errors
/// When there is no number, no unit, an unknown unit, or more time than 584 years.
pub fn span(text: &str) -> Result<Duration, UnitError> {
    let error = || UnitError::Span(text.to_owned());
    let trimmed = text.trim();
    if trimmed == "0" {
        return Ok(Duration::ZERO);
    }
    let span: Span = trimmed.parse().map_err(|_| error())?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| error())?;
    Duration::try_from(signed).ok().filter(|span| *span <= LONGEST).ok_or_else(error)
}

/// `span` as [`span()`] reads it: `1h30m`, `250ms`, `0s`.
#[must_use]
pub fn spelled(span: Duration) -> String {
    SpanPrinter::new().spacing(Spacing::None).unsigned_duration_to_string(&span)
}

/// What fits in 64 bits of nanoseconds, as the core counts them.
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
            (" 2 s ", 2_000),
            ("0", 0),
            ("0s", 0),
            ("1d", 86_400_000),
        ];
        for (text, millis) in cases {
            assert_eq!(span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_span_says_what_to_write() {
        for text in
            ["", "5", "s", "5 parsecs", "-1s", "1s-", "1..5s", "99999999999d", "1s5", "\u{e9}s", "1month"]
        {
            let error = span(text).unwrap_err();
            assert!(error.to_string().contains("30ms"), "{text}");
        }
    }

    #[test]
    fn spans_are_spelled_shortly() {
        assert_eq!(spelled(Duration::from_millis(5_400_250)), "1h30m250ms");
        assert_eq!(spelled(Duration::ZERO), "0s");
    }

    proptest! {
        #[test]
        fn what_is_spelled_is_read_back(nanos: u64) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(span(&spelled(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*|[0-9.]{1,25}[a-zµ]{0,3}") {
            let _ = span(&text);
        }
    }
}
