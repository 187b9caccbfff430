//! Chromium without a window: opens a page, and tells what its document became and what its console said.

use std::path::Path;
use std::process::{Command, Output};

/// A page after its scripts have run.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The document as text.
    pub(crate) document: String,
    /// What went to the console: errors, refusals of the policy, prints.
    pub(crate) console: Vec<String>,
}

/// How the page is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// The system prefers light.
    Light,
    /// The system prefers dark.
    Dark,
}

/// Opens the file. Panics when Chromium is not there.
pub(crate) fn open(page: &Path, scheme: Scheme) -> Opened {
    let output = run(page, scheme, &["--virtual-time-budget=10000".to_owned(), "--dump-dom".to_owned()]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let console = stderr.lines().filter(|line| line.contains(":CONSOLE")).map(str::to_owned).collect();
    Opened { document: String::from_utf8_lossy(&output.stdout).into_owned(), console }
}

/// Takes a picture of the file, as wide and as high as said.
pub(crate) fn picture(page: &Path, scheme: Scheme, (width, height): (u32, u32), to: &Path) {
    let size = format!("--window-size={width},{height}");
    let to = format!("--screenshot={}", to.display());
    run(page, scheme, &["--virtual-time-budget=10000".to_owned(), size, to]);
}

fn run(page: &Path, scheme: Scheme, more: &[String]) -> Output {
    let profile = tempfile::tempdir().unwrap();
    let program = program();
    let preferred = if scheme == Scheme::Dark { 0 } else { 1 };
    let output = Command::new(&program)
        .args(FLAGS)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={preferred}"))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("{} cannot be started ({error}): install Chromium, or name it in CHROMIUM", program.display())
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// What Chromium is called here.
pub(crate) fn program() -> std::ffi::OsString {
    std::env::var_os("CHROMIUM").unwrap_or_else(|| "chromium".into())
}

/// No window, no network, no first questions; and the console goes to standard error.
pub(crate) const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox", // it opens nothing but our own page, and containers have no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars", // on a phone they take no width
    "--enable-logging=stderr",
];
