//! Batches: membership and key outlive a crash, so that a batch is sent again as it was.

use rusqlite::{Connection, params};

use super::schema::{restored, stored};
use super::{Batch, BatchId};

/// A batch that an earlier run formed and did not settle. Its members, met again in the source, are
/// [`super::Standing::Todo`] with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingBatch {
    /// Which.
    pub id: BatchId,
    /// Its idempotency key.
    pub key: String,
    /// How many members it had when it was formed. When the source has run out before all of them came (it may have
    /// changed, where there are keys), the batch cannot be sent as it was.
    pub size: u64,
}

/// Notes that `batch` was formed.
pub(super) fn open(connection: &Connection, batch: &Batch) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO batch (id, key, size, state) VALUES (?1, ?2, ?3, 'open')")?
        .execute(params![stored(batch.id.0), batch.key, stored(batch.members.len() as u64)])?;
    Ok(())
}

/// Notes what became of a batch.
pub(super) fn finish(connection: &Connection, batch: BatchId, state: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE batch SET state = ?2 WHERE id = ?1")?
        .execute(params![stored(batch.0), state])?;
    Ok(())
}

/// The batches that have a record still to do: to be sent again as they were, or not at all where a member has left.
pub(super) fn resume(connection: &Connection) -> rusqlite::Result<Vec<PendingBatch>> {
    let mut statement = connection.prepare(
        "SELECT batch.id, batch.key, batch.size
         FROM record CROSS JOIN batch ON batch.id = record.batch
         WHERE record.state = 'todo' AND batch.state = 'open'
         GROUP BY batch.id",
    )?;
    let rows = statement.query_map([], |row| {
        let (id, size) = (BatchId(restored(row.get(0)?)), restored(row.get(2)?));
        Ok(PendingBatch { id, key: row.get(1)?, size })
    })?;
    let pending: Vec<PendingBatch> = rows.collect::<rusqlite::Result<_>>()?;

    connection.execute("UPDATE batch SET state = 'done' WHERE state = 'open'", [])?;
    for batch in &pending {
        finish(connection, batch.id, "open")?;
    }
    connection.execute(
        "UPDATE record SET batch = NULL WHERE state = 'todo' AND batch IS NOT NULL
         AND batch NOT IN (SELECT id FROM batch WHERE state = 'open')",
        [],
    )?;
    Ok(pending)
}

/// The first number that no batch has had.
pub(super) fn next_id(connection: &Connection) -> rusqlite::Result<u64> {
    let greatest: i64 = connection.query_row("SELECT ifnull(max(id), 0) FROM batch", [], |row| row.get(0))?;
    Ok(restored(greatest) + 1)
}
