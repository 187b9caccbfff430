//! What waits to be written: many tasks hand over, one thread takes all of it at once.

use std::mem;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Condvar, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use super::{Counts, Entry, JournalError, RecordRef, Standing};

/// Something to do for the thread that owns the file.
#[derive(Debug)]
pub(super) enum Request {
    /// Write these; tell when durable, if somebody waits for it.
    Write { entries: Vec<Entry>, answer: Option<Answer<()>> },
    /// Tell how these stand.
    Classify { records: Vec<RecordRef>, answer: Answer<Vec<Standing>> },
    /// Count the records.
    Count { answer: Answer<Counts> },
    /// Finish.
    Close { answer: Answer<()> },
}

/// What a request came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is durable.
    Written,
    /// How the records stand, in the order asked.
    Standings(Vec<Standing>),
    /// The records by state.
    Counts(Counts),
}

/// Where the answer to a request goes.
pub(super) type Answer<T> = oneshot::Sender<Result<T, JournalError>>;

/// The queue between the handles and the thread.
#[derive(Debug)]
pub(super) struct Queue {
    path: PathBuf,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    taken: Notify,
}

impl Queue {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, waiting: Mutex::default(), arrived: Condvar::new(), taken: Notify::new() }
    }

    /// The journal's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds `request` at the end. Once the journal failed, only a close is let in, and after that
    /// nothing: the request is dropped, and its answer with it.
    pub(super) fn push(&self, request: Request) {
        let mut waiting = self.lock();
        let may_pass = waiting.refusal.is_none() || matches!(request, Request::Close { .. });
        if waiting.is_over || !may_pass {
            return;
        }
        if let Request::Write { entries, .. } = &request {
            waiting.weight += entries.iter().map(Entry::weight).sum::<usize>();
        }
        waiting.requests.push(request);
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Resolves when little waits, or nothing is accepted any more.
    pub(super) async fn room(&self) {
        loop {
            let mut taken = pin!(self.taken.notified());
            // Registered before looking, or what is taken in between would be missed.
            taken.as_mut().enable();
            if self.has_room() {
                return;
            }
            taken.await;
        }
    }

    /// Blocks until something waits and takes all of it; `None`: no handle is left and all is done.
    pub(super) fn take(&self) -> Option<Vec<Request>> {
        let mut waiting = self.lock();
        while waiting.requests.is_empty() {
            if waiting.is_abandoned {
                return None;
            }
            waiting = self.arrived.wait(waiting).expect(UNPOISONED);
        }
        waiting.weight = 0;
        let requests = mem::take(&mut waiting.requests);
        drop(waiting);
        self.taken.notify_waiters();
        Some(requests)
    }

    /// From now on everything but a close is refused with `refusal`.
    pub(super) fn refuse(&self, refusal: JournalError) {
        self.lock().refusal.get_or_insert(refusal);
        self.taken.notify_waiters();
    }

    /// The thread has looked for the last time: what came since, and all that comes, is refused.
    pub(super) fn end(&self) {
        let closed = JournalError::Closed { path: self.path.clone() };
        let mut waiting = self.lock();
        waiting.is_over = true;
        let refusal = waiting.refusal.get_or_insert(closed).clone();
        let requests = mem::take(&mut waiting.requests);
        drop(waiting);
        requests.into_iter().for_each(|request| request.refuse(&refusal));
        self.taken.notify_waiters();
    }

    /// Why requests are refused, if they are.
    pub(super) fn failure(&self) -> Option<JournalError> {
        self.lock().refusal.clone()
    }

    /// Why requests are refused.
    pub(super) fn refusal(&self) -> JournalError {
        self.failure().unwrap_or_else(|| JournalError::Closed { path: self.path.clone() })
    }

    /// The last handle is gone.
    pub(super) fn no_more_handles(&self) {
        self.lock().is_abandoned = true;
        self.arrived.notify_one();
    }

    fn has_room(&self) -> bool {
        let waiting = self.lock();
        waiting.weight < ROOM || waiting.refusal.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().expect(UNPOISONED)
    }
}

impl Request {
    /// Answers with `outcome`, which must be of the kind that was asked for.
    pub(super) fn answer(self, outcome: Outcome) {
        // Whoever asked may have gone: then nobody minds.
        match (self, outcome) {
            (Self::Write { answer: Some(answer), .. }, Outcome::Written) => {
                let _ = answer.send(Ok(()));
            }
            (Self::Classify { answer, .. }, Outcome::Standings(standings)) => {
                let _ = answer.send(Ok(standings));
            }
            (Self::Count { answer }, Outcome::Counts(counts)) => {
                let _ = answer.send(Ok(counts));
            }
            _ => {}
        }
    }

    /// Answers with `error`.
    pub(super) fn refuse(self, error: &JournalError) {
        match self {
            Self::Write { answer: None, .. } => {}
            Self::Write { answer: Some(answer), .. } | Self::Close { answer } => {
                let _ = answer.send(Err(error.clone()));
            }
            Self::Classify { answer, .. } => {
                let _ = answer.send(Err(error.clone()));
            }
            Self::Count { answer } => {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    requests: Vec<Request>,
    /// Rows that they will write.
    weight: usize,
    /// Why nothing but a close is accepted.
    refusal: Option<JournalError>,
    /// No handle is left.
    is_abandoned: bool,
    /// The thread takes no more.
    is_over: bool,
}

/// Rows that may wait before [`Queue::room`] holds its caller: one transaction of this size takes
/// about 50 ms, and its requests some 2 MB.
const ROOM: usize = 8_192;

const UNPOISONED: &str = "nobody panics while holding the queue";
