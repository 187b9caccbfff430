//! Records from the source, and how each stands with the journal.

use std::sync::Arc;
use std::thread;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ending::Ending;
use super::parcel::Item;
use crate::journal::{Journal, Standing};
use crate::records::{self, Records, RecordsError, SourceSpec};

/// Reads ahead, a little.
#[derive(Debug)]
pub(super) struct Intake {
    chunks: mpsc::Receiver<Result<Vec<(Item, Standing)>, Ending>>,
    classifying: JoinHandle<()>,
}

/// What it reads and compares with.
pub(super) struct IntakeSpec {
    pub(super) source: SourceSpec,
    pub(super) key_field: Option<String>,
    pub(super) journal: Journal,
    /// Whether the journal has nothing to say: it is new, and no key can occur twice.
    pub(super) is_all_new: bool,
}

impl Intake {
    /// Starts a thread that reads, and a task that asks the journal.
    ///
    /// # Errors
    /// When the source cannot be opened.
    pub(super) fn start(spec: IntakeSpec) -> Result<Self, RecordsError> {
        let source = records::open(&spec.source)?;
        let (read, to_classify) = mpsc::channel(READ_AHEAD);
        let key_field = spec.key_field.clone();
        thread::Builder::new()
            .name("paceline-records".to_owned())
            .spawn(move || read_all(source, key_field.as_deref(), &read))
            .expect("the system has room for one thread more");
        let (classified, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let classifying = tokio::spawn(classify_all(spec, to_classify, classified));
        Ok(Self { chunks, classifying })
    }

    /// The next records; None at the end of the source.
    pub(super) async fn next(&mut self) -> Option<Result<Vec<(Item, Standing)>, Ending>> {
        self.chunks.recv().await
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        // The thread ends when nobody takes what it reads.
        self.classifying.abort();
    }
}

fn read_all(source: Records, key_field: Option<&str>, read: &mpsc::Sender<Result<Item, RecordsError>>) {
    for record in source {
        let item = record.map(|record| Item::new(record, key_field));
        if read.blocking_send(item).is_err() {
            return;
        }
    }
}

async fn classify_all(
    spec: IntakeSpec,
    mut read: mpsc::Receiver<Result<Item, RecordsError>>,
    classified: mpsc::Sender<Result<Vec<(Item, Standing)>, Ending>>,
) {
    let spec = Arc::new(spec);
    let mut taken = Vec::with_capacity(CHUNK);
    // As much as is there, at least one: a pipe that delivers slowly is not waited for.
    while read.recv_many(&mut taken, CHUNK).await > 0 {
        let (items, failure) = split_at_failure(taken.drain(..));
        let chunk = classify(&spec, items).await;
        let failed = chunk.is_err() || failure.is_some();
        if classified.send(chunk).await.is_err() {
            return;
        }
        if let Some(error) = failure {
            // Nobody to tell: the run has ended already.
            let _ = classified.send(Err(Ending::Source(error))).await;
        }
        if failed {
            return;
        }
    }
}

fn split_at_failure(
    taken: impl Iterator<Item = Result<Item, RecordsError>>,
) -> (Vec<Item>, Option<RecordsError>) {
    let mut items = Vec::new();
    for item in taken {
        match item {
            Ok(item) => items.push(item),
            Err(error) => return (items, Some(error)),
        }
    }
    (items, None)
}

async fn classify(spec: &IntakeSpec, items: Vec<Item>) -> Result<Vec<(Item, Standing)>, Ending> {
    if spec.is_all_new {
        return Ok(items.into_iter().map(|item| (item, Standing::New)).collect());
    }
    let references = items.iter().map(|item| item.reference.clone()).collect();
    let standings = spec.journal.classify(references).await.map_err(Ending::Journal)?;
    Ok(items.into_iter().zip(standings).collect())
}

/// Records between the reading thread and the journal: some milliseconds of work at full speed.
const READ_AHEAD: usize = 512;
/// Records in one question to the journal.
const CHUNK: usize = 256;
/// Answered questions that wait for the engine.
const CHUNKS_AHEAD: usize = 2;
