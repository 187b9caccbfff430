//! Closed gates outlive the process: saved before the next departure, restored before the first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use paceline::driver::GateRecord;
use paceline_core::{GateCause, Instant, Learned, ScopeKind, ScopeSnapshot, Snapshot, WallTime};

use crate::journal::{Entry, Journal, JournalError, SavedScope, ScopeName};
use crate::learned;

/// Writes down every closing, and knows whether all of them are durable.
#[derive(Clone, Debug)]
pub(super) struct GateKeeper {
    journal: Journal,
    closings: Arc<AtomicU64>,
    saved: Arc<AtomicU64>,
    /// Whether the journal knows that this run sends.
    has_departed: Arc<AtomicBool>,
    /// Until when the platform asked to be left alone, in nanoseconds of the pacer's time.
    told_until: Arc<AtomicU64>,
}

impl GateKeeper {
    pub(super) fn new(journal: &Journal) -> Self {
        let [closings, saved, told_until] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
        let has_departed = Arc::new(AtomicBool::new(false));
        Self { journal: journal.clone(), closings, saved, has_departed, told_until }
    }

    /// A gate has closed. Does not wait: [`GateKeeper::save`] does.
    pub(super) fn closed(&self, gate: &GateRecord, wall: WallTime) {
        let scope = ScopeName { kind: gate.kind, name: gate.name.to_string() };
        if gate.cause == GateCause::RetryAfter {
            self.told_until.fetch_max(gate.until.as_nanos(), Ordering::AcqRel);
            let retry_after = Some(gate.until_wall.saturating_since(wall));
            self.journal.enqueue(Entry::Learned { scope: scope.clone(), limits: None, retry_after });
        }
        self.journal.enqueue(Entry::GateClosed { scope, until: gate.until_wall, cause: gate.cause });
        self.closings.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether what departs at `now` would come before the platform wants it: a second look, beside the
    /// machine's own, for the report.
    pub(super) fn is_early(&self, now: Instant) -> bool {
        now.as_nanos() < self.told_until.load(Ordering::Acquire)
    }

    /// Whether a departure must wait for [`GateKeeper::save`]: it is the first one, or a closing is not known
    /// to be durable.
    pub(super) fn is_unsaved(&self) -> bool {
        let has_departed = self.has_departed.load(Ordering::Acquire);
        !has_departed || self.saved.load(Ordering::Acquire) < self.closings.load(Ordering::Acquire)
    }

    /// Makes `entries`, every closing so far, and that this run sends, durable.
    pub(super) async fn save(&self, mut entries: Vec<Entry>) -> Result<(), JournalError> {
        let closings = self.closings.load(Ordering::Acquire);
        if !self.has_departed.load(Ordering::Acquire) {
            entries.push(Entry::FirstDeparture);
        }
        self.journal.commit(entries).await?;
        self.saved.fetch_max(closings, Ordering::AcqRel);
        self.has_departed.store(true, Ordering::Release);
        Ok(())
    }
}

/// What the machine starts from. `crashed_before`: by then the last run that sent anything was gone without a word, and
/// a refusal may have died with it; then nothing departs before the longest wait that this platform ever named has
/// passed since. That a gate is known to be closed changes nothing: the refusal that was lost may have asked for more.
pub(super) fn snapshot(
    saved: &[SavedScope],
    crashed_before: Option<WallTime>,
    credential: (ScopeKind, &str),
    now: WallTime,
) -> Snapshot {
    let mut scopes: Vec<ScopeSnapshot> = saved.iter().filter_map(|scope| restored(scope, now)).collect();
    let longest = saved.iter().filter_map(|scope| scope.longest_retry_after).max().unwrap_or_default();
    let pause = crashed_before.map(|crash| crash + longest.clamp(LEAST_PAUSE, GREATEST_PAUSE));
    // All calls of a run share their scopes: what closed one holds them all, whichever limits are configured now.
    let known = scopes.iter().filter_map(|scope| scope.closed).map(|(until, _)| until).max();
    if let Some(until) = pause.into_iter().chain(known).max().filter(|&until| until > now) {
        close(&mut scopes, credential, until);
    }
    Snapshot { scopes }
}

/// Closes a gate until `until`, unless it is closed for longer.
fn close(scopes: &mut Vec<ScopeSnapshot>, (kind, name): (ScopeKind, &str), until: WallTime) {
    let closed = Some((until, GateCause::RetryAfter));
    match scopes.iter_mut().find(|scope| (scope.kind, scope.name.as_str()) == (kind, name)) {
        Some(scope) if scope.closed.is_some_and(|(known, _)| known >= until) => {}
        Some(scope) => scope.closed = closed,
        None => {
            scopes.push(ScopeSnapshot { kind, name: name.to_owned(), closed, learned: Learned::default() })
        }
    }
}

/// A gate that only a person may open is not restored: running again is that person's word.
fn restored(saved: &SavedScope, now: WallTime) -> Option<ScopeSnapshot> {
    let closed = saved.closed.filter(|&(until, _)| until > now && until != WallTime::FAR_FUTURE);
    let learned = saved.learned.as_deref().map(learned::read).unwrap_or_default();
    let ScopeName { kind, name } = &saved.scope;
    let is_worth_it = closed.is_some() || learned != Learned::default();
    is_worth_it.then(|| ScopeSnapshot { kind: *kind, name: name.clone(), closed, learned })
}

/// What a machine has learned, for the journal.
pub(super) fn learned_entries(snapshot: &Snapshot) -> Vec<Entry> {
    let learned = snapshot.scopes.iter().filter_map(|scope| {
        let limits = Some(learned::written(&scope.learned)?);
        let scope = ScopeName { kind: scope.kind, name: scope.name.clone() };
        Some(Entry::Learned { scope, limits, retry_after: None })
    });
    learned.collect()
}

/// The shortest wait that a platform names in whole seconds.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// A daily quota's wait was told to few calls; to wait it out after every crash would never end.
const GREATEST_PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime::from_unix_millis(1_000_000);
    const SCOPE: (ScopeKind, &str) = (ScopeKind::Credential, "default");

    fn saved(closed: Option<WallTime>, longest: Option<u64>) -> SavedScope {
        SavedScope {
            scope: ScopeName { kind: SCOPE.0, name: SCOPE.1.to_owned() },
            closed: closed.map(|until| (until, GateCause::RetryAfter)),
            learned: Some("118.250/s".to_owned()),
            longest_retry_after: longest.map(Duration::from_secs),
        }
    }

    fn opening(snapshot: &Snapshot) -> Option<WallTime> {
        snapshot.scopes.iter().filter_map(|scope| scope.closed).map(|(until, _)| until).max()
    }

    #[test]
    fn a_gate_that_is_still_closed_is_restored() {
        let until = NOW + Duration::from_secs(20);
        assert_eq!(opening(&snapshot(&[saved(Some(until), Some(20))], None, SCOPE, NOW)), Some(until));
        let past = WallTime::from_unix_millis(1);
        assert_eq!(opening(&snapshot(&[saved(Some(past), Some(20))], None, SCOPE, NOW)), None);
    }

    #[test]
    fn a_gate_of_a_scope_that_is_no_longer_configured_holds_the_run_all_the_same() {
        let until = NOW + Duration::from_secs(20);
        let mut endpoint = saved(Some(until), None);
        endpoint.scope = ScopeName { kind: ScopeKind::Endpoint, name: "POST /records".to_owned() };
        let snapshot = snapshot(&[endpoint], None, SCOPE, NOW);
        let credential = snapshot.scopes.iter().find(|scope| (scope.kind, scope.name.as_str()) == SCOPE);
        assert_eq!(credential.and_then(|scope| scope.closed).map(|(until, _)| until), Some(until));
    }

    #[test]
    fn after_a_crash_the_longest_wait_ever_named_is_waited_out() {
        let opens = |longest| opening(&snapshot(&[saved(None, longest)], Some(NOW), SCOPE, NOW));
        assert_eq!(opens(Some(20)), Some(NOW + Duration::from_secs(20)));
        assert_eq!(opens(None), Some(NOW + Duration::from_secs(1)));
        assert_eq!(opens(Some(86_400)), Some(NOW + Duration::from_secs(60)));
        assert_eq!(opening(&snapshot(&[], Some(NOW), SCOPE, NOW)), Some(NOW + Duration::from_secs(1)));
    }

    #[test]
    fn a_gate_that_is_known_to_be_closed_does_not_shorten_the_wait_after_a_crash() {
        let opens = |closed: u64| {
            let until = NOW + Duration::from_secs(closed);
            opening(&snapshot(&[saved(Some(until), Some(20))], Some(NOW), SCOPE, NOW))
        };
        assert_eq!(opens(1), Some(NOW + Duration::from_secs(20)));
        assert_eq!(opens(30), Some(NOW + Duration::from_secs(30)));
    }

    #[test]
    fn the_wait_after_a_crash_runs_from_the_crash_not_from_the_latest_start() {
        let later = NOW + Duration::from_secs(15);
        let opens = |now| opening(&snapshot(&[saved(None, Some(20))], Some(NOW), SCOPE, now));
        assert_eq!(opens(later), Some(NOW + Duration::from_secs(20)));
        assert_eq!(opens(NOW + Duration::from_secs(20)), None);
    }

    #[test]
    fn a_gate_that_only_a_person_may_open_is_not_restored() {
        assert_eq!(opening(&snapshot(&[saved(Some(WallTime::FAR_FUTURE), None)], None, SCOPE, NOW)), None);
    }

    #[test]
    fn what_was_learned_comes_back_and_is_written_again_as_it_was() {
        let mut limited = saved(None, None);
        for text in ["token-bucket 118.25/s burst 120; in-flight 10", "fixed-window 1200/10s", "in-flight 10"]
        {
            limited.learned = Some(text.to_owned());
            let restored = snapshot(&[limited.clone()], None, SCOPE, NOW);
            let limits = Some(text.to_owned());
            let entry = Entry::Learned { scope: limited.scope.clone(), limits, retry_after: None };
            assert_eq!(learned_entries(&restored), [entry]);
        }
        limited.learned = Some("what a later version knows".to_owned());
        assert_eq!(snapshot(&[limited], None, SCOPE, NOW), Snapshot::default());
    }
}
