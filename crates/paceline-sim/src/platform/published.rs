//! What replies say about limits beside `Retry-After`.

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::time::Duration;

use paceline_core::ScopeKind;
use paceline_core::headers::{Published, PublishedLimit, QuotaUnit};

/// The headers in which a platform publishes the tightest limit that a call falls under.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PublishedForm {
    /// None.
    #[default]
    Absent,
    /// `RateLimit-Limit`, `-Remaining` and `-Reset`: the IETF draft up to 6.
    Draft6,
    /// `RateLimit` as a dictionary: draft 7.
    Draft7,
    /// `RateLimit` and `RateLimit-Policy` as lists of named items: draft 8 and later.
    Draft8,
}

/// How one limiter stands, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Units in a period, or at once.
    pub(crate) count: u64,
    /// Nanoseconds in which that many come back; none for slots.
    pub(crate) period: Option<u128>,
    /// Units that are left.
    pub(crate) remaining: u64,
    /// Nanoseconds until there are more, as platforms of this kind reckon; none for slots.
    pub(crate) reset: Option<u128>,
}

/// A published limit as its headers round it: whole seconds, upwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublishedQuota {
    /// The headers.
    pub form: PublishedForm,
    /// Whose limit it is: its name where the form has names.
    pub scope: ScopeKind,
    /// What it counts.
    pub unit: QuotaUnit,
    /// Units in a period, or at once.
    pub count: u64,
    /// Seconds of a period; none for slots.
    pub period: Option<NonZeroU64>,
    /// Units that are left.
    pub remaining: u64,
    /// Seconds until there are more; none for slots.
    pub reset: Option<u64>,
}

impl PublishedQuota {
    /// None where `form` has no words for it: only draft 8 can publish slots.
    pub(crate) fn new(
        form: PublishedForm,
        scope: ScopeKind,
        unit: QuotaUnit,
        standing: Standing,
    ) -> Option<Self> {
        let slots = standing.period.is_none();
        if form == PublishedForm::Absent || (slots && form != PublishedForm::Draft8) {
            return None;
        }
        let period = standing.period.and_then(|period| NonZeroU64::new(whole_seconds(period)));
        Some(Self {
            form,
            scope,
            unit: if slots { QuotaUnit::Concurrent } else { unit },
            count: standing.count,
            period,
            remaining: standing.remaining,
            reset: standing.reset.map(whole_seconds),
        })
    }

    /// As a client reads it that knows nothing else of the platform.
    #[must_use]
    pub fn as_read(&self) -> Published {
        let mut published = Published::NONE;
        // The older forms have no units.
        let unit = if self.form == PublishedForm::Draft8 { self.unit } else { QuotaUnit::Requests };
        published.add(PublishedLimit {
            scope: None,
            unit,
            count: Some(self.count),
            period: self.period.map(|seconds| Duration::from_secs(seconds.get())),
            remaining: Some(self.remaining),
            reset: self.reset.map(Duration::from_secs),
        });
        published
    }

    /// As header lines.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, Cow<'static, str>)> {
        let Self { count, remaining, .. } = *self;
        let reset = self.reset.unwrap_or(0);
        let window = self.period.map(|period| format!(";w={period}")).unwrap_or_default();
        match self.form {
            PublishedForm::Absent => Vec::new(),
            PublishedForm::Draft6 => vec![
                ("ratelimit-policy", format!("{count}{window}").into()),
                ("ratelimit-limit", count.to_string().into()),
                ("ratelimit-remaining", remaining.to_string().into()),
                ("ratelimit-reset", reset.to_string().into()),
            ],
            PublishedForm::Draft7 => vec![
                ("ratelimit-policy", format!("{count}{window}").into()),
                ("ratelimit", format!("limit={count}, remaining={remaining}, reset={reset}").into()),
            ],
            PublishedForm::Draft8 => {
                let (name, unit) = (self.scope, unit_parameter(self.unit));
                let reset = self.reset.map(|reset| format!(";t={reset}")).unwrap_or_default();
                vec![
                    ("ratelimit-policy", format!("\"{name}\";q={count}{unit}{window}").into()),
                    ("ratelimit", format!("\"{name}\";r={remaining}{reset}").into()),
                ]
            }
        }
    }
}

const fn unit_parameter(unit: QuotaUnit) -> &'static str {
    match unit {
        QuotaUnit::Requests => "",
        QuotaUnit::Cost => ";qu=\"cost\"",
        QuotaUnit::Bytes => ";qu=\"content-bytes\"",
        QuotaUnit::Concurrent => ";qu=\"concurrent-requests\"",
    }
}

fn whole_seconds(nanos: u128) -> u64 {
    u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(form: PublishedForm) -> Vec<String> {
        let standing =
            Standing { count: 100, period: Some(60_000_000_000), remaining: 50, reset: Some(29_000_000_001) };
        let quota = PublishedQuota::new(form, ScopeKind::Credential, QuotaUnit::Requests, standing);
        let headers = quota.map(|quota| quota.headers()).unwrap_or_default();
        headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect()
    }

    #[test]
    fn every_form_is_written_as_its_draft_writes_it() {
        assert!(lines(PublishedForm::Absent).is_empty());
        assert_eq!(
            lines(PublishedForm::Draft6),
            [
                "ratelimit-policy: 100;w=60",
                "ratelimit-limit: 100",
                "ratelimit-remaining: 50",
                "ratelimit-reset: 30"
            ]
        );
        assert_eq!(
            lines(PublishedForm::Draft7),
            ["ratelimit-policy: 100;w=60", "ratelimit: limit=100, remaining=50, reset=30"]
        );
        assert_eq!(
            lines(PublishedForm::Draft8),
            ["ratelimit-policy: \"credential\";q=100;w=60", "ratelimit: \"credential\";r=50;t=30"]
        );
    }

    #[test]
    fn slots_are_published_only_where_there_are_words_for_them() {
        let standing = Standing { count: 10, period: None, remaining: 3, reset: None };
        let quota = |form| PublishedQuota::new(form, ScopeKind::Tenant, QuotaUnit::Requests, standing);
        assert_eq!(quota(PublishedForm::Draft7), None);
        let headers = quota(PublishedForm::Draft8).unwrap().headers();
        assert_eq!(headers[0].1, "\"tenant\";q=10;qu=\"concurrent-requests\"");
        assert_eq!(headers[1].1, "\"tenant\";r=3");
    }
}
