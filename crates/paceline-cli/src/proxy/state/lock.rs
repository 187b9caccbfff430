//! One proxy per state file: two would forget each other's closings.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::StateError;

/// Held by whoever writes a state file, until it is dropped or its process ends, however that ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes what stands beside `path` for it: the file itself is replaced with every change, and a lock would go with it. What
    /// stands there stays there, since whoever removes it may remove another's.
    ///
    /// # Errors
    /// When another holds it, or the folder takes no file.
    pub(super) fn take(path: &Path) -> Result<Self, StateError> {
        let unwritable = |source| StateError::Unwritable { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).open(beside(path)).map_err(unwritable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unwritable(source)),
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}
