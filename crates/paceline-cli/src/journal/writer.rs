//! The one thread that owns the file, and its group commit.

use std::io;
use std::sync::Arc;
use std::thread;

use super::apply::Tables;
use super::lock::Lock;
use super::opening;
use super::queue::{Answer, Outcome, Queue, Request};
use super::{JournalError, Standing};

/// Writes what the queue holds, until it is told to close or every handle is gone.
pub(super) struct Writer {
    tables: Tables,
    queue: Arc<Queue>,
    lock: Lock,
    failure: Option<JournalError>,
}

impl Writer {
    /// Starts the thread. It ends after a close, or when [`Queue::no_more_handles`] was called.
    pub(super) fn spawn(tables: Tables, queue: Arc<Queue>, lock: Lock) -> io::Result<()> {
        let writer = Self { tables, queue, lock, failure: None };
        // Not joined: a close is answered as the thread's last act.
        thread::Builder::new().name("journal".to_owned()).spawn(|| writer.run())?;
        Ok(())
    }

    fn run(mut self) {
        let end = EndOfQueue(Arc::clone(&self.queue));
        let mut closing = None;
        while closing.is_none() {
            let Some(requests) = self.queue.take() else { break };
            closing = self.serve(requests);
        }
        drop(end);
        let Self { tables, lock, failure, .. } = self;
        tables.fold_log();
        drop(tables);
        // Only now may somebody else open the file.
        drop(lock);
        if let Some(answer) = closing {
            let _ = answer.send(failure.map_or(Ok(()), Err));
        }
    }

    /// Writes all of `requests` in one transaction, then answers them. Returns the answer that is owed
    /// to whoever asked to close.
    fn serve(&mut self, mut requests: Vec<Request>) -> Option<Answer<()>> {
        let close = requests.iter().position(|request| matches!(request, Request::Close { .. }));
        let mut rest = requests.split_off(close.unwrap_or(requests.len())).into_iter();
        match self.write(&requests) {
            Ok(outcomes) => {
                requests.into_iter().zip(outcomes).for_each(|(request, outcome)| request.answer(outcome));
            }
            Err(error) => requests.into_iter().for_each(|request| request.refuse(&error)),
        }
        let closing = rest.next();
        let closed = JournalError::Closed { path: self.queue.path().to_owned() };
        rest.for_each(|request| request.refuse(&closed));
        match closing {
            Some(Request::Close { answer }) => Some(answer),
            _ => None,
        }
    }

    fn write(&mut self, requests: &[Request]) -> Result<Vec<Outcome>, JournalError> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.tables.transact(requests).map_err(|error| {
            // What was handed over without waiting is lost too: nothing later may be called safe.
            let failure = JournalError::from_sqlite(self.queue.path(), &error);
            self.queue.refuse(failure.clone());
            self.failure = Some(failure.clone());
            failure
        })
    }
}

impl Tables {
    /// Does `requests` in one transaction, durable when this returns.
    fn transact(&self, requests: &[Request]) -> rusqlite::Result<Vec<Outcome>> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let outcomes = requests.iter().map(|request| self.perform(request)).collect::<rusqlite::Result<_>>();
        let committed = outcomes.and_then(|outcomes| {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
            Ok(outcomes)
        });
        if committed.is_err() {
            // Some errors have rolled back already; then there is nothing left to do.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        committed
    }

    fn perform(&self, request: &Request) -> rusqlite::Result<Outcome> {
        match request {
            Request::Write { entries, .. } => {
                entries.iter().try_for_each(|entry| self.apply(entry)).map(|()| Outcome::Written)
            }
            Request::Classify { records, .. } => records
                .iter()
                .map(|record| self.classify(record))
                .collect::<rusqlite::Result<Vec<Standing>>>()
                .map(Outcome::Standings),
            Request::Count { .. } => opening::count(&self.connection).map(Outcome::Counts),
            Request::Close { .. } => Ok(Outcome::Written),
        }
    }

    /// Moves the write-ahead log into the file. Where that fails, because somebody is reading or the
    /// disk is full, the log stays beside it and nothing is lost.
    fn fold_log(&self) {
        let _ = self.connection.execute_batch("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(truncate)");
    }
}

/// Refuses what comes after the thread's last look, however the thread ends.
struct EndOfQueue(Arc<Queue>);

impl Drop for EndOfQueue {
    fn drop(&mut self) {
        self.0.end();
    }
}
