//! The configuration: its layers, its errors, its print and its documentation.

mod documentation;
mod errors;
mod layering;
mod printing;
mod proxy;

use paceline_cli::settings::{ConfigFile, Layers, Loaded, SettingsError};

fn load(text: &str) -> Result<Loaded, SettingsError> {
    Layers::new().with_file(&ConfigFile::from_text("paceline.toml", text)).resolve()
}

/// The key `name` as a file may write it: in a table of its own, where users name those.
fn written_name(name: &str) -> String {
    if !name.contains('.') {
        return format!("limits.tenant.{name}");
    }
    name.replace("route.PREFIX", "route.\"/oauth/\"").replace("rule.NAME", "rule.exports")
}
