//! The source that a journal names: where it is now, and whether it still holds the same records.

use std::path::{Path, PathBuf};

use super::ReportError;
use crate::journal::Binding;
use crate::records::{self, Format, Location, Scan, SourceSpec};

/// Where the source is and how it is written, as far as somebody has said so.
#[derive(Clone, Debug, Default)]
pub struct SourceChoice {
    /// The file; `None`: the one that the journal names, at its place or beside the journal.
    pub path: Option<PathBuf>,
    /// Its format; `None`: its name or first bytes tell.
    pub format: Option<Format>,
}

impl SourceChoice {
    /// The source of the journal at `journal`, which belongs to `binding`.
    pub(super) fn find(&self, journal: &Path, binding: &Binding) -> Result<SourceSpec, ReportError> {
        let path = match &self.path {
            Some(path) if path == Path::new("-") => {
                return Err(ReportError::Usage(
                    "--source must be a file: it is read twice, and standard input can be read only once",
                ));
            }
            Some(path) => path.clone(),
            None if binding.source == Location::Stdin.to_string() => return Err(ReportError::Pipe),
            None => moved(journal, &binding.source)
                .ok_or_else(|| ReportError::SourceGone { source_name: binding.source.clone() })?,
        };
        Ok(SourceSpec { location: Location::File(path), format: self.format })
    }
}

/// A source that was read once, from its first to its last byte.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) spec: SourceSpec,
    pub(super) scan: Scan,
    /// Whether its bytes are those of the latest run. Nobody knows what came through a pipe.
    pub(super) is_unchanged: bool,
}

impl Checked {
    /// Reads `spec` and compares it with what `binding` remembers.
    ///
    /// # Errors
    /// It cannot be read; or it changed, and no key field tells its records apart.
    pub(super) fn of(spec: SourceSpec, binding: &Binding) -> Result<Self, ReportError> {
        let scan = records::scan(&spec, &mut |_| {})?;
        let is_unchanged = binding.fingerprint.as_ref().is_none_or(|known| *known == scan.fingerprint_text());
        if !is_unchanged && binding.key_field.is_none() {
            return Err(changed(&spec));
        }
        Ok(Self { spec, scan, is_unchanged })
    }
}

/// The error that says that `spec` holds other records.
pub(super) fn changed(spec: &SourceSpec) -> ReportError {
    ReportError::SourceChanged { path: PathBuf::from(spec.location.to_string()) }
}

/// Where the file `name` is: as it was named, or beside the journal when both were moved or the report is asked
/// for from another folder.
fn moved(journal: &Path, name: &str) -> Option<PathBuf> {
    let beside = || Some(journal.parent()?.join(Path::new(name).file_name()?));
    let named = PathBuf::from(name);
    if named.is_file() { Some(named) } else { beside().filter(|path| path.is_file()) }
}
