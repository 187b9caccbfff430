//! All the limits of a platform at once: all must grant, or nothing is taken.

use paceline_core::ScopeKind;
use rustc_hash::FxHashMap;

use crate::platform::change::Change;
use crate::platform::config::LimitConfig;
use crate::platform::fingerprint::Fingerprint;
use crate::platform::limiter::{Check, Limiter};
use crate::platform::published::Standing;
use crate::platform::request::Request;

/// One limiter of one key: the limit's place in the configuration, and the key's among those it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LimitKey {
    limit: u32,
    key: u32,
}

#[cfg(test)]
impl LimitKey {
    /// The first key of the first limit.
    pub(crate) const fn first() -> Self {
        Self { limit: 0, key: 0 }
    }
}

/// What the limits say to a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Taken; it is served after so many nanoseconds and holds these slots until then.
    Granted { delay: u64, slots: Vec<LimitKey> },
    /// Refused; after so many nanoseconds it would be granted if nothing else came.
    Refused { wait: u64, by: Refuser },
    /// It asks for more at once than a limit ever holds.
    TooMuch,
}

/// Which limit refused; the one with the longest wait if there were several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refuser {
    /// Whose limit it is.
    pub scope: ScopeKind,
    /// Whether it limits calls being served at once, not calls in a time.
    pub is_concurrency: bool,
}

#[derive(Debug)]
pub(crate) struct Limits {
    limits: Vec<Limit>,
    longest_service: u64,
    /// The keys that the call being judged falls under; kept to be used again.
    keys: Vec<LimitKey>,
    /// Those that refused it.
    refusing: Vec<LimitKey>,
}

impl Limits {
    pub(crate) fn new(configs: &[LimitConfig], longest_service: u64) -> Self {
        let limits = configs.iter().copied().map(Limit::new).collect();
        Self { limits, longest_service, keys: Vec::new(), refusing: Vec::new() }
    }

    /// Turns to a request: from now on [`Limits::keys`] are its keys.
    pub(crate) fn turn_to(&mut self, request: &Request<'_>) {
        self.keys.clear();
        self.refusing.clear();
        for (index, limit) in self.limits.iter_mut().enumerate() {
            if let Some(key) = limit.key_of(request, self.longest_service) {
                let limit = u32::try_from(index).expect("a configuration has fewer limits than that");
                self.keys.push(LimitKey { limit, key });
            }
        }
    }

    /// The keys that the call falls under.
    pub(crate) fn keys(&self) -> &[LimitKey] {
        &self.keys
    }

    /// The keys whose limiters refused it.
    pub(crate) fn refusing(&self) -> &[LimitKey] {
        &self.refusing
    }

    /// The places of the limits that refused it, as bits; those beyond the 64th are not told.
    pub(crate) fn refusing_places(&self) -> u64 {
        self.refusing.iter().fold(0, |places, key| places | 1_u64.checked_shl(key.limit).unwrap_or(0))
    }

    /// A limit becomes another one, for all its keys and those to come.
    pub(crate) fn change(&mut self, change: &Change) {
        let Some(limit) = self.limits.get_mut(change.limit) else { return };
        limit.config.kind = change.kind;
        let now = change.nanos();
        for keyed in &mut limit.keyed {
            keyed.limiter.change(now, change.kind, self.longest_service);
        }
    }

    /// All or nothing: a refusal takes nothing, except from limits that count refused calls.
    pub(crate) fn admit(&mut self, now: u64, cost: u32) -> Admission {
        for at in 0..self.keys.len() {
            let key = self.keys[at];
            match self.limiter(key).check(now, cost) {
                Check::Fits => {}
                Check::Wait(_) => self.refusing.push(key),
                Check::Never => return Admission::TooMuch,
            }
        }
        if self.refusing.is_empty() { self.take(now, cost) } else { self.refuse(now, cost) }
    }

    /// Of the limits that the call falls under, the one of which the least share is left, and how it stands.
    pub(crate) fn tightest(&mut self, now: u64) -> Option<(ScopeKind, Standing)> {
        let mut tightest: Option<(ScopeKind, Standing)> = None;
        for at in 0..self.keys.len() {
            let key = self.keys[at];
            let scope = self.limits[key.limit as usize].config.scope;
            let standing = self.limiter(key).standing(now);
            if tightest.is_none_or(|(_, least)| is_tighter(standing, least)) {
                tightest = Some((scope, standing));
            }
        }
        tightest
    }

    pub(crate) fn release(&mut self, key: LimitKey) {
        self.limiter(key).release();
    }

    /// For each limit: its kind, and what each of its keys has admitted.
    pub(crate) fn admitted(&self) -> impl Iterator<Item = (&LimitConfig, impl Iterator<Item = u64>)> {
        self.limits.iter().map(|limit| (&limit.config, limit.keyed.iter().map(|keyed| keyed.admitted)))
    }

    fn take(&mut self, now: u64, cost: u32) -> Admission {
        let mut delay = 0;
        let mut slots = Vec::new();
        for &key in &self.keys {
            let limit = &mut self.limits[key.limit as usize];
            let keyed = &mut limit.keyed[key.key as usize];
            keyed.admitted += u64::from(cost);
            delay = delay.max(keyed.limiter.take(now, cost));
            if limit.config.kind.is_concurrency() {
                slots.push(key);
            }
        }
        Admission::Granted { delay, slots }
    }

    fn refuse(&mut self, now: u64, cost: u32) -> Admission {
        for at in 0..self.keys.len() {
            let key = self.keys[at];
            if self.limits[key.limit as usize].config.counts_refused {
                self.limiter(key).charge_refused(now, cost);
            }
        }
        // Asked again, because a limit that counts refused calls now makes the client wait longer.
        let mut longest = (0, self.refusing[0]);
        for at in 0..self.keys.len() {
            let key = self.keys[at];
            if let Check::Wait(wait) = self.limiter(key).check(now, cost) {
                longest = longest.max((wait, key));
            }
        }
        let config = &self.limits[longest.1.limit as usize].config;
        let by = Refuser { scope: config.scope, is_concurrency: config.kind.is_concurrency() };
        Admission::Refused { wait: longest.0, by }
    }

    fn limiter(&mut self, key: LimitKey) -> &mut Limiter {
        &mut self.limits[key.limit as usize].keyed[key.key as usize].limiter
    }
}

/// Whether less of its count is left of `one` than of `other`.
fn is_tighter(one: Standing, other: Standing) -> bool {
    let share = |of: Standing, by: Standing| u128::from(of.remaining) * u128::from(by.count);
    share(one, other) < share(other, one)
}

#[derive(Debug)]
struct Limit {
    config: LimitConfig,
    /// The key's fingerprints -> its place in `keyed`.
    places: FxHashMap<(Fingerprint, Fingerprint), u32>,
    keyed: Vec<Keyed>,
}

#[derive(Debug)]
struct Keyed {
    limiter: Limiter,
    admitted: u64,
}

impl Limit {
    fn new(config: LimitConfig) -> Self {
        Self { config, places: FxHashMap::default(), keyed: Vec::new() }
    }

    /// The place of the request's key; none if the request does not fall under this limit.
    fn key_of(&mut self, request: &Request<'_>, longest_service: u64) -> Option<u32> {
        let key = match self.config.scope {
            ScopeKind::Tenant => (request.tenant, Fingerprint::default()),
            ScopeKind::Credential => (request.credential, Fingerprint::default()),
            ScopeKind::Integration => (request.tenant, request.integration),
            ScopeKind::Endpoint => (request.tenant, request.endpoint),
        };
        if self.config.only.is_some_and(|only| only != key.1) {
            return None;
        }
        let next = u32::try_from(self.keyed.len()).expect("memory ends before the keys do");
        Some(*self.places.entry(key).or_insert_with(|| {
            let limiter = Limiter::new(self.config.kind, longest_service);
            self.keyed.push(Keyed { limiter, admitted: 0 });
            next
        }))
    }
}
