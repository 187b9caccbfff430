//! Profiles as files: the habits of a platform, as TOML that people write.
//!
//! The shipped ones are in `profiles/`, in the form that a user's own has; `[profile]` of `paceline.toml` has the same keys and
//! is laid over one of them. What they mean is in `docs/configuration.md`.

use std::path::{Path, PathBuf};

use paceline_core::Profile;

mod builtin;
mod changes;
mod families;
mod keys;
mod reading;
mod values;

pub use builtin::{NoSuchProfile, named, names};
pub use changes::ProfileChanges;
pub use keys::KEYS;

use crate::written::{Problems, Source};

/// The profile that the file `path` says.
///
/// # Errors
/// When it cannot be read: or all that is wrong with it, in the order of the text.
pub fn read(path: impl Into<PathBuf>) -> Result<Profile, Problems> {
    let path = path.into();
    let source = Source::read(&path, "profile")?;
    understand(&source, &path)
}

/// The profile that `text` says, as if it were the file `path`.
///
/// # Errors
/// All that is wrong with it, in the order of the text.
pub fn parse(text: impl Into<String>, path: impl Into<PathBuf>) -> Result<Profile, Problems> {
    let path = path.into();
    understand(&Source::new(&path, text), &path)
}

/// Whether `name` is the path of a file rather than the name of a shipped profile.
#[must_use]
pub fn is_path(name: &str) -> bool {
    name.contains('/') || Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("toml"))
}

fn understand(source: &Source, path: &Path) -> Result<Profile, Problems> {
    let stem = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(reading::whole(source)?.laid_over(Profile { name: stem, ..Profile::generic() }))
}
