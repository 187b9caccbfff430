//! A disk that remembers what SQLite does to it, and that can fill up or fail.

mod image;
mod vfs;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use tempfile::TempDir;

pub(crate) use image::{Cut, Image, lay_out};

/// What happened to a file, in the order it happened; files are told apart by name.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write {
        file: String,
        offset: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        len: u64,
    },
    Sync {
        file: String,
    },
    Delete {
        file: String,
    },
    /// Names, that is deletions, are durable.
    SyncFolder,
    /// The test's own mark: what was said up to here was acknowledged.
    Acknowledged(usize),
}

/// One watched folder. Nothing in it is really synced: the test decides what a power cut leaves.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    state: Arc<Mutex<DiskState>>,
}

#[derive(Debug)]
pub(crate) struct DiskState {
    folder: PathBuf,
    ops: Vec<Op>,
    /// Bytes that can still be written; `None`: any number.
    room: Option<u64>,
    /// Syncs that still succeed; `None`: any number.
    good_syncs: Option<u64>,
}

impl Disk {
    /// Watches `folder` from now on.
    pub(crate) fn watch(folder: &Path) -> Self {
        vfs::install();
        let folder = folder.canonicalize().unwrap();
        let state = DiskState { folder, ops: Vec::new(), room: None, good_syncs: None };
        let disk = Self { state: Arc::new(Mutex::new(state)) };
        WATCHED.lock().unwrap().push(disk.clone());
        disk
    }

    pub(crate) fn push(&self, op: Op) {
        self.lock().ops.push(op);
    }

    pub(crate) fn take_ops(&self) -> Vec<Op> {
        std::mem::take(&mut self.lock().ops)
    }

    /// From now on only `bytes` more can be written.
    pub(crate) fn limit(&self, bytes: Option<u64>) {
        self.lock().room = bytes;
    }

    /// From now on only `syncs` more succeed.
    pub(crate) fn limit_syncs(&self, syncs: Option<u64>) {
        self.lock().good_syncs = syncs;
    }

    /// The watched folder that `path` is in.
    fn of(path: &Path) -> Option<Self> {
        let watched = WATCHED.lock().unwrap();
        watched.iter().find(|disk| path.starts_with(&disk.lock().folder)).cloned()
    }

    /// How many of `wanted` bytes find room.
    fn spend(&self, wanted: usize) -> usize {
        let mut state = self.lock();
        let Some(room) = &mut state.room else { return wanted };
        let fits = wanted.min(usize::try_from(*room).unwrap());
        *room -= fits as u64;
        fits
    }

    fn is_sync_good(&self) -> bool {
        let mut state = self.lock();
        let Some(good) = &mut state.good_syncs else { return true };
        let is_good = *good > 0;
        *good = good.saturating_sub(1);
        is_good
    }

    fn lock(&self) -> MutexGuard<'_, DiskState> {
        self.state.lock().unwrap()
    }
}

/// A folder in memory where there is such a thing: thousands of them are made and dropped.
pub(crate) fn fast_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { TempDir::new_in(memory).unwrap() } else { TempDir::new().unwrap() }
}

static WATCHED: Mutex<Vec<Disk>> = Mutex::new(Vec::new());
