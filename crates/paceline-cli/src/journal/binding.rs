//! What a journal belongs to.

use std::path::Path;

use rusqlite::{Connection, params};

use super::JournalError;

/// What a journal is bound to. A run that differs must not use it: its "delivered" would be a lie.
///
/// No secret belongs in here: it is written to the file as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The source's name, for people. A moved source is still the same.
    pub source: String,
    /// Of the source's bytes, as text; `None` for a pipe. May change where there is a key field.
    pub fingerprint: Option<String>,
    /// The field that identifies records; `None`: position and content do.
    pub key_field: Option<String>,
    /// Method and URL template.
    pub target: String,
    /// Whether records share calls, and a digest of the whole request template, as text.
    pub template: String,
}

impl Binding {
    /// Whether a run with this binding may go on where one with `stored` stopped.
    ///
    /// # Errors
    /// What differs, naming the journal at `path`.
    pub(super) fn fits(&self, stored: &Self, path: &Path) -> Result<(), JournalError> {
        let no_key = || "none".to_owned();
        let differences = [
            ("target", stored.target.clone(), self.target.clone()),
            ("template", stored.template.clone(), self.template.clone()),
            (
                "key field",
                stored.key_field.clone().unwrap_or_else(no_key),
                self.key_field.clone().unwrap_or_else(no_key),
            ),
        ];
        for (what, theirs, ours) in differences {
            if theirs != ours {
                return Err(JournalError::Mismatch { path: path.to_owned(), what, theirs, ours });
            }
        }
        match (&self.key_field, &self.fingerprint) {
            (Some(_), _) => Ok(()),
            (None, None) => Err(JournalError::PipeWithoutKey { path: path.to_owned() }),
            (None, ours) if *ours == stored.fingerprint => Ok(()),
            (None, Some(_)) => {
                Err(JournalError::SourceChanged { path: path.to_owned(), source_name: self.source.clone() })
            }
        }
    }
}

/// Writes `binding` to a new file and returns the salt made for it.
pub(super) fn create(connection: &Connection, binding: &Binding, now: i64) -> rusqlite::Result<[u8; 16]> {
    // `randomblob` is ChaCha20 seeded by the operating system: unique per journal is all that is needed.
    connection.query_row(
        "INSERT INTO binding (id, source, fingerprint, key_field, target, template, salt, created)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, randomblob(16), ?6) RETURNING salt",
        params![
            binding.source,
            binding.fingerprint,
            binding.key_field,
            binding.target,
            binding.template,
            now
        ],
        |row| row.get(0),
    )
}

/// Reads the binding and the salt.
pub(super) fn load(connection: &Connection) -> rusqlite::Result<(Binding, [u8; 16])> {
    connection.query_row(
        "SELECT source, fingerprint, key_field, target, template, salt FROM binding",
        [],
        |row| {
            let binding = Binding {
                source: row.get(0)?,
                fingerprint: row.get(1)?,
                key_field: row.get(2)?,
                target: row.get(3)?,
                template: row.get(4)?,
            };
            Ok((binding, row.get(5)?))
        },
    )
}

/// Notes which source this run reads: with a key field it may be another one each time.
pub(super) fn note_source(connection: &Connection, binding: &Binding) -> rusqlite::Result<()> {
    connection.execute(
        "UPDATE binding SET source = ?1, fingerprint = ?2",
        params![binding.source, binding.fingerprint],
    )?;
    Ok(())
}
