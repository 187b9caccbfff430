//! The state file: JSON, for programs and people.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline::driver::GateRecord;
use paceline_core::{GateCause, Learned, ScopeKind, ScopeSnapshot, Snapshot, WallTime};
use serde::{Deserialize, Serialize};

use super::closed_until;
use crate::learned;

/// Why a state file is of no use.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum StateError {
    #[error("the state file {path} cannot be read: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "{path} is no state file of this version of paceline ({why} is not what it should be): move it away, or name another \
         with --state",
        path = path.display()
    )]
    NotOurs { path: PathBuf, why: String },
    #[error(
        "another proxy keeps its state in {path}: end that one, or name another file with --state",
        path = path.display()
    )]
    InUse { path: PathBuf },
    #[error("the state file {path} cannot be written: {source}", path = path.display())]
    Unwritable { path: PathBuf, source: io::Error },
}

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Contents {
    paceline_state: u32,
    /// Keys the names of credentials: whoever has it can check a guess, so the file is its owner's alone.
    pub(super) salt: String,
    /// Whether a run has departed and not ended in order.
    pub(super) is_running: bool,
    /// The longest wait that the platform ever named, in milliseconds.
    longest_wait_ms: u64,
    /// The longest unused first.
    scopes: Vec<SavedScope>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SavedScope {
    kind: String,
    name: String,
    /// Until when its gate is closed, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    closed_until_ms: Option<u64>,
    /// What it was found to admit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    learned: Option<String>,
}

/// A closing, as it is saved.
#[derive(Debug)]
pub(super) struct SavedGate {
    kind: ScopeKind,
    name: String,
    until: WallTime,
}

impl SavedGate {
    pub(super) fn of(gate: &GateRecord) -> Self {
        Self { kind: gate.kind, name: gate.name.to_string(), until: gate.until_wall }
    }
}

/// The contents of `path`; None where there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Contents>, StateError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StateError::Unreadable { path: path.to_owned(), source }),
    };
    let not_ours = |why: String| StateError::NotOurs { path: path.to_owned(), why };
    let contents: Contents = serde_json::from_str(&text).map_err(|error| not_ours(error.to_string()))?;
    if contents.paceline_state != VERSION {
        return Err(not_ours(format!("version {}", contents.paceline_state)));
    }
    Ok(Some(contents))
}

impl Contents {
    pub(super) const fn new(salt: String) -> Self {
        Self { paceline_state: VERSION, salt, is_running: false, longest_wait_ms: 0, scopes: Vec::new() }
    }

    pub(super) const fn longest_wait(&self) -> Duration {
        Duration::from_millis(self.longest_wait_ms)
    }

    /// The platform has named a wait.
    pub(super) fn told(&mut self, wait: Duration) {
        self.longest_wait_ms = self.longest_wait_ms.max(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    }

    /// A gate closed; those that have opened meanwhile need not be remembered.
    pub(super) fn close(&mut self, gate: SavedGate, now: WallTime) {
        // What only a person may open is opened by starting again.
        if gate.until == WallTime::FAR_FUTURE {
            return;
        }
        for scope in &mut self.scopes {
            scope.closed_until_ms = scope.closed_until_ms.filter(|_| scope.is_closed(now));
        }
        self.scopes.retain(|scope| scope.closed_until_ms.is_some() || scope.learned.is_some());
        let scope = self.scope(gate.kind, &gate.name);
        scope.closed_until_ms = scope.closed_until_ms.max(Some(gate.until.as_unix_millis()));
    }

    /// What a machine has learned by `now` takes the place of what was known. Of more scopes than are kept, the longest unused go;
    /// none whose gate is closed.
    pub(super) fn learn(&mut self, snapshot: &Snapshot, now: WallTime) {
        let known = std::mem::take(&mut self.scopes);
        let mut known: HashMap<_, _> =
            known.into_iter().enumerate().map(|(place, scope)| (scope.key(), (place, scope))).collect();
        let told = snapshot.scopes.iter().filter_map(|told| {
            let mut fresh = SavedScope::new(told.kind, &told.name);
            fresh = known.remove(&fresh.key()).map_or(fresh, |(_, scope)| scope);
            fresh.learned = learned::written(&told.learned).or(fresh.learned);
            (fresh.learned.is_some() || fresh.closed_until_ms.is_some()).then_some(fresh)
        });
        let told: Vec<SavedScope> = told.collect();
        let mut others: Vec<(usize, SavedScope)> = known.into_values().collect();
        others.sort_by_key(|&(place, _)| place);
        self.scopes = others.into_iter().map(|(_, scope)| scope).chain(told).collect();
        let mut too_many = self.scopes.len().saturating_sub(MOST_SCOPES);
        self.scopes.retain(|scope| {
            let goes = too_many > 0 && !scope.is_closed(now);
            too_many -= usize::from(goes);
            !goes
        });
    }

    pub(super) fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers are JSON");
        format!("{text}\n")
    }

    /// What a machine starts from at `now`; with a `pause`, every scope is closed at least until then.
    pub(super) fn snapshot(&self, now: WallTime, pause: Option<WallTime>) -> Snapshot {
        let restored = self.scopes.iter().filter_map(|scope| scope.restored(now));
        let restored = restored.map(|scope| match pause {
            Some(until) => closed_until(scope, until),
            None => scope,
        });
        Snapshot { scopes: restored.collect() }
    }

    fn scope(&mut self, kind: ScopeKind, name: &str) -> &mut SavedScope {
        let place = self.scopes.iter().position(|scope| scope.kind == kind.name() && scope.name == name);
        let place = place.unwrap_or_else(|| {
            self.scopes.push(SavedScope::new(kind, name));
            self.scopes.len() - 1
        });
        &mut self.scopes[place]
    }
}

impl SavedScope {
    fn new(kind: ScopeKind, name: &str) -> Self {
        Self { kind: kind.name().to_owned(), name: name.to_owned(), closed_until_ms: None, learned: None }
    }

    fn key(&self) -> (String, String) {
        (self.kind.clone(), self.name.clone())
    }

    fn is_closed(&self, now: WallTime) -> bool {
        self.closed_until_ms.is_some_and(|until| until > now.as_unix_millis())
    }

    fn restored(&self, now: WallTime) -> Option<ScopeSnapshot> {
        let until = self.closed_until_ms.map(WallTime::from_unix_millis).filter(|&until| until > now);
        let learned = self.learned.as_deref().map_or_else(Learned::default, learned::read);
        Some(ScopeSnapshot {
            kind: ScopeKind::from_name(&self.kind)?,
            name: self.name.clone(),
            closed: until.map(|until| (until, GateCause::RetryAfter)),
            learned,
        })
    }
}

const VERSION: u32 = 1;
/// A megabyte of text, which is written with every closing; more clients than most platforms let one proxy have.
pub(super) const MOST_SCOPES: usize = 5_000;
