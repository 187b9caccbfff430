//! RFC 3339 instants: `2026-07-01T12:00:00Z`, `2026-07-01T14:00:00.5+02:00`.
//!
//! Read here and not above the core, because the form is one of several that a profile names, and a family must be read in
//! one place. It is the arithmetic of one calendar; a library of dates would be the largest dependency of the core.

/// Milliseconds since the Unix epoch, rounded up; negative before it. Without an offset it is no instant.
///
/// The `T` may be a blank (RFC 3339 5.6), and seconds may be missing, as in ISO 8601.
pub(super) fn unix_millis(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_ascii() || !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    let offset_at = time.find(['Z', 'z', '+', '-'])?;
    let (time, offset) = time.split_at(offset_at);
    let seconds = days(date)? * SECONDS_PER_DAY - offset_seconds(offset)?;
    Some(seconds * 1_000 + millis_of_day(time)?)
}

/// Whether it names no more than a second, of which the instant meant may be any part.
pub(super) fn is_whole(text: &str) -> bool {
    !text.contains('.')
}

/// Days since 1970-01-01 of `YYYY-MM-DD`.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=longest).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last; 153 days are five months from there.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1 - DAYS_BEFORE_1970)
}

/// Milliseconds since midnight of `HH:MM`, `HH:MM:SS` or `HH:MM:SS.fraction`.
fn millis_of_day(time: &str) -> Option<i64> {
    let mut parts = time.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        Some(second) => second.split_once('.').unwrap_or((second, "0")),
        None => ("00", "0"),
    };
    let second = digits(second, 2)?;
    // RFC 3339 5.6 knows a leap second; it is the first of the next minute.
    if hour > 23 || minute > 59 || second > 60 || parts.next().is_some() {
        return None;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1_000 + millis(fraction)?)
}

fn millis(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (read, rest) = fraction.split_at(fraction.len().min(3));
    let scale = [1, 100, 10, 1][read.len()];
    let is_more = rest.bytes().any(|digit| digit != b'0');
    Some(read.parse::<i64>().ok()? * scale + i64::from(is_more))
}

/// `Z`, `+02:00`, `-0330`, `+01`.
fn offset_seconds(offset: &str) -> Option<i64> {
    let (sign, rest) = match offset.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(0),
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (rest, "00"),
        4 => rest.split_at(2),
        5 => rest.split_once(':')?,
        _ => return None,
    };
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

fn digits(text: &str, len: usize) -> Option<i64> {
    let is_number = text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

const SECONDS_PER_DAY: i64 = 86_400;
/// From the first of March of the year 0 to the first of January 1970.
const DAYS_BEFORE_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_types, reason = "compares with the dates of httpdate; asks no clock")]

    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn instants_are_read_in_every_form() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56Z", 951_827_696_000),
            ("2026-07-01T14:00:00+02:00", 1_782_907_200_000),
            ("2026-07-01T08:30:00-0330", 1_782_907_200_000),
            ("2026-07-01T13:00+01", 1_782_907_200_000),
            ("2026-07-01 12:00:00.0001z", 1_782_907_200_001),
            ("1990-12-31T23:59:60Z", 662_688_000_000),
            ("1969-12-31T23:59:59.5Z", -500),
        ];
        for (text, millis) in cases {
            assert_eq!(unix_millis(text), Some(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_instant_is_none() {
        let rubbish = [
            "",
            "now",
            "2026-07-01",
            "2026-07-01T12:00:00",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-07-00T00:00:00Z",
            "2026-07-01T24:00:00Z",
            "2026-07-01T12:60:00Z",
            "2026-07-01T12:00:61Z",
            "2026-07-01T12:00:00.Z",
            "26-07-01T12:00:00Z",
            "2026-07-01T12:00:00+2",
            "2026-07-01T12:00:00+24:00",
            "2026-07-01T12:00:00Zulu",
            "2026-07-01T12Z",
            "+026-07-01T12:00:00Z",
            "2026-07-01T12:00:00:00Z",
            "２０２６-07-01T12:00:00Z",
        ];
        for text in rubbish {
            assert_eq!(unix_millis(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}", near in "[0-9]{0,4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{0,12}[Z+-][0-9:]{0,5}") {
            let _ = (unix_millis(&text), unix_millis(&near));
        }

        /// httpdate knows the same calendar by another way.
        #[test]
        fn every_second_agrees_with_the_http_date(second in 0_u64..253_402_300_799) {
            let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(second));
            let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                .iter().position(|name| *name == &date[8..11]).expect("a month") + 1;
            let text = format!("{}-{month:02}-{}T{}Z", &date[12..16], &date[5..7], &date[17..25]);
            prop_assert_eq!(unix_millis(&text), i64::try_from(second * 1_000).ok());
        }
    }
}
