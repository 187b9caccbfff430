//! One rule: which calls it is about, and what it says of them.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderMap, Method};
use paceline_core::{OnUncertain, Priority};

use super::header::HeaderMatch;
use super::path::SentPath;
use super::pattern::PathPattern;
use super::scope::ScopeSource;

/// What is said of some calls. Of which: all that is given of methods, path and header must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What it is called; for people.
    pub name: String,
    /// The methods meant; any, where there are none.
    pub methods: Vec<Method>,
    /// The paths meant.
    pub path: Option<PathPattern>,
    /// The header that the calls have.
    pub header: Option<HeaderMatch>,
    /// Which tenant's they are.
    pub tenant: Option<ScopeSource>,
    /// Which integration's they are.
    pub integration: Option<ScopeSource>,
    /// Which endpoint they go to.
    pub endpoint: Option<ScopeSource>,
    /// What each takes from its limits, in their units.
    pub cost: Option<NonZeroU32>,
    /// How many turns their clients have for each turn of others; at most [`Rule::MAX_WEIGHT`].
    pub weight: Option<NonZeroU32>,
    /// Which calls they go before.
    pub priority: Option<Priority>,
    /// How long they wait for a permit.
    pub patience: Option<Duration>,
    /// What to do when one may have been applied.
    pub on_uncertain: Option<OnUncertain>,
}

impl Rule {
    /// The most that a client can weigh: more is no longer a share, but a priority.
    pub const MAX_WEIGHT: u32 = 1_000;

    /// A rule called `name` that is about every call and says nothing of it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Whether it is about such a call.
    #[must_use]
    pub fn matches(&self, method: &Method, path: &SentPath<'_>, headers: &HeaderMap) -> bool {
        (self.methods.is_empty() || self.methods.contains(method))
            && self.path.as_ref().is_none_or(|pattern| pattern.matches(path))
            && self.header.as_ref().is_none_or(|header| header.matches(headers))
    }

    /// Each scope that it names, and the key that names it.
    pub fn scopes(&self) -> impl Iterator<Item = (&'static str, &ScopeSource)> {
        let named = [
            ("tenant", self.tenant.as_ref()),
            ("integration", self.integration.as_ref()),
            ("endpoint", self.endpoint.as_ref()),
        ];
        named.into_iter().filter_map(|(key, source)| Some((key, source?)))
    }
}
