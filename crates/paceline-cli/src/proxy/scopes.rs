//! From the names of a call's limits to the pacer's scopes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use paceline::Pacer;
use paceline::driver::Stopped;
use paceline_core::{
    GateCause, Learned, Limits, ScopeId, ScopeKind, ScopeSet, ScopeSnapshot, Snapshot, WallTime,
};

use super::rules::Ruled;
use crate::wall_clock::wall_now;

/// The scopes that calls have named.
pub(super) struct Scopes {
    pacer: Pacer,
    known: Mutex<Known>,
}

struct Known {
    limits: LimitsOf,
    ids: [HashMap<Box<str>, Named>; ScopeKind::ALL.len()],
    /// What an earlier run knew of scopes that no call of this one has named yet.
    remembered: Vec<ScopeSnapshot>,
    /// Until when every scope is closed that an earlier run may have been told of as it was killed.
    pause: Option<WallTime>,
}

/// The limits that are configured for the scope of a kind and name.
pub type LimitsOf = Box<dyn Fn(ScopeKind, &str) -> Limits + Send + Sync>;

#[derive(Clone, Copy)]
struct Named {
    id: ScopeId,
    /// Whether limits are configured for it; to set them again would be to forget what was learned beside them.
    is_limited: bool,
    /// Whether others are configured since.
    is_stale: bool,
}

/// The names of a call's limits, from the widest.
#[derive(Debug)]
pub(super) struct Names<'a> {
    named: Vec<(ScopeKind, Cow<'a, str>)>,
}

impl<'a> Names<'a> {
    /// What the rules say, under the call's credential. `everyone` names the tenant of calls that have none, where they need one.
    pub(super) fn new(ruled: &Ruled<'a>, credential: String, everyone: Option<&'a str>) -> Self {
        let tenant = ruled.tenant.clone().or_else(|| everyone.map(Into::into));
        let named = [
            tenant.map(|name| (ScopeKind::Tenant, name)),
            Some((ScopeKind::Credential, credential.into())),
            ruled.integration.clone().map(|name| (ScopeKind::Integration, name)),
            ruled.endpoint.clone().map(|name| (ScopeKind::Endpoint, name)),
        ];
        Self { named: named.into_iter().flatten().collect() }
    }
}

impl Scopes {
    /// Scopes of `pacer`, each with the limits that are configured for it, and with what is remembered of it.
    pub(super) fn new(pacer: Pacer, limits: LimitsOf, remembered: Snapshot, pause: Option<WallTime>) -> Self {
        let known = Known { limits, ids: Default::default(), remembered: remembered.scopes, pause };
        Self { pacer, known: Mutex::new(known) }
    }

    /// The scopes of a call.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub(super) async fn find(&self, names: &Names<'_>) -> Result<ScopeSet, Stopped> {
        let mut set: Option<ScopeSet> = None;
        for (kind, name) in &names.named {
            let known = self.lock().ids[*kind as usize].get(name.as_ref()).copied();
            let id = match known {
                Some(named) if !named.is_stale => named.id,
                _ => self.name(*kind, name).await?,
            };
            set = Some(set.map_or_else(|| ScopeSet::one(id), |set| set.with(id)));
        }
        Ok(set.expect("every call has a credential's scope"))
    }

    /// The pacer has forgotten scopes that nobody used for long: they are named anew.
    pub(super) fn forget_idle(&self) {
        for ids in &mut self.lock().ids {
            ids.retain(|_, named| named.is_limited);
        }
    }

    /// Other limits are configured from now on. What is learned of scopes that have any is learned anew.
    pub(super) fn set_limits(&self, limits: LimitsOf) {
        let mut known = self.lock();
        known.limits = limits;
        known.ids.iter_mut().flat_map(HashMap::values_mut).for_each(|named| named.is_stale = true);
    }

    /// What this run knows of its scopes, and an earlier one of the others.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Stopped> {
        let mut snapshot = self.pacer.snapshot().await?;
        snapshot.scopes.extend(self.lock().remembered.iter().cloned());
        Ok(snapshot)
    }

    async fn name(&self, kind: ScopeKind, name: &str) -> Result<ScopeId, Stopped> {
        let (limits, remembered, was_limited) = self.lock().of(kind, name);
        let is_limited = limits != Limits::default();
        let id = if is_limited || was_limited {
            self.pacer.set_limits(kind, name, limits).await?
        } else {
            self.pacer.scope(kind, name).await?
        };
        if let Some(scope) = remembered {
            self.pacer.restore(Snapshot { scopes: vec![scope] });
        }
        let ids = &mut self.lock().ids[kind as usize];
        if ids.len() >= MOST_NAMES {
            ids.retain(|_, named| named.is_limited);
        }
        ids.insert(name.into(), Named { id, is_limited, is_stale: false });
        Ok(id)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The limits of a scope, what is remembered of it, which is told once, and whether it had limits before.
    fn of(&mut self, kind: ScopeKind, name: &str) -> (Limits, Option<ScopeSnapshot>, bool) {
        let place = self.remembered.iter().position(|scope| scope.kind == kind && scope.name == name);
        let remembered = place.map(|place| self.remembered.swap_remove(place));
        let paused = self.pause.filter(|&until| until > wall_now()).map(|until| ScopeSnapshot {
            kind,
            name: name.to_owned(),
            closed: Some((until, GateCause::RetryAfter)),
            learned: Learned::default(),
        });
        let was_limited = self.ids[kind as usize].get(name).is_some_and(|named| named.is_limited);
        ((self.limits)(kind, name), remembered.or(paused), was_limited)
    }
}

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scopes")
            .field("known", &self.lock().ids.each_ref().map(HashMap::len))
            .finish_non_exhaustive()
    }
}

/// Of each kind. All together no more than the pacer remembers of those that nobody uses (`Config::max_idle_scopes`), so that what is
/// known here it knows too.
const MOST_NAMES: usize = 2_500;
