//! Opening: create or resume, and bring the records that a crash left under way to rest.

use std::fs::{self, File};
use std::io;
use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use paceline_core::WallTime;
use rusqlite::{Connection, OpenFlags, TransactionBehavior, params};

use super::apply::Tables;
use super::lock::Lock;
use super::queue::Queue;
use super::schema::{self, Found};
use super::set_aside::{self, Known};
use super::writer::Writer;
use super::{
    Binding, Counts, Journal, JournalError, PendingBatch, SavedScope, Shared, State, batches, binding,
    letters, runs, scopes,
};
use crate::wall_clock::wall_now;

/// What to do with a journal that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// Go on where it stopped.
    Resume,
    /// Keep it under another name (`NAME.1`, `NAME.2`, ...) and begin a new one. What the old one knew
    /// of closed gates and limits of the same target is taken over: a new journal does not make a
    /// platform forget a ban.
    StartOver,
}

/// Whether a call of this run may be sent again when its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It may: the method is idempotent, or the platform honours an idempotency key.
    Safe,
    /// It must not, unasked.
    Unsafe,
}

/// An open journal, and what the run must know before its first departure.
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub journal: Journal,
    /// 128 random bits made with the journal; idempotency keys derive from them.
    pub salt: [u8; 16],
    /// Closed gates and learned limits.
    pub scopes: Vec<SavedScope>,
    /// Of the latest run that sent anything, if it did not end in good order: an instant before which it
    /// crashed. A wait that the platform named until then may not have reached the journal.
    pub crashed_before: Option<WallTime>,
    /// What an earlier run left; `None`: the journal is new.
    pub resumed: Option<Resumed>,
}

/// What an earlier run left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// How many records it left departed. They are still to do now if calls could and can be
    /// repeated, and in doubt otherwise.
    pub interrupted: u64,
    /// All known records by state, as they are now.
    pub counts: Counts,
    /// Batches to send again as they were, if all of their members come by.
    pub batches: Vec<PendingBatch>,
    /// Why the last hundred runs that said so ended, in their own words, the latest first.
    pub reasons: Vec<String>,
}

/// See [`Journal::open`].
pub(super) fn open(
    path: &Path,
    binding: &Binding,
    mode: Open,
    repeat: Repeat,
) -> Result<Opened, JournalError> {
    let path = &resolved(path).map_err(|error| JournalError::from_io(path, &error))?;
    let lock = Lock::acquire(path)?;
    let known = match mode {
        Open::Resume => Known::default(),
        Open::StartOver => set_aside::set_aside(path, binding)?,
    };
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    let found = schema::inspect(path, &connection)?;
    if found == Found::Journal {
        // Refused before anything is changed.
        let stored = binding::load(&connection).map_err(|error| JournalError::from_sqlite(path, &error))?;
        binding.fits(&stored.0, path)?;
    }
    schema::make_durable(path, &connection)?;
    let start = start(&mut connection, found, binding, repeat, &known)
        .map_err(|error| JournalError::from_sqlite(path, &error))?;
    sync_folder(path).map_err(|error| JournalError::from_io(path, &error))?;

    let tables = Tables { connection, keyed: binding.key_field.is_some(), run: start.run };
    let queue = Arc::new(Queue::new(path.clone()));
    Writer::spawn(tables, Arc::clone(&queue), lock).map_err(|error| JournalError::from_io(path, &error))?;
    let shared = Shared { queue, next_batch: AtomicU64::new(start.next_batch) };
    Ok(Opened {
        journal: Journal { shared: Arc::new(shared) },
        salt: start.salt,
        scopes: start.scopes,
        crashed_before: start.crashed_before,
        resumed: start.resumed,
    })
}

/// Opens the file at `path`, which must be [`resolved`].
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    // One thread uses a connection: no mutex.
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| JournalError::from_sqlite(path, &error))
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    schema::stored(wall_now().as_unix_millis())
}

/// What a run starts from.
struct Start {
    run: i64,
    salt: [u8; 16],
    scopes: Vec<SavedScope>,
    crashed_before: Option<WallTime>,
    resumed: Option<Resumed>,
    next_batch: u64,
}

/// Fills a new file, or brings an old one to rest; in one transaction, so that a crash repeats it whole.
fn start(
    connection: &mut Connection,
    found: Found,
    binding: &Binding,
    repeat: Repeat,
    known: &Known,
) -> rusqlite::Result<Start> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (salt, crashed_before, resumed) = match found {
        Found::Empty => {
            schema::create(&transaction)?;
            (binding::create(&transaction, binding, now())?, known.crashed_before, None)
        }
        Found::Journal => {
            binding::note_source(&transaction, binding)?;
            let (_, salt) = binding::load(&transaction)?;
            let crashed_before = runs::crashed_before(&transaction, now())?;
            (salt, crashed_before, Some(resume(&transaction, repeat)?))
        }
    };
    scopes::adopt(&transaction, &known.scopes)?;
    let start = Start {
        run: runs::start(&transaction, repeat, now())?,
        salt,
        scopes: scopes::load(&transaction)?,
        crashed_before,
        resumed,
        next_batch: batches::next_id(&transaction)?,
    };
    transaction.commit()?;
    Ok(start)
}

fn resume(connection: &Connection, repeat: Repeat) -> rusqlite::Result<Resumed> {
    let latest = runs::latest(connection)?;
    // What departed did so under the rules of the run that sent it: only if its calls carried what
    // makes them repeatable, and ours will again, is sending them again harmless.
    let departed_safely = latest.as_ref().is_none_or(|run| run.repeat == Repeat::Safe);
    let rest = match repeat {
        Repeat::Safe if departed_safely => State::Todo,
        _ => State::InDoubt,
    };
    let interrupted = count(connection)?.departed;
    if interrupted > 0 {
        if rest == State::InDoubt {
            letters::put_interrupted(connection, now())?;
        }
        connection.execute("UPDATE record SET state = ?1 WHERE state = 'departed'", params![rest.name()])?;
    }
    let (batches, reasons) = (batches::resume(connection)?, runs::reasons(connection)?);
    Ok(Resumed { interrupted, batches, reasons, counts: count(connection)? })
}

/// Counts the records by state.
pub(super) fn count(connection: &Connection) -> rusqlite::Result<Counts> {
    let mut statement = connection.prepare_cached("SELECT state, count(*) FROM record GROUP BY state")?;
    let mut rows = statement.query([])?;
    let mut counts = Counts::default();
    while let Some(row) = rows.next()? {
        let state = State::from_name(row.get_ref(0)?.as_str()?).ok_or(rusqlite::Error::InvalidQuery)?;
        counts.add(state, schema::restored(row.get(1)?));
    }
    Ok(counts)
}

/// The file that `path` leads to: two links to one journal must meet at one lock. Absolute, for SQLite
/// takes a relative `file:x` for a URI.
pub(super) fn resolved(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|_| path::absolute(path))
}

/// Makes the names of new and renamed files durable; SQLite does so for its log only.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    // A folder can be opened and synced on Unix only; elsewhere names are durable with the file.
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}
