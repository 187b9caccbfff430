//! The rules of the proxy, as values: where a call goes, whose it is, which limits it falls under, how long it waits.
//!
//! Pure: a call's method, path and headers are looked at, nothing is kept and nothing is sent. A path is read once with
//! [`SentPath::read`], which refuses those that mean one thing here and another behind us.

mod header;
mod path;
mod pattern;
mod route;
mod rule;
mod scope;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use paceline_core::{OnUncertain, Priority};

pub use header::{HeaderMatch, NotAHeaderMatch, has_credential};
pub use path::{PathRefused, SentPath};
pub use pattern::{NotAPattern, PathPattern, PathPrefix};
pub use route::{NotAnUpstream, Route, Routed, Upstream};
pub use rule::Rule;
pub use scope::{ClientBy, NotAClient, NotAScope, ScopeSource, is_plain_name, safe_name};

/// All that is configured about calls. Cheap to make and to compare, and needs nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Where calls go that no route sends elsewhere.
    pub to: Option<Upstream>,
    /// Other ways, in the order in which they were written.
    pub routes: Vec<Route>,
    /// What is said of calls, in the order in which it was written.
    pub rules: Vec<Rule>,
    /// Who takes turns.
    pub client: ClientBy,
    /// The headers that tell a call's credential; the first that it has counts.
    pub credential: Vec<HeaderName>,
    /// How long a call waits for its permit where no rule says otherwise.
    pub patience: Duration,
}

/// What the rules say of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled<'a> {
    /// The name of its tenant, if it has one. Like all names here it is short and safe to print.
    pub tenant: Option<Cow<'a, str>>,
    /// The name of its integration, if it has one.
    pub integration: Option<Cow<'a, str>>,
    /// The name of its endpoint, if it has one.
    pub endpoint: Option<Cow<'a, str>>,
    /// What it takes from each of its limits, in their units.
    pub cost: NonZeroU32,
    /// How many turns its client has for each turn of a client of weight 1; at most [`Rule::MAX_WEIGHT`].
    pub weight: NonZeroU32,
    /// Which calls it goes before.
    pub priority: Priority,
    /// How long it waits for its permit, unless its client says otherwise.
    pub patience: Duration,
    /// What to do when it may have been applied; `None` lets its method and idempotency key decide.
    pub on_uncertain: Option<OnUncertain>,
}

impl Rules {
    /// Where a call to `path` goes: by the longest prefix that its path begins with. `None` where neither a route nor
    /// [`Rules::to`] has an upstream for it.
    #[must_use]
    pub fn route(&self, path: &SentPath<'_>) -> Option<Routed<'_>> {
        let matching = self.routes.iter().filter(|route| route.prefix.is_of(path));
        let route = matching.max_by_key(|route| route.prefix.len());
        let to = route.and_then(|route| route.to.as_ref()).or(self.to.as_ref())?;
        Some(Routed { to, is_paced: route.is_none_or(|route| route.is_paced) })
    }

    /// What is said of a call: every rule that matches it applies, and the first that says a thing counts.
    #[must_use]
    pub fn of<'a>(&'a self, method: &Method, path: &SentPath<'a>, headers: &'a HeaderMap) -> Ruled<'a> {
        let matching: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.matches(method, path, headers)).collect();
        let scope = |source: fn(&Rule) -> Option<&ScopeSource>| {
            matching.iter().find_map(|rule| source(rule)?.name(rule.path.as_ref(), method, path, headers))
        };
        Ruled {
            tenant: scope(|rule| rule.tenant.as_ref()),
            integration: scope(|rule| rule.integration.as_ref()),
            endpoint: scope(|rule| rule.endpoint.as_ref()),
            cost: first(&matching, |rule| rule.cost).unwrap_or(NonZeroU32::MIN),
            weight: first(&matching, |rule| rule.weight).unwrap_or(NonZeroU32::MIN),
            priority: first(&matching, |rule| rule.priority).unwrap_or_default(),
            patience: first(&matching, |rule| rule.patience).unwrap_or(self.patience),
            on_uncertain: first(&matching, |rule| rule.on_uncertain),
        }
    }

    /// The header that tells a call's credential, and what it says: a secret, so keep a fingerprint of it and nothing else.
    #[must_use]
    pub fn credential_of<'a>(&self, headers: &'a HeaderMap) -> Option<(&HeaderName, &'a HeaderValue)> {
        let told = |name| headers.get(name).filter(|value| !value.as_bytes().trim_ascii().is_empty());
        self.credential.iter().find_map(|name| Some((name, told(name)?)))
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            to: None,
            routes: Vec::new(),
            rules: Vec::new(),
            client: ClientBy::default(),
            credential: vec![AUTHORIZATION, X_API_KEY],
            patience: PATIENCE,
        }
    }
}

fn first<T>(rules: &[&Rule], says: impl Fn(&Rule) -> Option<T>) -> Option<T> {
    rules.iter().find_map(|rule| says(rule))
}

/// Where keys stand that are no `Authorization`.
pub(crate) const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Most clients give up after a minute, many after 30 s: an answer of ours must come before that.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
