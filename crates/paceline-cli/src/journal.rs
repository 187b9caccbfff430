//! The journal: what must survive a crash, in one SQLite file that anybody can open with `sqlite3`.
//!
//! It makes the sync engine's promises true. Every record has one [`State`]; what an acknowledged
//! commit said is there after `kill -9` and after a power cut; a record that departed and was not
//! heard of again is never taken for one still to do, unless sending it again is harmless.
//!
//! | for | read |
//! | --- | --- |
//! | the file's tables | `journal/schema.rs` |
//! | what a run may say | [`Entry`] |
//! | what it learns about a record of the source | [`Standing`] |
//! | what a run finds when it starts | [`Opened`] |
//! | the one thread that writes | `journal/writer.rs` |
//! | reading beside a running process | [`JournalReader`] |

mod apply;
mod batches;
mod binding;
mod classify;
mod entry;
mod error;
mod letters;
mod lock;
mod opening;
mod queue;
mod reader;
mod record;
mod runs;
mod schema;
mod scopes;
mod set_aside;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;

pub use batches::PendingBatch;
pub use binding::Binding;
pub use entry::{Batch, BatchId, Entry, ScopeName};
pub use error::JournalError;
pub use letters::{Letter, Letters};
pub use opening::{Open, Opened, Repeat, Resumed};
pub use reader::JournalReader;
pub use record::{Counts, Digest, RecordRef, Standing, State};
pub use runs::Run;
pub use scopes::SavedScope;

pub(crate) use scopes::cause_name;

use queue::{Queue, Request};

/// A handle on an open journal: cheap to clone, usable from any task.
///
/// One thread owns the file. It takes everything that waits, writes it in one transaction, makes it
/// durable, and only then answers (group commit), so that a thousand tasks share one flush of the disk.
///
/// What is handed over earlier is durable no later than what is handed over after it. After a failure
/// (a full disk, say) the handle refuses further work with the same error; the file stays consistent
/// and can be opened again.
///
/// Dropping the last handle writes what waits in the background; [`Journal::close`] waits for it.
#[derive(Clone, Debug)]
pub struct Journal {
    shared: Arc<Shared>,
}

impl Journal {
    /// Creates the journal at `path`, or resumes it, and holds it against other processes until closed.
    ///
    /// Blocks for file operations: some 0.2 s per million records when it resumes.
    ///
    /// # Errors
    /// The file is held by another process, is not a journal, is damaged or of a newer format, belongs
    /// to another source, target, template or key field, or cannot be written. Each says what to do.
    pub fn open(path: &Path, binding: &Binding, mode: Open, repeat: Repeat) -> Result<Opened, JournalError> {
        opening::open(path, binding, mode, repeat)
    }

    /// Writes `entries` as one: after a crash all of them are there, or none. Resolves when durable.
    ///
    /// Dropping the future does not take the entries back.
    ///
    /// # Errors
    /// The disk is full or failing, an earlier entry failed, or the journal is closed.
    pub async fn commit(&self, entries: Vec<Entry>) -> Result<(), JournalError> {
        self.ask(|answer| Request::Write { entries, answer: Some(answer) }).await
    }

    /// Hands `entry` over without waiting. It is durable with the next [`Journal::commit`], usually
    /// sooner; a failure shows there and at [`Journal::close`].
    ///
    /// Whoever enqueues without ever committing awaits [`Journal::room`] now and then, so that the
    /// queue stays small when the disk is slow.
    pub fn enqueue(&self, entry: Entry) {
        self.enqueue_all(vec![entry]);
    }

    /// Hands `entries` over as [`Journal::enqueue`] does one; after a crash all of them are there, or none.
    pub fn enqueue_all(&self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.shared.queue.push(Request::Write { entries, answer: None });
        }
    }

    /// Resolves when fewer than some thousand entries wait to be written, or the journal has failed.
    pub async fn room(&self) {
        self.shared.queue.room().await;
    }

    /// Why the journal takes nothing any more, once it has failed. Whoever only enqueues looks here now and then.
    #[must_use]
    pub fn failure(&self) -> Option<JournalError> {
        self.shared.queue.failure()
    }

    /// Tells how each of `records`, in the order of the source, stands with the journal.
    ///
    /// With a key field it notes where each key was seen in this run, which is how a second record
    /// with the same key is found, and new keys become [`State::Todo`]. Ask for some hundred at once.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub async fn classify(&self, records: Vec<RecordRef>) -> Result<Vec<Standing>, JournalError> {
        self.ask(|answer| Request::Classify { records, answer }).await
    }

    /// Counts the records by state, over all that the journal knows, this source's or an older one's.
    ///
    /// Reads every row: some 0.1 s per million records, during which nothing is committed.
    ///
    /// # Errors
    /// As [`Journal::commit`].
    pub async fn counts(&self) -> Result<Counts, JournalError> {
        self.ask(|answer| Request::Count { answer }).await
    }

    /// A number for a batch that no batch of this journal has had.
    #[must_use]
    pub fn next_batch_id(&self) -> BatchId {
        BatchId(self.shared.next_batch.fetch_add(1, Ordering::Relaxed))
    }

    /// Writes what waits, folds the write-ahead log into the file and releases it to other processes.
    /// Other clones of this handle are refused from then on.
    ///
    /// # Errors
    /// Something handed over earlier could not be written.
    pub async fn close(self) -> Result<(), JournalError> {
        self.ask(|answer| Request::Close { answer }).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, JournalError>>) -> Request,
    ) -> Result<T, JournalError> {
        let (answer, answered) = oneshot::channel();
        self.shared.queue.push(request(answer));
        // The thread drops an answer unsent only when it is closed, or gone.
        answered.await.unwrap_or_else(|_| Err(self.shared.queue.refusal()))
    }
}

/// What the clones of a handle have in common.
#[derive(Debug)]
struct Shared {
    queue: Arc<Queue>,
    next_batch: AtomicU64,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.no_more_handles();
    }
}
