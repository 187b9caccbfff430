//! Closed gates outlive the process: saved before the next departure, restored before the first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paceline::driver::GateRecord;
use paceline_core::{GateCause, Instant, Rate, ScopeKind, ScopeSnapshot, Snapshot, WallTime};

use crate::journal::{Entry, Journal, JournalError, SavedScope, ScopeName};

/// Writes down every closing, and knows whether all of them are durable.
#[derive(Clone, Debug)]
pub(super) struct GateKeeper {
    journal: Journal,
    closings: Arc<AtomicU64>,
    saved: Arc<AtomicU64>,
    /// Until when the platform asked to be left alone, in nanoseconds of the pacer's time.
    told_until: Arc<AtomicU64>,
}

impl GateKeeper {
    pub(super) fn new(journal: &Journal) -> Self {
        let [closings, saved, told_until] = [(); 3].map(|()| Arc::new(AtomicU64::new(0)));
        Self { journal: journal.clone(), closings, saved, told_until }
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

    /// Whether a closing is not known to be durable.
    pub(super) fn is_unsaved(&self) -> bool {
        self.saved.load(Ordering::Acquire) < self.closings.load(Ordering::Acquire)
    }

    /// Makes `entries`, and every closing so far, durable.
    pub(super) async fn save(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        let closings = self.closings.load(Ordering::Acquire);
        self.journal.commit(entries).await?;
        self.saved.fetch_max(closings, Ordering::AcqRel);
        Ok(())
    }
}

/// What the machine starts from. `crashed`: the last run did not end in good order, so that a refusal may have died with
/// it; then nothing departs before the longest wait that this platform ever named has passed.
pub(super) fn snapshot(
    saved: &[SavedScope],
    crashed: bool,
    fallback: (ScopeKind, &str),
    now: WallTime,
) -> Snapshot {
    let mut scopes: Vec<ScopeSnapshot> = saved.iter().filter_map(|scope| restored(scope, now)).collect();
    let is_closed = scopes.iter().any(|scope| scope.closed.is_some());
    if crashed && !is_closed {
        let longest = saved.iter().filter_map(|scope| scope.longest_retry_after).max().unwrap_or_default();
        let pause = longest.clamp(LEAST_PAUSE, GREATEST_PAUSE);
        let closed = Some((now + pause, GateCause::RetryAfter));
        match scopes.iter_mut().find(|scope| (scope.kind, scope.name.as_str()) == fallback) {
            Some(scope) => scope.closed = closed,
            None => {
                let (kind, name) = fallback;
                scopes.push(ScopeSnapshot { kind, name: name.to_owned(), closed, rate: None });
            }
        }
    }
    Snapshot { scopes }
}

/// A gate that only a person may open is not restored: running again is that person's word.
fn restored(saved: &SavedScope, now: WallTime) -> Option<ScopeSnapshot> {
    let closed = saved.closed.filter(|&(until, _)| until > now && until != WallTime::FAR_FUTURE);
    let rate = saved.learned.as_deref().and_then(parse_rate);
    let ScopeName { kind, name } = &saved.scope;
    let is_worth_it = closed.is_some() || rate.is_some();
    is_worth_it.then(|| ScopeSnapshot { kind: *kind, name: name.clone(), closed, rate })
}

/// What a machine has learned, for the journal.
pub(super) fn learned(snapshot: &Snapshot) -> Vec<Entry> {
    let learned = snapshot.scopes.iter().filter_map(|scope| {
        let limits = Some(written_rate(scope.rate?));
        let scope = ScopeName { kind: scope.kind, name: scope.name.clone() };
        Some(Entry::Learned { scope, limits, retry_after: None })
    });
    learned.collect()
}

/// A learned rate as people read it.
pub(super) fn written_rate(rate: Rate) -> String {
    format!("{:.3}/s", rate.as_per_second())
}

fn parse_rate(text: &str) -> Option<Rate> {
    Rate::per_second(text.strip_suffix("/s")?.parse().ok()?)
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
        assert_eq!(opening(&snapshot(&[saved(Some(until), Some(20))], true, SCOPE, NOW)), Some(until));
        let past = WallTime::from_unix_millis(1);
        assert_eq!(opening(&snapshot(&[saved(Some(past), Some(20))], false, SCOPE, NOW)), None);
    }

    #[test]
    fn after_a_crash_the_longest_wait_ever_named_is_waited_out() {
        let opens = |longest| opening(&snapshot(&[saved(None, longest)], true, SCOPE, NOW));
        assert_eq!(opens(Some(20)), Some(NOW + Duration::from_secs(20)));
        assert_eq!(opens(None), Some(NOW + Duration::from_secs(1)));
        assert_eq!(opens(Some(86_400)), Some(NOW + Duration::from_secs(60)));
        assert_eq!(opening(&snapshot(&[], true, SCOPE, NOW)), Some(NOW + Duration::from_secs(1)));
    }

    #[test]
    fn a_gate_that_only_a_person_may_open_is_not_restored() {
        assert_eq!(opening(&snapshot(&[saved(Some(WallTime::FAR_FUTURE), None)], false, SCOPE, NOW)), None);
    }

    #[test]
    fn a_learned_rate_comes_back_as_it_was_written() {
        let rate = snapshot(&[saved(None, None)], false, SCOPE, NOW).scopes[0].rate.expect("it was saved");
        assert_eq!(written_rate(rate), "118.250/s");
        assert_eq!(parse_rate("fast"), None);
    }
}
