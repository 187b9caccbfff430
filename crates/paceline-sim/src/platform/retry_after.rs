//! How a refusal tells the client when to come back.

use std::fmt;
use std::time::{Duration, SystemTime};

use paceline_core::WallTime;

/// The form in which a platform writes `Retry-After`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RetryAfterForm {
    /// Whole seconds, rounded up, at least 1.
    #[default]
    Seconds,
    /// Seconds with three decimals, rounded up.
    Decimal,
    /// An HTTP date, rounded up to the second, at least 1 s ahead; the reply carries a `Date` too.
    Date,
    /// Whole seconds, stretched by how many calls arrive for each one admitted.
    Scaled,
    /// Always 0, which tells nothing.
    Zero,
    /// No header.
    Absent,
}

impl RetryAfterForm {
    /// The header for a true wait, written at `sent`. `overload` is arrivals per admission, at least 1.
    #[must_use]
    pub fn write(self, wait: Duration, sent: WallTime, overload: f64) -> Option<RetryAfter> {
        match self {
            Self::Seconds => Some(RetryAfter::Seconds(whole_seconds(wait))),
            Self::Decimal => Some(RetryAfter::Millis(ceil_div(wait, Duration::from_millis(1)).max(1))),
            Self::Date => Some(RetryAfter::Date { at: date(wait, sent), sent }),
            Self::Scaled => Some(RetryAfter::Seconds(stretched(wait, overload))),
            Self::Zero => Some(RetryAfter::Seconds(0)),
            Self::Absent => None,
        }
    }
}

/// A written `Retry-After`; displays as the header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetryAfter {
    /// `Retry-After: 42`
    Seconds(u64),
    /// `Retry-After: 0.417`, in milliseconds.
    Millis(u64),
    /// `Retry-After: Wed, 21 Oct 2026 07:28:00 GMT`
    Date {
        /// The date; whole seconds.
        at: WallTime,
        /// When the reply is sent: its `Date`, of which a header only shows the second.
        sent: WallTime,
    },
}

impl RetryAfter {
    /// How long after it was sent the client was told to stay away; none for 0, which tells nothing.
    #[must_use]
    pub fn told(self) -> Option<Duration> {
        match self {
            Self::Seconds(0) => None,
            Self::Seconds(seconds) => Some(Duration::from_secs(seconds)),
            Self::Millis(millis) => Some(Duration::from_millis(millis)),
            Self::Date { at, sent } => Some(at.saturating_since(sent)),
        }
    }

    /// The reply's own `Date`, where the form needs one to be read.
    #[must_use]
    pub fn date(self) -> Option<String> {
        match self {
            Self::Date { sent, .. } => Some(http_date(sent)),
            Self::Seconds(_) | Self::Millis(_) => None,
        }
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Seconds(seconds) => write!(f, "{seconds}"),
            Self::Millis(millis) => write!(f, "{}.{:03}", millis / 1_000, millis % 1_000),
            Self::Date { at, .. } => f.write_str(&http_date(at)),
        }
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    ceil_div(wait, Duration::from_secs(1)).max(1)
}

fn ceil_div(wait: Duration, unit: Duration) -> u64 {
    u64::try_from(wait.as_nanos().div_ceil(unit.as_nanos())).unwrap_or(u64::MAX)
}

/// The first whole second that is both `wait` and a second ahead.
fn date(wait: Duration, sent: WallTime) -> WallTime {
    let wait = wait.max(Duration::from_secs(1));
    let millis = (sent + wait).as_unix_millis().min(LAST_DATE_MILLIS);
    WallTime::from_unix_millis(millis.div_ceil(1_000) * 1_000)
}

fn stretched(wait: Duration, overload: f64) -> u64 {
    let honest = whole_seconds(wait);
    let stretched = Duration::try_from_secs_f64(wait.as_secs_f64() * overload.max(1.0));
    // Stretching stops at a cap; an honest wait above it is still told in full.
    whole_seconds(stretched.unwrap_or(MOST_STRETCHED).min(MOST_STRETCHED)).max(honest)
}

fn http_date(at: WallTime) -> String {
    let millis = at.as_unix_millis().min(LAST_DATE_MILLIS);
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}

/// A stampede must not close a gate for hours: 60 s is the longest wait platforms of this kind were seen to tell.
const MOST_STRETCHED: Duration = Duration::from_secs(60);
/// The end of the year 9999, beyond which an HTTP date cannot be written.
const LAST_DATE_MILLIS: u64 = 253_402_300_799_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(form: RetryAfterForm, wait_millis: u64, overload: f64) -> Option<RetryAfter> {
        let sent = WallTime::from_unix_millis(1_760_000_000_250);
        form.write(Duration::from_millis(wait_millis), sent, overload)
    }

    #[test]
    fn every_form_is_written_as_its_platforms_write_it() {
        let text = |form, wait| written(form, wait, 3.0).map(|header| header.to_string());
        assert_eq!(text(RetryAfterForm::Seconds, 417).as_deref(), Some("1"));
        assert_eq!(text(RetryAfterForm::Seconds, 2_001).as_deref(), Some("3"));
        assert_eq!(text(RetryAfterForm::Decimal, 417).as_deref(), Some("0.417"));
        assert_eq!(text(RetryAfterForm::Decimal, 12_000).as_deref(), Some("12.000"));
        assert_eq!(text(RetryAfterForm::Date, 417).as_deref(), Some("Thu, 09 Oct 2025 08:53:22 GMT"));
        assert_eq!(text(RetryAfterForm::Scaled, 2_000).as_deref(), Some("6"));
        assert_eq!(text(RetryAfterForm::Scaled, 900_000).as_deref(), Some("900"));
        assert_eq!(text(RetryAfterForm::Scaled, 50_000).as_deref(), Some("60"));
        assert_eq!(text(RetryAfterForm::Zero, 417).as_deref(), Some("0"));
        assert_eq!(text(RetryAfterForm::Absent, 417), None);
        let dated = written(RetryAfterForm::Date, 417, 1.0).unwrap();
        assert_eq!(dated.date().as_deref(), Some("Thu, 09 Oct 2025 08:53:20 GMT"));
    }

    #[test]
    fn zero_tells_nothing() {
        assert_eq!(written(RetryAfterForm::Zero, 417, 1.0).unwrap().told(), None);
    }

    proptest! {
        #[test]
        fn what_is_told_is_never_shorter_than_the_true_wait(
            wait in any::<u64>(), sent in 0..4_000_000_000_000_u64, overload in 1.0..1e9_f64,
        ) {
            let wait = Duration::from_nanos(wait);
            for form in [RetryAfterForm::Seconds, RetryAfterForm::Decimal, RetryAfterForm::Date, RetryAfterForm::Scaled] {
                let header = form.write(wait, WallTime::from_unix_millis(sent), overload).unwrap();
                prop_assert!(header.told().unwrap() >= wait, "{form:?}");
            }
        }
    }
}
