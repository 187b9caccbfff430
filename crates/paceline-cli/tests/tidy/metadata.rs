//! What cargo knows of the workspace and its dependencies.

use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::tree::root;

/// What `cargo metadata` says: the dependencies of all platforms where their crates are here, else of this one.
pub(crate) fn metadata() -> &'static Value {
    static METADATA: LazyLock<Value> = LazyLock::new(|| {
        let everywhere = ask_cargo(&[]);
        everywhere
            .or_else(|_| ask_cargo(&["--filter-platform", &host()]))
            .expect("cargo describes the workspace")
    });
    &METADATA
}

/// The packages of `metadata`.
pub(crate) fn packages() -> &'static [Value] {
    metadata()["packages"].as_array().expect("cargo lists packages")
}

/// A field of one of cargo's objects that is text.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("cargo says {field}"))
}

fn ask_cargo(more: &[&str]) -> Result<Value, String> {
    // Offline, for a test opens no connection; locked, for it changes no file.
    let arguments = ["metadata", "--offline", "--locked", "--format-version", "1"];
    let output = cargo().args(arguments).args(more).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// This platform's name, as cargo says it.
fn host() -> String {
    let output = cargo().arg("-vV").output().expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().find_map(|line| line.strip_prefix("host: ")).expect("cargo names its host").to_owned()
}

fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}
