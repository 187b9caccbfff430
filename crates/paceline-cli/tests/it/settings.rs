//! The configuration: its layers, its errors, its print and its documentation.

mod documentation;
mod errors;
mod layering;
mod printing;

use paceline_cli::settings::{ConfigFile, Layers, Loaded, SettingsError};

fn load(text: &str) -> Result<Loaded, SettingsError> {
    Layers::new().with_file(&ConfigFile::from_text("paceline.toml", text)).resolve()
}
