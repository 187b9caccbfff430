//! A command that is run behind the proxy.

use std::ffi::OsString;
use std::io;
use std::process::ExitStatus;

use tokio::process::{Child, Command};

use super::Signals;

/// Starts `command` with `url` in the environment: under [`OURS`], under what the platform's clients read, and under `names`.
pub(super) fn start(
    command: &[OsString],
    url: &str,
    profile: Option<&str>,
    names: &[String],
) -> io::Result<Child> {
    let (program, arguments) = command.split_first().expect("the caller has seen a command");
    let usual = USUAL_NAMES.iter().filter(|(of, _)| profile == Some(*of)).map(|(_, name)| *name);
    let names = [OURS].into_iter().chain(usual).chain(names.iter().map(String::as_str));
    Command::new(program).args(arguments).envs(names.map(|name| (name, url))).spawn()
}

/// Waits for its end. Ctrl-C reaches it by itself, as everything that runs in the foreground; SIGTERM is passed on.
pub(super) async fn wait(mut child: Child, signals: &mut Signals) -> io::Result<ExitStatus> {
    loop {
        tokio::select! {
            ended = child.wait() => return ended,
            _ = signals.interrupt.recv() => {}
            _ = signals.terminate.recv() => pass_on_termination(&child),
        }
    }
}

fn pass_on_termination(child: &Child) {
    let id = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(id) = id {
        // It has ended meanwhile: then there is nobody to tell.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
    }
}

/// Its exit code, as a shell would tell it.
pub(super) fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;

    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Where every command finds the proxy's URL.
pub(super) const OURS: &str = "PACELINE_URL";

/// Where the clients of platforms look for another URL than the usual one, by the profile's name.
const USUAL_NAMES: [(&str, &str); 4] = [
    ("openai", "OPENAI_BASE_URL"),
    ("anthropic", "ANTHROPIC_BASE_URL"),
    ("github", "GITHUB_API_URL"),
    ("github", "GITHUB_BASE_URL"),
];
