//! `paceline platform` as a program.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use super::wire::Wire;

/// The program with these flags.
fn platform(flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    command.arg("platform").args(flags).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Its first line on stderr.
async fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    let stderr = child.stderr.as_mut().expect("stderr is piped");
    BufReader::new(stderr).read_line(&mut line).await.expect("it says something");
    line
}

#[cfg(unix)]
#[tokio::test]
async fn it_says_where_it_listens_and_on_sigterm_what_it_saw() {
    let flags = ["--listen", "127.0.0.1:0", "--limit", "2/h", "--burst", "2", "--retry-after", "decimal"];
    let mut child = platform(&flags).spawn().unwrap();
    let line = first_line(&mut child).await;
    let address = line.trim().strip_prefix("listening on http://").expect(&line).parse().unwrap();
    let mut wire = Wire::open(address).await;
    let mut statuses = Vec::new();
    for number in 0..3 {
        statuses.push(wire.post(&number.to_string()).await.status);
    }
    assert_eq!(statuses, [201, 201, 429]);
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let mut stdout = String::new();
    child.stdout.as_mut().unwrap().read_to_string(&mut stdout).await.unwrap();
    let stats: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((&stats["accepted"], &stats["throttled"]), (&2.into(), &1.into()));
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = platform(&["--listen", &address]).output().await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr.contains(&address) && stderr.contains("--listen"), "{stderr}");
}

#[tokio::test]
async fn its_help_has_every_flag_with_examples() {
    let output = platform(&["-h"]).env_remove("COLUMNS").output().await.unwrap();
    insta::assert_snapshot!(String::from_utf8(output.stdout).unwrap());
}

#[tokio::test]
async fn a_wrong_flag_is_a_clear_error() {
    let cases = [
        (["--limit", "120"], "120/s, 2500/min"),
        (["--limit", "galaxy:120/s"], "tenant, credential"),
        (["--ban", "often"], "20/60s"),
        (["--latency", "30..80"], "30ms"),
        (["--fault", "fire:1%"], "lost-reply"),
        (["--outage", "soon"], "10s..70s"),
        (["--limiter", "sieve"], "sliding-log"),
        (["--burst", "5"], "--limit"),
    ];
    for (flags, expected) in cases {
        let output = platform(&flags).output().await.unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(stderr.contains(expected), "{flags:?}: {stderr}");
    }
}
