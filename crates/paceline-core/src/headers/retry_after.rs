//! `Retry-After`: the single source of truth about how long to stay away.
//!
//! RFC 9110 10.2.3 allows whole seconds and an HTTP-date. Platforms also send decimals (Shopify),
//! several values, zero and rubbish; what is made of those is a decision of the design:
//! of several the longest counts; zero, the past, a negative number and rubbish count as missing,
//! because "come back at once" after a refusal is never good advice.

#![expect(clippy::disallowed_types, reason = "parses dates into it and subtracts them; asks no clock")]

use std::time::{Duration, SystemTime};

use httpdate::parse_http_date;

/// The wait that `values` ask for, counted from receipt; never zero.
///
/// `values` are the values of all `Retry-After` headers of one reply. `date` is the reply's own
/// `Date` header (or, without one, the receiver's wall time as an HTTP-date): a date is read
/// against it, so that a wrong clock on either side does no harm, and gets one second more, the grain
/// of HTTP-dates. Waits too large for a [`Duration`] saturate.
#[must_use]
pub fn read<'a>(values: impl IntoIterator<Item = &'a str>, date: Option<&str>) -> Option<Duration> {
    let sent = date.and_then(|date| parse_http_date(date.trim()).ok());
    values.into_iter().filter_map(|value| read_one(value, sent)).max()
}

fn read_one(value: &str, sent: Option<SystemTime>) -> Option<Duration> {
    if let Ok(until) = parse_http_date(value.trim()) {
        let wait = until.duration_since(sent?).ok()?;
        return (!wait.is_zero()).then(|| wait + DATE_GRAIN);
    }
    // Repeated headers may arrive joined by commas (RFC 9110 5.3); an HTTP-date was tried whole before.
    value.split(',').filter_map(|part| seconds(part.trim())).max()
}

/// Whole or decimal seconds, rounded up to a millisecond.
fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let whole = whole.parse().map_or(Duration::MAX, Duration::from_secs);
    let wait = whole.saturating_add(Duration::from_millis(millis_rounded_up(fraction)));
    (!wait.is_zero()).then_some(wait)
}

fn millis_rounded_up(fraction: &str) -> u64 {
    let (millis, rest) = fraction.split_at(fraction.len().min(3));
    let scale = [1, 100, 10, 1][millis.len()];
    let millis = millis.parse::<u64>().unwrap_or(0) * scale;
    millis + u64::from(rest.bytes().any(|digit| digit != b'0'))
}

/// An HTTP-date names a second; the instant meant lies anywhere within it.
const DATE_GRAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DATE: &str = "Tue, 15 Nov 1994 08:12:31 GMT";

    #[test]
    fn every_form_is_read_as_decided() {
        let ms = Duration::from_millis;
        let cases: [(&str, Option<Duration>); 24] = [
            ("1", Some(ms(1_000))),
            (" 120 ", Some(ms(120_000))),
            ("2.0", Some(ms(2_000))),
            ("0.35", Some(ms(350))),
            ("1.0001", Some(ms(1_001))),
            ("0.0000", None),
            ("0", None),
            ("-5", None),
            ("+5", None),
            ("", None),
            ("soon", None),
            ("1s", None),
            ("1e3", None),
            ("1.2.3", None),
            (".5", None),
            ("5, 60", Some(ms(60_000))),
            ("5, rubbish", Some(ms(5_000))),
            ("Tue, 15 Nov 1994 08:12:41 GMT", Some(ms(11_000))),
            ("Tuesday, 15-Nov-94 08:12:41 GMT", Some(ms(11_000))),
            ("Tue Nov 15 08:12:41 1994", Some(ms(11_000))),
            ("Tue, 15 Nov 1994 08:12:31 GMT", None),
            ("Tue, 15 Nov 1994 08:12:30 GMT", None),
            ("Tue, 99 Nov 1994 08:12:30 GMT", None),
            ("١", None),
        ];
        for (value, wait) in cases {
            assert_eq!(read([value], Some(DATE)), wait, "{value:?}");
        }
    }

    #[test]
    fn of_several_the_longest_counts() {
        let values = ["3", "Tue, 15 Nov 1994 08:12:41 GMT", "7"];
        assert_eq!(read(values, Some(DATE)), Some(Duration::from_secs(11)));
    }

    #[test]
    fn a_huge_wait_saturates() {
        let wait = read(["99999999999999999999999999.9"], None).expect("it is a wait");
        assert!(wait >= Duration::from_secs(u64::MAX));
    }

    #[test]
    fn a_date_without_anything_to_read_it_against_counts_as_missing() {
        assert_eq!(read(["Tue, 15 Nov 1994 08:12:41 GMT"], None), None);
    }

    proptest! {
        #[test]
        fn no_value_panics_and_no_wait_is_zero(value in ".{0,40}", date in ".{0,40}") {
            prop_assert_ne!(read([value.as_str()], Some(&date)), Some(Duration::ZERO));
        }

        #[test]
        fn decimals_are_never_shortened(whole in 0_u64..1_000_000, nanos in 1_u32..1_000_000_000) {
            let exact = Duration::new(whole, nanos);
            let wait = read([format!("{whole}.{nanos:09}").as_str()], None).expect("it is a wait");
            prop_assert!(wait >= exact && wait - exact < Duration::from_millis(1));
        }
    }
}
