//! How the records of a source stand with the journal.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::apply::{Identity, Membership, Tables, identity};
use super::schema::{restored, stored};
use super::{BatchId, Digest, RecordRef, Standing, State};

impl Tables {
    /// Tells how `record` stands, and notes what this run learns by meeting it. To be called inside a
    /// transaction.
    pub(super) fn classify(&self, record: &RecordRef) -> rusqlite::Result<Standing> {
        let Some(known) = Known::find(&self.connection, self.keyed, record)? else {
            if self.keyed {
                self.put(record, State::Todo, Membership::Now(None))?;
            }
            return Ok(Standing::New);
        };
        if known.is_other_in_run(record, self.run) {
            return Ok(Standing::DuplicateKey { first_position: known.position, first_line: known.line });
        }
        let standing = known.standing(record, self.keyed);
        if known.starts_anew(record, self.keyed) {
            self.put(record, State::Todo, Membership::Now(None))?;
        } else {
            self.note_seen(record, &known)?;
        }
        Ok(standing)
    }

    /// Notes where this run met a key.
    fn note_seen(&self, record: &RecordRef, known: &Known) -> rusqlite::Result<()> {
        if let Identity::Key(key) = self.identity(record)
            && known.run != Some(self.run)
        {
            self.connection
                .prepare_cached("UPDATE record SET position = ?2, line = ?3, run = ?4 WHERE key = ?1")?
                .execute(params![key, stored(record.position), stored(record.line), self.run])?;
        }
        Ok(())
    }
}

/// A record's row.
pub(super) struct Known {
    position: u64,
    line: u64,
    digest: Digest,
    state: State,
    run: Option<i64>,
    batch: Option<BatchId>,
    has_content: bool,
}

impl Known {
    /// The row of `record`, if it has one.
    pub(super) fn find(
        connection: &Connection,
        keyed: bool,
        record: &RecordRef,
    ) -> rusqlite::Result<Option<Self>> {
        match identity(keyed, record) {
            Identity::Row(id) => connection.prepare_cached(FIND_ROW)?.query_row([id], Self::read),
            Identity::Key(key) => connection.prepare_cached(FIND_KEY)?.query_row([key], Self::read),
        }
        .optional()
    }

    /// How `record` stands, judged by its row.
    pub(super) fn standing(&self, record: &RecordRef, keyed: bool) -> Standing {
        let is_same = self.digest == record.digest;
        match self.state {
            _ if !is_same && !keyed => Standing::SourceChanged,
            State::Departed => Standing::Departed,
            State::Todo if is_same => Standing::Todo { batch: self.batch },
            State::Dead if is_same => Standing::Dead,
            State::Todo | State::Dead => Standing::Todo { batch: None },
            State::Delivered if is_same => Standing::Delivered,
            State::Delivered => Standing::ChangedSinceDelivered,
            // The older form may have been applied: that is for a person to look at first.
            State::InDoubt => Standing::InDoubt { has_content: self.has_content },
        }
    }

    /// Whether another record of the source that `run` reads has this key already.
    fn is_other_in_run(&self, record: &RecordRef, run: i64) -> bool {
        self.run == Some(run) && self.position != record.position
    }

    /// Whether its content changed while nothing of the old content is applied or may be: then only
    /// the new content counts, and it is in no batch.
    fn starts_anew(&self, record: &RecordRef, keyed: bool) -> bool {
        keyed && self.digest != record.digest && matches!(self.state, State::Todo | State::Dead)
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let state = row.get_ref(3)?.as_str()?;
        let state = State::from_name(state).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok(Self {
            position: restored(row.get(0)?),
            line: restored(row.get(1)?),
            digest: Digest::from_bytes(row.get(2)?),
            state,
            run: row.get(4)?,
            batch: row.get::<_, Option<i64>>(5)?.map(|id| BatchId(restored(id))),
            has_content: row.get(6)?,
        })
    }
}

const FIND_ROW: &str = "
SELECT position, line, digest, state, run, batch,
  state = 'in_doubt' AND EXISTS (SELECT 1 FROM letter WHERE record = record.id AND content IS NOT NULL)
FROM record WHERE id = ?1";

const FIND_KEY: &str = "
SELECT position, line, digest, state, run, batch,
  state = 'in_doubt' AND EXISTS (SELECT 1 FROM letter WHERE record = record.id AND content IS NOT NULL)
FROM record WHERE key = ?1";
