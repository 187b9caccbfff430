//! Limit, remaining, reset: three headers, whatever a platform calls them, as `X-RateLimit-Limit` and its kin.
//!
//! No standard says what they mean; names, form and unit come from the platform's profile.

use std::time::Duration;

use super::number;
use super::{Head, PublishedLimit, QuotaUnit, ResetForm};
use crate::scope::ScopeKind;

/// The headers of one limit. Any may be missing; what is said twice counts as the tightest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Triple {
    /// The header with the units of a period.
    pub limit: Option<String>,
    /// The header with the units that are left.
    pub remaining: Option<String>,
    /// The header with the units that are used, where none says what is left.
    pub used: Option<String>,
    /// The header that says when there will be more.
    pub reset: Option<TimeField>,
    /// The header that says how long the period is.
    pub period: Option<TimeField>,
    /// What the headers do not say.
    pub about: About,
}

/// What a profile knows of a limit, and no header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Whose it is.
    pub scope: Option<ScopeKind>,
    /// What it counts.
    pub unit: QuotaUnit,
    /// How long its period is.
    pub period: Option<Duration>,
}

/// The name of something that tells a time, and the form in which it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeField {
    /// Its name.
    pub name: String,
    /// The form.
    pub form: ResetForm,
}

impl Triple {
    /// The limit that `head` tells; None where it tells nothing. A limit of 0 is none: that is how some say that another
    /// limit than this one has refused.
    #[must_use]
    pub fn read(&self, head: &Head<'_>) -> Option<PublishedLimit> {
        let count = numbers(head, self.limit.as_deref()).min();
        let used = numbers(head, self.used.as_deref()).max();
        let unused = count.zip(used).map(|(count, used)| count.saturating_sub(used));
        let remaining = numbers(head, self.remaining.as_deref()).min().or(unused);
        let reset = self.reset.as_ref().and_then(|field| field.read(head));
        if count == Some(0) || (count.is_none() && remaining.is_none() && reset.is_none()) {
            return None;
        }
        let period = self.period.as_ref().and_then(|field| field.read(head));
        Some(PublishedLimit { count, remaining, reset, ..self.about.limit_in(period) })
    }
}

impl About {
    /// A limit of which nothing else is said.
    pub(super) fn limit_in(self, period: Option<Duration>) -> PublishedLimit {
        let period = period.or(self.period).filter(|period| !period.is_zero());
        PublishedLimit { scope: self.scope, unit: self.unit, period, ..PublishedLimit::default() }
    }
}

impl TimeField {
    /// The longest time that the headers of this name tell.
    #[must_use]
    pub fn read(&self, head: &Head<'_>) -> Option<Duration> {
        head.values(&self.name).filter_map(|value| self.form.read(value, head.now())).max()
    }
}

/// Repeated headers may arrive joined by commas (RFC 9110 5.3).
fn numbers(head: &Head<'_>, name: Option<&str>) -> impl Iterator<Item = u64> {
    let values = name.into_iter().flat_map(|name| head.values(name));
    values.flat_map(|value| value.split(',')).filter_map(number::count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::WallTime;

    const NOW: WallTime = WallTime::from_unix_millis(1_000_000);

    fn usual(form: ResetForm) -> Triple {
        let name = |name: &str| Some(name.to_owned());
        Triple {
            limit: name("X-RateLimit-Limit"),
            remaining: name("X-RateLimit-Remaining"),
            used: name("X-RateLimit-Used"),
            reset: Some(TimeField { name: "X-RateLimit-Reset".to_owned(), form }),
            period: Some(TimeField { name: "X-RateLimit-Interval".to_owned(), form: ResetForm::Millis }),
            about: About { scope: Some(ScopeKind::Tenant), unit: QuotaUnit::Cost, period: None },
        }
    }

    fn read(lines: &[(&str, &str)]) -> Option<PublishedLimit> {
        usual(ResetForm::EpochSeconds).read(&Head::new(lines, NOW))
    }

    #[test]
    fn a_whole_triple_is_read() {
        let lines = [
            ("x-ratelimit-limit", "100"),
            ("x-ratelimit-remaining", "40"),
            ("x-ratelimit-reset", "1030"),
            ("x-ratelimit-interval", "60000"),
        ];
        let expected = PublishedLimit {
            scope: Some(ScopeKind::Tenant),
            unit: QuotaUnit::Cost,
            count: Some(100),
            period: Some(Duration::from_secs(60)),
            remaining: Some(40),
            reset: Some(Duration::from_secs(31)),
        };
        assert_eq!(read(&lines), Some(expected));
    }

    #[test]
    fn what_is_used_tells_what_is_left() {
        let left = |lines: &[(&str, &str)]| read(lines).expect("a limit").remaining;
        assert_eq!(left(&[("x-ratelimit-limit", "100"), ("x-ratelimit-used", "61")]), Some(39));
        assert_eq!(left(&[("x-ratelimit-limit", "100"), ("x-ratelimit-used", "161")]), Some(0));
    }

    #[test]
    fn of_several_values_the_tightest_counts() {
        let lines = [("x-ratelimit-remaining", "9, 4"), ("x-ratelimit-remaining", "7")];
        assert_eq!(read(&lines).expect("a limit").remaining, Some(4));
    }

    #[test]
    fn rubbish_and_a_limit_of_nothing_are_ignored() {
        assert_eq!(read(&[("x-ratelimit-limit", "-1"), ("x-ratelimit-reset", "soon")]), None);
        assert_eq!(read(&[("x-ratelimit-limit", "0"), ("x-ratelimit-remaining", "0")]), None);
        let part = read(&[("x-ratelimit-limit", "lots"), ("x-ratelimit-remaining", "3")]).expect("a limit");
        assert_eq!((part.count, part.remaining), (None, Some(3)));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_no_more_is_left_than_said(
            values in prop::collection::vec(prop_oneof![".{0,20}", "[0-9]{1,30}"], 5), form in 0_usize..7,
        ) {
            let names = ["limit", "remaining", "used", "reset", "interval"];
            let names = names.map(|name| format!("x-ratelimit-{name}"));
            let lines: Vec<_> = names.iter().zip(&values).map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let limit = usual(ResetForm::ALL[form]).read(&Head::new(&lines, NOW));
            if let Some(limit) = limit {
                prop_assert_ne!(limit.count, Some(0));
                prop_assert_ne!(limit.period, Some(Duration::ZERO));
            }
        }
    }
}
