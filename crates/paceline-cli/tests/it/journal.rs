//! The journal: what it keeps, what it refuses, and what a crash leaves of it.

#[cfg(unix)]
pub(crate) mod disk;
#[cfg(unix)]
mod disk_full;
mod keyed;
mod kill;
mod model;
mod opening;
#[cfg(unix)]
mod power_cut;
mod reading;
mod scopes;
mod unkeyed;

use std::future::Future;
use std::path::{Path, PathBuf};

use paceline_cli::journal::{
    Binding, Digest, Entry, Journal, JournalError, Letter, Open, Opened, RecordRef, Repeat, Resumed, Standing,
};
use paceline_core::WallTime;
use tempfile::TempDir;

/// A folder with one journal in it.
struct Desk {
    folder: TempDir,
    binding: Binding,
}

impl Desk {
    fn unkeyed() -> Self {
        Self::with_key(None)
    }

    fn keyed() -> Self {
        Self::with_key(Some("id"))
    }

    fn with_key(key: Option<&str>) -> Self {
        let binding = Binding {
            source: "records.csv".to_owned(),
            fingerprint: Some("f00d".to_owned()),
            key_field: key.map(str::to_owned),
            target: "POST https://api.example.com/records".to_owned(),
            template: "7e57".to_owned(),
        };
        Self { folder: TempDir::new().unwrap(), binding }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("records.journal")
    }

    fn try_open(&self, mode: Open, repeat: Repeat) -> Result<Opened, JournalError> {
        Journal::open(&self.path(), &self.binding, mode, repeat)
    }

    fn open(&self, repeat: Repeat) -> Opened {
        self.try_open(Open::Resume, repeat).unwrap()
    }

    /// One run that says `entries` and closes without a word of its end, as a crash would.
    fn run(&self, repeat: Repeat, entries: Vec<Entry>) {
        let journal = self.open(repeat).journal;
        wait(journal.commit(entries)).unwrap();
        wait(journal.close()).unwrap();
    }

    /// How `records` stand in one more run.
    fn standings(&self, repeat: Repeat, records: &[RecordRef]) -> Vec<Standing> {
        let journal = self.open(repeat).journal;
        let standings = wait(journal.classify(records.to_vec())).unwrap();
        wait(journal.close()).unwrap();
        standings
    }

    /// What one more run finds when it starts.
    fn resumed(&self, repeat: Repeat) -> Resumed {
        let opened = self.open(repeat);
        wait(opened.journal.close()).unwrap();
        opened.resumed.unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The record at `position`, with some content.
fn record(position: u64) -> RecordRef {
    RecordRef { position, key: None, digest: digest(position), line: position + 2 }
}

/// The record at `position` with a key and a version of its content.
fn keyed(position: u64, key: &str, version: u64) -> RecordRef {
    RecordRef { key: Some(key.into()), digest: digest(version), ..record(position) }
}

fn digest(content: u64) -> Digest {
    Digest::from_bytes(u128::from(content).to_be_bytes())
}

fn letter(record: RecordRef) -> Box<Letter> {
    Box::new(Letter {
        record,
        verdict: "rejected".into(),
        status: Some(422),
        body: Some("{\"error\":\"name is missing\"}".to_owned()),
        headers: Some("{\"x-request-id\":\"7\"}".to_owned()),
        content: Some("{\"id\":7}".to_owned()),
        attempts: 2,
        at: WallTime::from_unix_millis(1_700_000_000_000),
    })
}

fn departed(records: &[RecordRef]) -> Entry {
    Entry::Departed { records: records.to_vec(), batch: None }
}

fn delivered(records: &[RecordRef]) -> Entry {
    Entry::Delivered { records: records.to_vec() }
}

fn shift(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}
