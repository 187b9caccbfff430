//! What outlives the proxy: closed gates, learned limits, and the salt of its names, in one small file.
//!
//! A closing is durable before the next departure: whoever is killed and started again comes no earlier than it was told.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use paceline::driver::GateRecord;
use paceline_core::{GateCause, ScopeSnapshot, Snapshot, WallTime};
use tokio::sync::Notify;

use super::fingerprint::Fingerprints;

mod file;
mod lock;

pub use file::StateError;
use file::{Contents, SavedGate};
use lock::Lock;

/// Keeps the file as new as the next departure needs it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct StateKeeper {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    _lock: Lock,
    contents: Mutex<Contents>,
    /// How often the contents changed in a way that departures wait for, and how often that was saved.
    closings: AtomicU64,
    saved: AtomicU64,
    has_departed: AtomicBool,
    has_closed: Notify,
    writing: tokio::sync::Mutex<()>,
}

/// What an earlier run has left.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) keeper: StateKeeper,
    pub(super) fingerprints: Fingerprints,
    /// What was closed and learned; where the run was killed, every scope is closed for as long as a refusal that died with it may
    /// have asked for.
    pub(super) snapshot: Snapshot,
    /// Until when scopes that this names not at all are closed, for the same reason.
    pub(super) pause: Option<WallTime>,
}

impl StateKeeper {
    /// Reads `path`, or starts it anew where there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, is none of ours, or another proxy has it: nothing is overwritten then.
    pub(super) fn open(path: &Path, now: WallTime) -> Result<Restored, StateError> {
        // By whatever link it is reached, it is one file with one lock, and a link is not replaced.
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
        let file = is_link.then(|| std::fs::canonicalize(path).ok()).flatten();
        let path = file.as_deref().unwrap_or(path);
        let lock = Lock::take(path)?;
        let found = file::read(path)?;
        let fingerprints = match &found {
            Some(contents) => Fingerprints::from_hex(&contents.salt)
                .ok_or_else(|| StateError::NotOurs { path: path.to_owned(), why: "its salt".to_owned() })?,
            None => Fingerprints::fresh(),
        };
        let contents = found.unwrap_or_else(|| Contents::new(fingerprints.to_hex()));
        let pause =
            contents.is_running.then(|| now + contents.longest_wait().clamp(LEAST_PAUSE, GREATEST_PAUSE));
        let snapshot = contents.snapshot(now, pause);
        let shared = Shared {
            path: path.to_owned(),
            _lock: lock,
            contents: Mutex::new(contents),
            closings: AtomicU64::new(0),
            saved: AtomicU64::new(0),
            has_departed: AtomicBool::new(false),
            has_closed: Notify::new(),
            writing: tokio::sync::Mutex::default(),
        };
        Ok(Restored { keeper: Self { shared: Arc::new(shared) }, fingerprints, snapshot, pause })
    }

    /// A gate has closed. Does not wait: the next departure does, and [`StateKeeper::closing`] says that there is something to save.
    pub(super) fn closed(&self, gate: &GateRecord, now: WallTime) {
        let mut contents = self.contents();
        if gate.cause == GateCause::RetryAfter {
            contents.told(gate.until_wall.saturating_since(now));
        }
        contents.close(SavedGate::of(gate), now);
        self.shared.closings.fetch_add(1, Ordering::AcqRel);
        self.shared.has_closed.notify_one();
    }

    /// Waits for a closing. While a long one lasts nothing departs that would save it.
    pub(super) async fn closing(&self) {
        self.shared.has_closed.notified().await;
    }

    /// Whether a departure must wait for [`StateKeeper::save`].
    pub(super) fn is_unsaved(&self) -> bool {
        let shared = &self.shared;
        let has_departed = shared.has_departed.load(Ordering::Acquire);
        !has_departed || shared.saved.load(Ordering::Acquire) < shared.closings.load(Ordering::Acquire)
    }

    /// Makes every closing so far durable, and that this run sends.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn save(&self) -> Result<(), StateError> {
        let _writing = self.shared.writing.lock().await;
        if !self.is_unsaved() {
            return Ok(());
        }
        self.write(|contents| contents.is_running = true).await?;
        self.shared.has_departed.store(true, Ordering::Release);
        Ok(())
    }

    /// Saves what was learned so far.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn save_learned(&self, snapshot: &Snapshot, now: WallTime) -> Result<(), StateError> {
        let _writing = self.shared.writing.lock().await;
        self.write(|contents| contents.learn(snapshot, now)).await
    }

    /// The run ends in order: all its replies have come, and there is nothing to wait out.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) async fn finish(&self, snapshot: &Snapshot, now: WallTime) -> Result<(), StateError> {
        let _writing = self.shared.writing.lock().await;
        self.write(|contents| {
            contents.learn(snapshot, now);
            contents.is_running = false;
        })
        .await
    }

    async fn write(&self, change: impl FnOnce(&mut Contents)) -> Result<(), StateError> {
        let closings = self.shared.closings.load(Ordering::Acquire);
        let text = {
            let mut contents = self.contents();
            change(&mut contents);
            contents.text()
        };
        let path = self.shared.path.clone();
        let written = tokio::task::spawn_blocking(move || replace(&path, &text)).await;
        let written = written.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        written.map_err(|source| StateError::Unwritable { path: self.shared.path.clone(), source })?;
        self.shared.saved.fetch_max(closings, Ordering::AcqRel);
        Ok(())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.shared.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts `text` in the place of the file, whole, and through a power cut: its folder is synced too.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    fresh.persist(path)?;
    // Only Unix lets a folder be opened and synced; elsewhere the rename is as durable as it gets.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// The shortest wait that a platform names in whole seconds.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
/// A daily quota's wait was told to few calls; to wait it out after every crash would never end.
const GREATEST_PAUSE: Duration = Duration::from_secs(60);

/// A scope as it is restored.
fn closed_until(mut scope: ScopeSnapshot, until: WallTime) -> ScopeSnapshot {
    if scope.closed.is_none_or(|(known, _)| known < until) {
        scope.closed = Some((until, GateCause::RetryAfter));
    }
    scope
}

#[cfg(test)]
mod tests;
