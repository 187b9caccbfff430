//! The tables of the file, and how SQLite is told to keep them.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use super::JournalError;

/// What a file that was opened turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing yet, or what a crash left of a creation.
    Empty,
    /// A journal of this format.
    Journal,
}

/// Looks what `connection` has opened, without changing it.
pub(super) fn inspect(path: &Path, connection: &Connection) -> Result<Found, JournalError> {
    let read = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| JournalError::from_sqlite(path, &error))
    };
    let application = read("PRAGMA application_id")?;
    let format = read("PRAGMA user_version")?;
    if application == APPLICATION_ID {
        return match format {
            FORMAT => Ok(Found::Journal),
            found => Err(JournalError::Newer { path: path.to_owned(), found, known: FORMAT }),
        };
    }
    let objects = read("SELECT count(*) FROM sqlite_schema")?;
    if application == 0 && format == 0 && objects == 0 {
        return Ok(Found::Empty);
    }
    Err(JournalError::NotAJournal { path: path.to_owned() })
}

/// Makes every commit durable before it is acknowledged, and readable beside the writer.
pub(super) fn make_durable(path: &Path, connection: &Connection) -> Result<(), JournalError> {
    let set = || {
        connection.busy_timeout(PATIENCE)?;
        let mode: String = connection.query_row("PRAGMA journal_mode = wal", [], |row| row.get(0))?;
        connection.execute_batch("PRAGMA synchronous = full")?;
        connection.pragma_update(None, "cache_size", CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(mode)
    };
    match set().map_err(|error| JournalError::from_sqlite(path, &error))?.as_str() {
        "wal" => Ok(()),
        mode => Err(JournalError::Unusable {
            path: path.to_owned(),
            cause: format!("its file system cannot hold a write-ahead log, only mode `{mode}`"),
        }),
    }
}

/// Creates the tables. To be called inside the transaction that fills them.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(TABLES)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)
}

/// `number` as SQLite stores it. What does not fit, the end of time say, becomes the greatest that does.
pub(super) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What [`stored`] stored.
pub(super) fn restored(number: i64) -> u64 {
    if number == i64::MAX { u64::MAX } else { u64::try_from(number).unwrap_or(0) }
}

/// `PACE`: tells `file` and us that a SQLite file is a journal.
const APPLICATION_ID: i64 = 0x5041_4345;

/// Grows by one with every change of the tables that an older version could not read.
const FORMAT: i64 = 1;

/// Somebody who looks with `sqlite3` may hold the file for a moment; after this long it is an error.
const PATIENCE: Duration = Duration::from_secs(30);

/// Memory for pages, in KiB and negative as SQLite wants it: a million random keys still fit, mostly.
const CACHE_KIB: i64 = -16_384;

/// More than there are statements, so that none is ever prepared twice.
const STATEMENTS: usize = 48;

// The comments are for those who type `.schema`: SQLite keeps what stands within a statement.
// No foreign keys: they would be checked at every write, and only one program writes.
const TABLES: &str = "
CREATE TABLE binding (
  -- What this journal belongs to: one row. A run with another source, target, template or key is refused.
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  source      TEXT NOT NULL,     -- name of the source at the latest run
  fingerprint TEXT,              -- of the source's bytes; NULL: a pipe
  key_field   TEXT,              -- NULL: records are identified by position and digest
  target      TEXT NOT NULL,     -- method and URL template
  template    TEXT NOT NULL,     -- batches or single calls, and a digest of the request template
  salt        BLOB NOT NULL,     -- 16 random bytes that idempotency keys derive from
  created     INTEGER NOT NULL   -- milliseconds since 1970, as all times here
) STRICT;
CREATE TABLE record (
  -- Records and how far they have come. Without key_field, a record that nothing ever happened to has no row.
  id       INTEGER PRIMARY KEY,  -- no key_field: the position. Else: a number, negative for records without a key
  key      TEXT,                 -- text of the key field
  position INTEGER NOT NULL,     -- how many records came before it when it was last seen
  line     INTEGER NOT NULL,     -- line of the source, from 1; 0: it has none
  digest   BLOB NOT NULL,        -- 16 bytes of a hash of the content
  state    TEXT NOT NULL CHECK (state IN ('todo', 'departed', 'delivered', 'dead', 'in_doubt')),
  run      INTEGER,              -- run.id that last saw this key
  batch    INTEGER               -- batch.id that it is in, or was delivered in
) STRICT;
CREATE UNIQUE INDEX record_key ON record (key) WHERE key IS NOT NULL;
CREATE TABLE letter (
  -- Why a record is dead or in doubt: one for each such record.
  record   INTEGER PRIMARY KEY,  -- record.id
  verdict  TEXT NOT NULL,
  status   INTEGER,              -- HTTP status; NULL: no answer
  body     TEXT,                 -- beginning of the answer's body
  headers  TEXT,                 -- kept headers of the answer, as JSON
  content  TEXT,                 -- the record itself, as JSON; NULL: a crash left only its position
  attempts INTEGER NOT NULL,
  at       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER letter_void AFTER UPDATE OF state ON record
  WHEN old.state IN ('dead', 'in_doubt') AND new.state NOT IN ('dead', 'in_doubt')
  BEGIN DELETE FROM letter WHERE record = new.id; END;
CREATE TABLE batch (
  -- Records that are sent in one call under one idempotency key; record.batch says which.
  id    INTEGER PRIMARY KEY,
  key   TEXT NOT NULL,
  size  INTEGER NOT NULL,        -- records in it when it was formed
  state TEXT NOT NULL CHECK (state IN ('open', 'split', 'done'))
) STRICT;
CREATE TABLE scope (
  -- Server-side limits: closed gates, so that a restart is never early, and what was learned.
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  opens       INTEGER,           -- when its gate opens; NULL: it was never closed
  cause       TEXT,              -- why it is closed
  learned     TEXT,              -- limits learned: token-bucket 118.25/s burst 120; in-flight 10
  longest     INTEGER,           -- longest wait the platform ever named, in milliseconds
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE run (
  -- Each start of the program with this journal.
  id        INTEGER PRIMARY KEY,
  started   INTEGER NOT NULL,
  repeat    TEXT NOT NULL CHECK (repeat IN ('safe', 'unsafe')),  -- may a call be sent again unasked?
  departed  INTEGER,             -- when its first call left; NULL: none did
  ended     INTEGER,             -- NULL: it is under way, or crashed
  reason    TEXT,                -- why it ended
  todo      INTEGER,
  delivered INTEGER,
  dead      INTEGER,
  in_doubt  INTEGER
) STRICT;
";
