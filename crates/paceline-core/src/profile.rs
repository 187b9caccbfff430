//! A platform's habits, as data: what its headers are called, what its refusals look like, what is known of its limits.
//!
//! Nothing here acts. The families read their own headers ([`Profile::published`]); whoever has the body of a reply looks up
//! the rest and tells the machine in an [`Answered`](crate::Answered). The IETF's fields and `Retry-After` describe themselves
//! and stand in no profile.

use std::num::NonZeroU64;
use std::time::Duration;

use crate::headers::vendor::{Pairs, Ratio};
use crate::headers::x_ratelimit::Triple;
use crate::headers::{Head, Published, PublishedLimit, QuotaUnit, ResetForm};
use crate::outcome::Meaning;
use crate::scope::ScopeKind;

/// What a platform does its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// What it is called.
    pub name: String,
    /// How limits are published.
    pub published: Vec<Family>,
    /// Where a refusal tells its wait, beside `Retry-After`; the first that tells one counts.
    pub waits: Vec<Wait>,
    /// Where a refusal names the kind of limit that refused; the first that names one counts.
    pub scopes: Vec<NamedScope>,
    /// Replies that mean something else than their status; the first that matches counts.
    pub disguises: Vec<Disguise>,
    /// What is known of its limits.
    pub quotas: Vec<KnownQuota>,
    /// Where a reply tells what its call has cost.
    pub cost: Option<Place>,
    /// Whether a 403 soon after a refusal is a ban; otherwise it rejects its call.
    pub ban_after_refusal: bool,
}

/// How one limit is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// Limit, remaining and reset, each in a header of its own.
    Triple(Triple),
    /// Used and limit in one value.
    Ratio(Ratio),
    /// Named numbers in one value.
    Pairs(Pairs),
}

/// Where in a reply something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the header of this name.
    Header(String),
    /// In its JSON body: a pointer (RFC 6901) in which `*` is every item of a list.
    Json(String),
}

/// Where a refusal tells its wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Here, in this form.
    At(Place, ResetForm),
    /// As the reset of a published limit of which nothing is left, or of which nothing says what is left.
    Reset,
    /// Nowhere; this is what the platform asks for.
    Usual(Duration),
}

/// Where a refusal names the kind of limit that refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedScope {
    /// Where.
    pub place: Place,
    /// What stands there, and what that means; the first that matches counts.
    pub values: Vec<(Pattern, ScopeKind)>,
}

/// A text, or with `*` at its end what begins with it. Case does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// A reply that means something else than its status. All that is given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disguise {
    /// Its status.
    pub status: u16,
    /// The path that was called, without query.
    pub path: Option<String>,
    /// What stands in a place.
    pub value: Option<(Place, Pattern)>,
    /// What its body holds somewhere, in whatever case.
    pub text: Option<String>,
    /// What it means.
    pub means: Meaning,
}

/// What is known of one limit before the first call: a hint, since plans differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownQuota {
    /// Whose it is.
    pub scope: ScopeKind,
    /// What it counts.
    pub unit: QuotaUnit,
    /// Units in a period, or at once.
    pub count: NonZeroU64,
    /// How long the period is; None for what counts what is under way.
    pub period: Option<Duration>,
}

impl Profile {
    /// What every platform gets that says nothing of itself.
    #[must_use]
    pub fn generic() -> Self {
        Self {
            name: Self::GENERIC.to_owned(),
            published: Vec::new(),
            waits: Vec::new(),
            scopes: Vec::new(),
            disguises: Vec::new(),
            quotas: Vec::new(),
            cost: None,
            ban_after_refusal: true,
        }
    }

    /// The name of [`Profile::generic`].
    pub const GENERIC: &'static str = "generic";

    /// The limits that `head` publishes.
    #[must_use]
    pub fn published(&self, head: &Head<'_>) -> Published {
        let mut published = Published::default();
        self.published.iter().filter_map(|family| family.read(head)).for_each(|limit| published.add(limit));
        published
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::generic()
    }
}

impl Family {
    /// The limit that `head` publishes in this way.
    #[must_use]
    pub fn read(&self, head: &Head<'_>) -> Option<PublishedLimit> {
        match self {
            Self::Triple(triple) => triple.read(head),
            Self::Ratio(ratio) => ratio.read(head),
            Self::Pairs(pairs) => pairs.read(head),
        }
    }
}

impl Place {
    /// Whether it is in the body.
    #[must_use]
    pub const fn is_in_body(&self) -> bool {
        matches!(self, Self::Json(_))
    }
}

impl NamedScope {
    /// The kind that `text` names.
    #[must_use]
    pub fn named_by(&self, text: &str) -> Option<ScopeKind> {
        self.values.iter().find(|(pattern, _)| pattern.matches(text)).map(|(_, kind)| *kind)
    }
}

impl Pattern {
    /// The pattern that is written so.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether `text` is one that is meant; blanks around it do not count.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = text.trim();
        match self.0.strip_suffix('*') {
            Some(start) => text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)),
            None => text.eq_ignore_ascii_case(&self.0),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Disguise {
    /// Whether the body must be read to tell.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        self.text.is_some() || self.value.as_ref().is_some_and(|(place, _)| place.is_in_body())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::headers::x_ratelimit::About;
    use crate::time::WallTime;

    #[test]
    fn a_pattern_is_a_text_or_a_beginning_in_any_case() {
        let cases = [
            ("user", " User ", true),
            ("user", "users", false),
            ("jira-quota-*", "Jira-Quota-Global-Based", true),
            ("jira-quota-*", "jira-burst-based", false),
            ("*", "anything", true),
            ("ab*", "é", false),
        ];
        for (pattern, text, is_meant) in cases {
            assert_eq!(Pattern::new(pattern).matches(text), is_meant, "{pattern}: {text}");
        }
    }

    #[test]
    fn the_first_value_that_matches_names_the_scope() {
        let values = [("global-*", ScopeKind::Credential), ("*", ScopeKind::Endpoint)];
        let values = values.map(|(text, kind)| (Pattern::new(text), kind)).to_vec();
        let naming = NamedScope { place: Place::Header("x-scope".to_owned()), values };
        assert_eq!(naming.named_by("global-rate"), Some(ScopeKind::Credential));
        assert_eq!(naming.named_by("other"), Some(ScopeKind::Endpoint));
    }

    #[test]
    fn every_family_of_a_profile_publishes_a_limit() {
        let ratio = |header: &str| {
            Family::Ratio(Ratio { header: header.to_owned(), key: None, about: About::default() })
        };
        let profile =
            Profile { published: vec![ratio("x-a"), ratio("x-b"), ratio("x-c")], ..Profile::generic() };
        let lines = [("x-a", "1/2"), ("x-b", "rubbish"), ("x-c", "3/4")];
        let published = profile.published(&Head::new(&lines, WallTime::from_unix_millis(0)));
        assert_eq!(published.iter().map(|limit| limit.count).collect::<Vec<_>>(), [Some(2), Some(4)]);
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in ".{0,10}", text in ".{0,10}") {
            let _ = Pattern::new(pattern).matches(&text);
        }
    }
}
