//! Runs: each start of the program with a journal.

use paceline_core::WallTime;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::schema::{restored, stored};
use super::{Counts, Repeat};

/// One start of the program with this journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Counts up from 1.
    pub number: u64,
    /// When it started.
    pub started: WallTime,
    /// Whether its calls could be sent again unasked.
    pub repeat: Repeat,
    /// When, why and with which counts it ended; `None`: it is under way, or it crashed.
    pub ended: Option<(WallTime, String, Counts)>,
}

/// Notes the start of a run and returns its number.
pub(super) fn start(connection: &Connection, repeat: Repeat, now: i64) -> rusqlite::Result<i64> {
    connection.query_row(
        "INSERT INTO run (started, repeat) VALUES (?1, ?2) RETURNING id",
        params![now, repeat_name(repeat)],
        |row| row.get(0),
    )
}

/// Notes that a run is about to send its first call.
pub(super) fn depart(connection: &Connection, run: i64) -> rusqlite::Result<()> {
    let sql = "UPDATE run SET departed = ifnull(departed, ?2) WHERE id = ?1";
    connection.execute(sql, params![run, super::opening::now()])?;
    Ok(())
}

/// If the latest run that sent anything crashed: an instant before which it did, `now` at the latest.
pub(super) fn crashed_before(connection: &Connection, now: i64) -> rusqlite::Result<Option<WallTime>> {
    let sql = "SELECT (SELECT min(started) FROM run AS later WHERE later.id > run.id), ended IS NULL
               FROM run WHERE departed IS NOT NULL ORDER BY id DESC LIMIT 1";
    let latest =
        connection.query_row(sql, [], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, bool>(1)?)));
    let crash = latest.optional()?.and_then(|(next, has_crashed)| {
        let before = next.unwrap_or(now).min(now);
        has_crashed.then(|| WallTime::from_unix_millis(restored(before)))
    });
    Ok(crash)
}

/// Notes the end of a run.
pub(super) fn end(connection: &Connection, run: i64, reason: &str, counts: &Counts) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE run SET ended = ?2, reason = ?3, todo = ?4, delivered = ?5, dead = ?6, in_doubt = ?7
         WHERE id = ?1",
        params![
            run,
            super::opening::now(),
            reason,
            stored(counts.todo + counts.departed),
            stored(counts.delivered),
            stored(counts.dead),
            stored(counts.in_doubt)
        ],
    )?;
    Ok(())
}

/// The latest run, if there was one.
pub(super) fn latest(connection: &Connection) -> rusqlite::Result<Option<Run>> {
    let sql = "SELECT id, started, repeat, ended, reason, todo, delivered, dead, in_doubt
               FROM run ORDER BY id DESC LIMIT 1";
    connection.query_row(sql, [], read).optional()
}

/// Why the last hundred runs that said so ended, the latest first.
pub(super) fn reasons(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT reason FROM run WHERE reason IS NOT NULL ORDER BY id DESC LIMIT 100";
    let mut statement = connection.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<Run> {
    let repeat: String = row.get(2)?;
    let ended = match row.get::<_, Option<i64>>(3)? {
        None => None,
        Some(at) => {
            let counts = Counts {
                todo: restored(row.get(5)?),
                departed: 0,
                delivered: restored(row.get(6)?),
                dead: restored(row.get(7)?),
                in_doubt: restored(row.get(8)?),
            };
            Some((WallTime::from_unix_millis(restored(at)), row.get(4)?, counts))
        }
    };
    Ok(Run {
        number: restored(row.get(0)?),
        started: WallTime::from_unix_millis(restored(row.get(1)?)),
        repeat: if repeat == repeat_name(Repeat::Safe) { Repeat::Safe } else { Repeat::Unsafe },
        ended,
    })
}

const fn repeat_name(repeat: Repeat) -> &'static str {
    match repeat {
        Repeat::Safe => "safe",
        Repeat::Unsafe => "unsafe",
    }
}
