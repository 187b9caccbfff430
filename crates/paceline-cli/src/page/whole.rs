//! A file that is there whole, or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Writes a file: it is there whole, or what was there stays.
///
/// # Errors
/// What `write` says, and what the file system says as an [`io::Error`] made into the same.
pub(crate) fn save<E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> Result<(), E>,
) -> Result<(), E> {
    let mut draft = draft_beside(path)?;
    let mut out = BufWriter::new(draft.as_file_mut());
    write(&mut out)?;
    out.flush()?;
    drop(out);
    draft.as_file().sync_all()?;
    draft.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file in the folder of `path`, for a rename does not cross file systems.
fn draft_beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // As readable as any file that the user makes: drafts are private by default, and this one is to be shown.
    Builder::new().prefix(".paceline-").make_in(folder, |draft| File::create_new(draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_when_the_writing_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        save(&path, |out| out.write_all(b"first")).unwrap();
        let failed = save(&path, |out| {
            out.write_all(b"sec")?;
            Err(io::Error::other("no more"))
        });
        assert_eq!(failed.unwrap_err().to_string(), "no more");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "the draft is gone");
    }
}
