//! One process at a time: a lock file beside the journal.
//!
//! Not a lock on the journal itself: closing any handle on that file would drop SQLite's own locks
//! (POSIX forgets all locks of a process on a file when it closes one of its handles).

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::JournalError;

/// Holds a journal until dropped, or until the process is gone, however it goes.
#[derive(Debug)]
pub(super) struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Takes the lock of the journal at `journal`.
    ///
    /// # Errors
    /// Another process has it, or the lock file cannot be written.
    pub(super) fn acquire(journal: &Path) -> Result<Self, JournalError> {
        let path = beside(journal, ".lock");
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|error| JournalError::from_io(journal, &error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(JournalError::InUse { path: journal.to_owned(), holder: holder(&mut file) });
                }
                Err(TryLockError::Error(error)) => return Err(JournalError::from_io(journal, &error)),
            }
            // The one who held it removes it on leaving: what we locked may be a file without a name,
            // while a third process has locked its successor.
            if is_named(&file, &path).map_err(|error| JournalError::from_io(journal, &error))? {
                sign(&mut file).map_err(|error| JournalError::from_io(journal, &error))?;
                return Ok(Self { path, file });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed before unlocked, or it could be the next holder's. A left-over file harms nobody.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
        // Closing alone would not do: a child process that is just being started still shares the handle.
        let _ = self.file.unlock();
    }
}

/// Whether a process holds the journal at `journal`, as far as can be seen.
///
/// Asks by sharing the lock for a moment: a process that starts in this very moment is refused.
pub(super) fn is_held(journal: &Path) -> bool {
    let Ok(file) = File::open(beside(journal, ".lock")) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// `journal` with `suffix` at the end of its name.
pub(super) fn beside(journal: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(journal);
    name.push(suffix);
    PathBuf::from(name)
}

fn sign(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(MAX_SIGNATURE).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Whether `path` still names the open `file`.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let ours = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere the file is never removed.
#[cfg(not(unix))]
fn is_named(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// More digits than any process id has.
const MAX_SIGNATURE: u64 = 32;
