//! Letters: why a record is dead or in doubt.

use std::borrow::Cow;

use paceline_core::WallTime;
use rusqlite::{Connection, Row, params};

use super::schema::{restored, stored};
use super::{Digest, JournalError, JournalReader, RecordRef, State};

/// Why a record was given up, or is in doubt; and the record itself, so that it can be exported.
#[derive(Clone, Debug, PartialEq)]
pub struct Letter {
    /// Which record.
    pub record: RecordRef,
    /// What was decided and why, in a word or a sentence. `interrupted`: a crash left it departed.
    pub verdict: Cow<'static, str>,
    /// HTTP status of the last answer; `None`: there was none.
    pub status: Option<u16>,
    /// The beginning of that answer's body.
    pub body: Option<String>,
    /// Those of its headers that the configuration keeps, as a JSON object.
    pub headers: Option<String>,
    /// The record, as JSON; `None`: a crash left only its position.
    pub content: Option<String>,
    /// How often it departed.
    pub attempts: u32,
    /// When this was decided.
    pub at: WallTime,
}

/// The letters of the records in one state, in the order of their rows; from [`JournalReader::letters`].
///
/// Memory does not grow with their number: they are read some hundred at a time.
#[derive(Debug)]
pub struct Letters<'a> {
    reader: &'a JournalReader,
    state: State,
    page: std::vec::IntoIter<(i64, Letter)>,
    /// The last row read; `None`: there are no more.
    after: Option<i64>,
}

impl<'a> Letters<'a> {
    pub(super) fn new(reader: &'a JournalReader, state: State) -> Self {
        Self { reader, state, page: Vec::new().into_iter(), after: Some(i64::MIN) }
    }
}

impl Iterator for Letters<'_> {
    type Item = Result<Letter, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.len() == 0 {
            match page(self.reader.connection(), self.state, self.after?) {
                Ok(letters) => self.page = letters.into_iter(),
                Err(error) => {
                    self.after = None;
                    return Some(Err(self.reader.failure(&error)));
                }
            }
        }
        let next = self.page.next();
        self.after = next.as_ref().map(|(row, _)| *row);
        next.map(|(_, letter)| Ok(letter))
    }
}

/// Writes the letter of the record in row `id`, if that record is in `state`.
pub(super) fn put(connection: &Connection, id: i64, letter: &Letter, state: State) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO letter (record, verdict, status, body, headers, content, attempts, at)
         SELECT id, ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM record WHERE id = ?1 AND state = ?2",
    )?;
    statement.execute(params![
        id,
        state.name(),
        letter.verdict,
        letter.status,
        letter.body,
        letter.headers,
        letter.content,
        letter.attempts,
        stored(letter.at.as_unix_millis()),
    ])?;
    Ok(())
}

/// Writes letters for all that departed and was not heard of again.
pub(super) fn put_interrupted(connection: &Connection, now: i64) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT OR REPLACE INTO letter (record, verdict, attempts, at)
         SELECT id, 'interrupted', 1, ?1 FROM record WHERE state = 'departed'",
        [now],
    )?;
    Ok(())
}

/// What departed and was not heard of again.
pub(super) fn departed(connection: &Connection) -> rusqlite::Result<Vec<RecordRef>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, position, key, digest, line FROM record WHERE state = 'departed' ORDER BY id",
    )?;
    statement.query_map([], read_record)?.collect()
}

fn page(connection: &Connection, state: State, after: i64) -> rusqlite::Result<Vec<(i64, Letter)>> {
    let mut statement = connection.prepare_cached(
        "SELECT record.id, position, key, digest, line, verdict, status, body, headers, content, attempts, at
         FROM letter CROSS JOIN record ON record.id = letter.record
         WHERE letter.record > ?1 AND record.state = ?2 ORDER BY letter.record LIMIT ?3",
    )?;
    let rows =
        statement.query_map(params![after, state.name(), PAGE], |row| Ok((row.get(0)?, read(row)?)))?;
    rows.collect()
}

fn read_record(row: &Row<'_>) -> rusqlite::Result<RecordRef> {
    Ok(RecordRef {
        position: restored(row.get(1)?),
        key: row.get(2)?,
        digest: Digest::from_bytes(row.get(3)?),
        line: restored(row.get(4)?),
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Letter> {
    Ok(Letter {
        record: read_record(row)?,
        verdict: Cow::Owned(row.get(5)?),
        status: row.get(6)?,
        body: row.get(7)?,
        headers: row.get(8)?,
        content: row.get(9)?,
        attempts: row.get(10)?,
        at: WallTime::from_unix_millis(restored(row.get(11)?)),
    })
}

/// Letters read at a time: with 2 KB of record and as much of answer each, about 1 MB.
const PAGE: i64 = 256;
