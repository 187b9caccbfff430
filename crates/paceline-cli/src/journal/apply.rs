//! Entries become rows: the state machine of a record, in SQL.

use rusqlite::{Connection, OptionalExtension, params};

use super::batches;
use super::letters;
use super::runs;
use super::schema::stored;
use super::scopes;
use super::{BatchId, Entry, Letter, RecordRef, State};

/// The tables of an open journal, as the one who writes them needs them.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) connection: Connection,
    /// Whether records are identified by a key field.
    pub(super) keyed: bool,
    /// The number of this run.
    pub(super) run: i64,
}

impl Tables {
    /// Writes one entry. To be called inside a transaction.
    pub(super) fn apply(&self, entry: &Entry) -> rusqlite::Result<()> {
        match entry {
            Entry::FirstDeparture => runs::depart(&self.connection, self.run),
            Entry::Departed { records, batch } => {
                self.each(records, State::Departed, Membership::Now(*batch))
            }
            Entry::Delivered { records } => self.each(records, State::Delivered, Membership::Kept),
            Entry::Dead(letter) => self.write_letter(letter, State::Dead),
            Entry::InDoubt(letter) => self.write_letter(letter, State::InDoubt),
            Entry::BackToTodo { records, batch } => {
                records.iter().try_for_each(|record| self.back_to_todo(record, *batch))
            }
            Entry::BatchFormed(batch) => self.form(batch),
            Entry::BatchSplit { batch, into } => {
                batches::finish(&self.connection, *batch, "split")?;
                into.iter().try_for_each(|part| self.form(part))
            }
            Entry::BatchDone { batch } => batches::finish(&self.connection, *batch, "done"),
            Entry::GateClosed { scope, until, cause } => {
                scopes::close(&self.connection, scope, *until, *cause)
            }
            Entry::Learned { scope, limits, retry_after } => {
                scopes::learn(&self.connection, scope, limits.as_deref(), *retry_after)
            }
            Entry::Acquitted => self.acquit(),
            Entry::RunEnded { reason, counts } => runs::end(&self.connection, self.run, reason, counts),
        }
    }

    /// What identifies `record` in the tables.
    pub(super) fn identity<'a>(&self, record: &'a RecordRef) -> Identity<'a> {
        identity(self.keyed, record)
    }

    /// Gives `record` the state `state`, creating its row where it has none.
    pub(super) fn put(
        &self,
        record: &RecordRef,
        state: State,
        membership: Membership,
    ) -> rusqlite::Result<()> {
        let (position, line) = (stored(record.position), stored(record.line));
        let (digest, state) = (record.digest.as_bytes(), state.name());
        let (moves, batch) = match membership {
            Membership::Kept => (false, None),
            Membership::Now(batch) => (true, batch.map(|id| stored(id.0))),
        };
        match self.identity(record) {
            Identity::Row(id) => self
                .connection
                .prepare_cached(PUT_ROW)?
                .execute(params![id, position, line, digest, state, batch, moves])?,
            Identity::Key(key) => self
                .connection
                .prepare_cached(PUT_KEY)?
                .execute(params![key, position, line, digest, state, batch, moves, self.run])?,
        };
        Ok(())
    }

    fn each(&self, records: &[RecordRef], state: State, membership: Membership) -> rusqlite::Result<()> {
        records.iter().try_for_each(|record| self.put(record, state, membership))
    }

    fn write_letter(&self, letter: &Letter, state: State) -> rusqlite::Result<()> {
        self.put(&letter.record, state, Membership::Kept)?;
        let id = match self.identity(&letter.record) {
            Identity::Row(id) => Some(id),
            Identity::Key(key) => self
                .connection
                .prepare_cached("SELECT id FROM record WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()?,
        };
        id.map_or(Ok(()), |id| letters::put(&self.connection, id, letter, state))
    }

    fn back_to_todo(&self, record: &RecordRef, batch: Option<BatchId>) -> rusqlite::Result<()> {
        let batch = batch.map(|id| stored(id.0));
        match self.identity(record) {
            Identity::Row(id) => {
                self.connection.prepare_cached(BACK_ROW)?.execute(params![id, batch])?;
            }
            Identity::Key(key) => {
                self.connection.prepare_cached(BACK_KEY)?.execute(params![key, batch])?;
            }
        }
        Ok(())
    }

    fn acquit(&self) -> rusqlite::Result<()> {
        self.connection.prepare_cached(ACQUIT)?.execute(params![self.run])?;
        Ok(())
    }

    fn form(&self, batch: &super::Batch) -> rusqlite::Result<()> {
        batches::open(&self.connection, batch)?;
        self.each(&batch.members, State::Todo, Membership::Now(Some(batch.id)))
    }
}

/// What identifies a record in the tables.
#[derive(Clone, Copy, Debug)]
pub(super) enum Identity<'a> {
    /// The number of its row.
    Row(i64),
    /// The text of its key field.
    Key(&'a str),
}

/// Which batch a record is in from now on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Membership {
    /// The one it was in.
    Kept,
    /// This one, or none.
    Now(Option<BatchId>),
}

/// What identifies `record` in a journal with a key field, or without.
pub(super) fn identity(keyed: bool, record: &RecordRef) -> Identity<'_> {
    match &record.key {
        Some(key) if keyed => Identity::Key(key),
        // Beside rows numbered by key, positions count downwards from -1.
        _ if keyed => Identity::Row(-1 - stored(record.position)),
        _ => Identity::Row(stored(record.position)),
    }
}

// What is delivered stays delivered. A key that was delivered with other content starts anew.

const PUT_ROW: &str = "
INSERT INTO record (id, position, line, digest, state, batch) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (id) DO UPDATE SET
  line = excluded.line, digest = excluded.digest, state = excluded.state,
  batch = CASE WHEN ?7 THEN excluded.batch ELSE batch END
WHERE state <> 'delivered'";

const PUT_KEY: &str = "
INSERT INTO record (key, position, line, digest, state, batch, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?8)
ON CONFLICT (key) WHERE key IS NOT NULL DO UPDATE SET
  position = excluded.position, line = excluded.line, digest = excluded.digest, state = excluded.state,
  batch = CASE WHEN ?7 THEN excluded.batch ELSE batch END, run = excluded.run
WHERE state <> 'delivered' OR digest <> excluded.digest";

const BACK_ROW: &str =
    "UPDATE record SET state = 'todo', batch = ?2 WHERE id = ?1 AND state IN ('departed', 'todo')";

const BACK_KEY: &str =
    "UPDATE record SET state = 'todo', batch = ?2 WHERE key = ?1 AND state IN ('departed', 'todo')";

const ACQUIT: &str = "
UPDATE record SET state = 'todo', batch = NULL
WHERE state = 'dead' AND id >= 0
AND id IN (SELECT record FROM letter WHERE at >= (SELECT started FROM run WHERE id = ?1))";
