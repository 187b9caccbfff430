//! The program, run to its end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// What a run is told of its platform, beyond where it is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    /// Its profile.
    pub(crate) profile: Option<&'a str>,
    /// More flags.
    pub(crate) flags: &'a [&'a str],
    /// By how many bytes a record is longer than it need be.
    pub(crate) padding: usize,
}

/// `paceline sync` of so many records in `folder`, cold, to a path of their own each below `http://AUTHORITY/records/`.
/// Returns its exit code and the object that `--json` prints.
pub(crate) fn sync(folder: &Path, records: usize, authority: &str, told: Told<'_>) -> (Option<i32>, Value) {
    let padding = "x".repeat(told.padding);
    let rows: String = (0..records).map(|id| format!("{id},{TEXT}{padding}\n")).collect();
    std::fs::write(folder.join("records.csv"), format!("id,text\n{rows}")).unwrap();
    let profile = told.profile.map_or_else(String::new, |name| format!("profile = \"{name}\"\n"));
    let configuration =
        format!("[target]\nurl = \"http://{authority}/records/{{{{ id }}}}\"\nmethod = \"POST\"\n{profile}");
    std::fs::write(folder.join("paceline.toml"), configuration).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    command.args(["sync", "records.csv", "-c", "paceline.toml", "--workers", "500", "--json"]);
    command.args(told.flags).current_dir(folder);
    let (code, stdout, stderr) = ended(command);
    let json = serde_json::from_str(&stdout);
    (code, json.unwrap_or_else(|error| panic!("{error}: exit code {code:?}\n{stdout}\n{stderr}")))
}

/// Waits for a command's end, but not for ever.
fn ended(mut command: Command) -> (Option<i32>, String, String) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let id = child.id();
    let (tell, told) = mpsc::channel();
    let waiting = thread::spawn(move || {
        let output = child.wait_with_output();
        // Nobody hears it when it was too late.
        let _ = tell.send(output);
    });
    let output = told.recv_timeout(LONGEST).unwrap_or_else(|_| {
        Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap();
        waiting.join().unwrap();
        panic!("`paceline sync` was ended after {LONGEST:?}: it should have been through long before");
    });
    let output = output.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Each record has a text, so that calls have a body.
const TEXT: &str = "two kilobytes would say no more about a limit than these words do";
/// Five times what the slowest of the suite's runs takes at the limit.
const LONGEST: Duration = Duration::from_secs(600);
