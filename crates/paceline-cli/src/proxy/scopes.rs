//! From the names of a call's limits to the pacer's scopes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceline::Pacer;
use paceline::driver::Stopped;
use paceline_core::{
    GateCause, Learned, Limits, ScopeId, ScopeKind, ScopeSet, ScopeSnapshot, Snapshot, WallTime,
};

use super::board::Tally;
use super::rules::Ruled;
use crate::wall_clock::wall_now;

/// The scopes that calls have named.
pub(super) struct Scopes {
    pacer: Pacer,
    known: Mutex<Known>,
    /// A name is known to nobody before its limits are set and its gate is closed again.
    naming: tokio::sync::Mutex<()>,
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

#[derive(Clone)]
struct Named {
    id: ScopeId,
    tally: Arc<Tally>,
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

/// The scopes of a call, and where it counts in each.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) set: ScopeSet,
    pub(super) tallies: Vec<Arc<Tally>>,
}

/// A scope that calls have named.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) id: ScopeId,
    pub(super) kind: ScopeKind,
    pub(super) name: Box<str>,
    pub(super) tally: Arc<Tally>,
}

impl<'a> Names<'a> {
    /// What the rules say, under the call's credential. `everyone` names the tenant of calls that have none, where they need one.
    pub(super) fn new(ruled: &Ruled<'a>, credential: String, everyone: Option<Cow<'a, str>>) -> Self {
        let tenant = ruled.tenant.clone().or(everyone);
        let named = [
            tenant.map(|name| (ScopeKind::Tenant, name)),
            Some((ScopeKind::Credential, credential.into())),
            ruled.integration.clone().map(|name| (ScopeKind::Integration, name)),
            ruled.endpoint.clone().map(|name| (ScopeKind::Endpoint, name)),
        ];
        Self { named: named.into_iter().flatten().collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (ScopeKind, &str)> {
        self.named.iter().map(|(kind, name)| (*kind, name.as_ref()))
    }
}

impl Scopes {
    /// Scopes of `pacer`, each with the limits that are configured for it, and with what is remembered of it.
    pub(super) fn new(pacer: Pacer, limits: LimitsOf, remembered: Snapshot, pause: Option<WallTime>) -> Self {
        let known = Known { limits, ids: Default::default(), remembered: remembered.scopes, pause };
        Self { pacer, known: Mutex::new(known), naming: tokio::sync::Mutex::default() }
    }

    /// The scopes of a call.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub(super) async fn find(&self, names: &Names<'_>) -> Result<Found, Stopped> {
        let mut set: Option<ScopeSet> = None;
        let mut tallies = Vec::with_capacity(names.named.len());
        for (kind, name) in &names.named {
            let known = self.lock().named(*kind, name);
            let named = match known {
                Some(named) => named,
                None => self.name(*kind, name).await?,
            };
            tallies.push(named.tally);
            set = Some(set.map_or_else(|| ScopeSet::one(named.id), |set| set.with(named.id)));
        }
        Ok(Found { set: set.expect("every call has a credential's scope"), tallies })
    }

    /// All that calls have named lately, in any order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let known = self.lock();
        let of_kind = |(kind, ids): (ScopeKind, &HashMap<Box<str>, Named>)| -> Vec<Seen> {
            let seen = ids.iter().map(|(name, named)| {
                let tally = Arc::clone(&named.tally);
                Seen { id: named.id, kind, name: name.clone(), tally }
            });
            seen.collect()
        };
        ScopeKind::ALL.into_iter().zip(&known.ids).flat_map(of_kind).collect()
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

    /// What an earlier run knew of scopes that this one has not used, and then what this one knows of its own.
    ///
    /// # Errors
    /// When the pacer has stopped.
    pub(super) async fn snapshot(&self) -> Result<Snapshot, Stopped> {
        let used = self.pacer.snapshot().await?;
        let mut scopes = self.lock().remembered.clone();
        scopes.extend(used.scopes);
        Ok(Snapshot { scopes })
    }

    async fn name(&self, kind: ScopeKind, name: &str) -> Result<Named, Stopped> {
        let _naming = self.naming.lock().await;
        let name = self.lock().room_for(kind, name);
        // Others may have come with the same name, and been first.
        if let Some(named) = self.lock().named(kind, name) {
            return Ok(named);
        }
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
        let tally = ids.get(name).map(|named| Arc::clone(&named.tally)).unwrap_or_default();
        let named = Named { id, tally, is_stale: false, is_limited };
        ids.insert(name.into(), named.clone());
        Ok(named)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn named(&self, kind: ScopeKind, name: &str) -> Option<Named> {
        self.ids[kind as usize].get(name).filter(|named| !named.is_stale).cloned()
    }

    /// `name`, or the one that all share who come when as many names have limits as may: those are never forgotten, and clients
    /// invent what names they like.
    fn room_for<'a>(&mut self, kind: ScopeKind, name: &'a str) -> &'a str {
        // What is closed stays closed for whoever it is closed for; a state file has only so many.
        let is_closed =
            |scope: &ScopeSnapshot| scope.kind == kind && scope.name == name && scope.closed.is_some();
        let ids = &mut self.ids[kind as usize];
        if ids.len() < MOST_NAMES || ids.contains_key(name) || self.remembered.iter().any(is_closed) {
            return name;
        }
        ids.retain(|_, named| named.is_limited);
        if ids.len() < MOST_NAMES { name } else { OTHERS }
    }

    /// The limits of a scope, what is remembered of it, which is told once, and whether it had limits before.
    fn of(&mut self, kind: ScopeKind, name: &str) -> (Limits, Option<ScopeSnapshot>, bool) {
        let place = self.remembered.iter().position(|scope| scope.kind == kind && scope.name == name);
        let remembered = place.map(|place| self.remembered.remove(place));
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
/// The scope of those whose names there is no room for.
const OTHERS: &str = "others";

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use paceline_core::Config;

    use super::*;

    fn limited() -> LimitsOf {
        Box::new(|_, _| Limits { in_flight: NonZeroU32::new(1), ..Limits::default() })
    }

    fn credential(name: &str) -> Names<'_> {
        Names { named: vec![(ScopeKind::Credential, name.into())] }
    }

    fn closed(name: &str) -> Snapshot {
        let until = wall_now() + std::time::Duration::from_secs(3_600);
        let closed = Some((until, GateCause::RetryAfter));
        let (kind, name) = (ScopeKind::Credential, name.to_owned());
        Snapshot { scopes: vec![ScopeSnapshot { kind, name, closed, learned: Learned::default() }] }
    }

    #[tokio::test]
    async fn names_that_clients_invent_fill_no_memory_though_limits_are_configured() {
        let scopes = Scopes::new(Pacer::start(Config::default()), limited(), Snapshot::default(), None);
        let first = scopes.find(&credential("first")).await.unwrap().set;
        for number in 0..MOST_NAMES + 10 {
            scopes.find(&credential(&number.to_string())).await.unwrap();
        }
        assert_eq!(scopes.lock().ids[ScopeKind::Credential as usize].len(), MOST_NAMES + 1);
        assert_eq!(scopes.find(&credential("first")).await.unwrap().set, first);
        let one = scopes.find(&credential("new")).await.unwrap().set;
        assert_eq!(scopes.find(&credential("newer")).await.unwrap().set, one);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_learns_of_a_scope_before_its_gate_is_closed_again() {
        for round in 0..200 {
            let limits: LimitsOf =
                if round % 2 == 0 { limited() } else { Box::new(|_, _| Limits::default()) };
            let pacer = Pacer::start(Config::default());
            let scopes = Arc::new(Scopes::new(pacer.clone(), limits, closed("a"), None));
            let callers = (0..4).map(|_| {
                let (pacer, scopes) = (pacer.clone(), Arc::clone(&scopes));
                tokio::spawn(async move {
                    let set = scopes.find(&credential("a")).await.unwrap().set;
                    let waiting = pacer.submit(paceline::CallSpec::new(set));
                    // Commands are obeyed in their order: this comes after the call.
                    pacer.snapshot().await.unwrap();
                    futures_util::FutureExt::now_or_never(waiting).is_some()
                })
            });
            for departed in futures_util::future::join_all(callers.collect::<Vec<_>>()).await {
                assert!(!departed.unwrap(), "round {round}");
            }
        }
    }
}
