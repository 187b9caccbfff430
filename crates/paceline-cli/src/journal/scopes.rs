//! Closed gates and learned limits: what makes a restart warm and never early.

use std::time::Duration;

use paceline_core::{GateCause, ScopeKind, WallTime};
use rusqlite::{Connection, params};

use super::ScopeName;
use super::schema::{restored, stored};

/// What an earlier run left to know about one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedScope {
    /// Which.
    pub scope: ScopeName,
    /// When its gate opens, or opened, and why it closed; `None`: it was never closed.
    pub closed: Option<(WallTime, GateCause)>,
    /// Its limits, as they were handed over.
    pub learned: Option<String>,
    /// The longest wait that the platform ever named.
    pub longest_retry_after: Option<Duration>,
}

/// Closes a gate until `until`, unless it is closed for longer already.
pub(super) fn close(
    connection: &Connection,
    scope: &ScopeName,
    until: WallTime,
    cause: GateCause,
) -> rusqlite::Result<()> {
    // The assignments of one UPDATE all see the old row, and so agree on which of the two is later.
    let mut statement = connection.prepare_cached(
        "INSERT INTO scope (kind, name, opens, cause) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, name) DO UPDATE SET
           cause = CASE WHEN excluded.opens > ifnull(opens, -1) THEN excluded.cause ELSE cause END,
           opens = max(excluded.opens, ifnull(opens, -1))",
    )?;
    let opens = stored(until.as_unix_millis());
    statement.execute(params![scope.kind.name(), scope.name, opens, cause_name(cause)])?;
    Ok(())
}

/// Keeps what was learned, and the longest wait.
pub(super) fn learn(
    connection: &Connection,
    scope: &ScopeName,
    limits: Option<&str>,
    retry_after: Option<Duration>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO scope (kind, name, learned, longest) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, name) DO UPDATE SET
           learned = ifnull(excluded.learned, learned),
           longest = CASE WHEN ifnull(excluded.longest, -1) > ifnull(longest, -1)
                          THEN excluded.longest ELSE longest END",
    )?;
    let longest = retry_after.map(|wait| stored(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)));
    statement.execute(params![scope.kind.name(), scope.name, limits, longest])?;
    Ok(())
}

/// Takes over what another journal knew.
pub(super) fn adopt(connection: &Connection, saved: &[SavedScope]) -> rusqlite::Result<()> {
    for known in saved {
        learn(connection, &known.scope, known.learned.as_deref(), known.longest_retry_after)?;
        if let Some((until, cause)) = known.closed {
            close(connection, &known.scope, until, cause)?;
        }
    }
    Ok(())
}

/// All that is known.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<Vec<SavedScope>> {
    let mut statement = connection.prepare("SELECT kind, name, opens, cause, learned, longest FROM scope")?;
    let rows = statement.query_map([], |row| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        let (opens, cause): (Option<i64>, Option<String>) = (row.get(2)?, row.get(3)?);
        let (learned, longest): (_, Option<i64>) = (row.get(4)?, row.get(5)?);
        // A cause that this version does not know still keeps the gate closed.
        let cause = cause.as_deref().and_then(cause_from_name).unwrap_or(GateCause::Backoff);
        Ok(ScopeKind::from_name(&kind).map(|kind| SavedScope {
            scope: ScopeName { kind, name },
            closed: opens.map(|until| (WallTime::from_unix_millis(restored(until)), cause)),
            learned,
            longest_retry_after: longest.map(|millis| Duration::from_millis(restored(millis))),
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// The name of `cause` in the file, and in reports.
pub(crate) const fn cause_name(cause: GateCause) -> &'static str {
    match cause {
        GateCause::RetryAfter => "retry_after",
        GateCause::Backoff => "backoff",
        GateCause::Outage => "outage",
        GateCause::Unauthorized => "unauthorized",
        GateCause::Banned => "banned",
    }
}

fn cause_from_name(name: &str) -> Option<GateCause> {
    [GateCause::RetryAfter, GateCause::Backoff, GateCause::Outage, GateCause::Unauthorized, GateCause::Banned]
        .into_iter()
        .find(|cause| cause_name(*cause) == name)
}
