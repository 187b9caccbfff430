//! Scenarios as files: a world that strategies are played in, as TOML that people write.
//!
//! The keys are listed in `docs/scenarios.md`; the shipped ones are in `scenarios/`. Every key is checked where it is written,
//! and every problem says where that is and what to write.

use std::path::{Path, PathBuf};
use std::time::Duration;

use paceline_core::ScopeKind;
use paceline_sim::scenario::Scenario;

mod believed;
mod builtin;
mod keys;
mod limits;
mod mishaps;
mod overrides;
mod reading;
mod values;

pub use believed::Believed;
pub use builtin::NoSuchScenario;
pub use keys::{KEYS, Key};
pub use overrides::Overrides;

use crate::written::{Problems, Source};

/// A scenario, and the text that says it.
#[derive(Clone, Debug)]
pub struct ScenarioFile {
    /// Its name: what the file says, or else what the file is called.
    pub name: String,
    /// What it is about, in a sentence.
    pub about: String,
    /// The world.
    pub scenario: Scenario,
    /// What its clients are told of the limit; None where nobody knows it.
    pub believed: Option<Believed>,
    /// How long a record waits for company in a batch.
    pub linger: Duration,
    path: PathBuf,
    text: String,
}

impl ScenarioFile {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is no scenario.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, Problems> {
        let path = path.into();
        let source = Source::read(&path, "scenario")?;
        Self::understand(&source, path)
    }

    /// The scenario that `text` says, as if it were the file `path`.
    ///
    /// # Errors
    /// All that is wrong with it, in the order of the text.
    pub fn parse(text: impl Into<String>, path: impl Into<PathBuf>) -> Result<Self, Problems> {
        let path = path.into();
        Self::understand(&Source::new(&path, text), path)
    }

    /// The shipped scenario of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn builtin(name: &str) -> Result<Self, NoSuchScenario> {
        builtin::named(name)
    }

    /// All shipped scenarios; the founding one comes first.
    pub fn builtins() -> impl Iterator<Item = Self> {
        builtin::all()
    }

    /// This scenario with what flags say instead; its text says the same.
    ///
    /// # Errors
    /// When a flag does not fit the scenario.
    pub fn with(&self, overrides: &Overrides) -> Result<Self, Problems> {
        overrides::lay_over(self, overrides)
    }

    /// The TOML that says it; reading it gives this scenario.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The scopes that a call of a well-made client falls under, widest first: those of the limits, and its credential.
    #[must_use]
    pub fn scopes(&self) -> Vec<ScopeKind> {
        let limits = &self.scenario.platform.limits;
        let has =
            |kind: ScopeKind| kind == ScopeKind::Credential || limits.iter().any(|limit| limit.scope == kind);
        ScopeKind::ALL.into_iter().filter(|&kind| has(kind)).collect()
    }

    fn understand(source: &Source, path: PathBuf) -> Result<Self, Problems> {
        let reading::Reading { name, about, scenario, believed, linger } = reading::read(source)?;
        let name = name.unwrap_or_else(|| stem(&path));
        Ok(Self { name, about, scenario, believed, linger, path, text: source.text().to_owned() })
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
