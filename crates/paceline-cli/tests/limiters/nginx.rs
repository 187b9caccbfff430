//! nginx's `limit_req`: 120 a second, 120 at once, and no word about when to come back.

use std::collections::HashSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::program::{Told, sync};
use crate::server::{Says, Server};
use crate::verdict::{Seen, judge, number};

#[test]
fn nginx_that_answers_429_is_used_in_full() {
    let nginx = Nginx::start("limit_req_status 429;", 429);
    nginx.prove("nginx, 429", Told::default());
}

/// nginx's own answer is a 503 that does not say that it is a refusal: an API that may have applied the call looks the same. The
/// profile of nginx says what it is.
#[test]
fn nginx_with_its_own_503_is_used_in_full() {
    let nginx = Nginx::start("", 503);
    nginx.prove("nginx, 503", Told { profile: Some("nginx"), ..Told::default() });
}

#[test]
fn the_ratio_is_to_what_comes_at_once_and_what_drains_until_the_last_call_that_was_taken() {
    let log = "10.000 201 /records/1\n10.500 429 /records/2\n11.000 201 /records/2\n13.000 429 /records/3\n";
    let seen = seen(log, 429);
    assert_eq!((seen.accepted, seen.distinct, seen.refused), (2, 2, 2));
    assert!((seen.goodput_ratio - 2.0 / (121.0 + 120.0)).abs() < 1e-9, "{seen:?}");
}

/// nginx in a folder of its own.
struct Nginx {
    folder: TempDir,
    authority: String,
    refusal: u16,
    _server: Server,
}

impl Nginx {
    fn start(refusal_line: &str, refusal: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut said = String::new();
        for _ in 0..PORTS {
            // Nobody keeps the port while nginx starts; where another was faster, the next one is tried.
            let authority = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
            configure(folder.path(), &authority, refusal_line);
            match Server::start(command(folder.path()), Says::OnStderr, is_listening) {
                Ok((server, _)) => return Self { folder, authority, refusal, _server: server },
                Err(error) if error.contains("Address already in use") => said = error,
                Err(error) => panic!("{error}\ninstall nginx (Debian: nginx-light), or name it in NGINX"),
            }
        }
        panic!("{PORTS} free ports were taken by others before nginx listened:\n{said}")
    }

    fn prove(&self, name: &str, told: Told<'_>) {
        let desk = tempfile::tempdir().unwrap();
        let run = sync(desk.path(), RECORDS, &self.authority, told);
        judge(name, RECORDS, &run, &self.seen());
    }

    fn seen(&self) -> Seen {
        seen(&fs::read_to_string(self.folder.path().join("access.log")).unwrap(), self.refusal)
    }
}

/// What the access log says.
fn seen(log: &str, refusal: u16) -> Seen {
    let lines: Vec<(f64, u16, &str)> = log.lines().map(line).collect();
    let accepted: Vec<_> = lines.iter().filter(|(_, status, _)| *status == 201).collect();
    let refused = lines.iter().filter(|(_, status, _)| *status == refusal).count();
    assert_eq!(accepted.len() + refused, lines.len(), "nginx gave other answers, too:\n{log}");
    let first = lines.iter().map(|(at, ..)| *at).fold(f64::INFINITY, f64::min);
    let last = accepted.iter().map(|(at, ..)| *at).fold(first, f64::max);
    let records: HashSet<&str> = accepted.iter().map(|(.., uri)| *uri).collect();
    let accepted = accepted.len() as u64;
    Seen {
        accepted,
        distinct: records.len() as u64,
        refused: refused as u64,
        early_returns: 0, // it told nobody to wait
        goodput_ratio: number(accepted) / (AT_ONCE + RATE * (last - first)),
    }
}

fn configure(folder: &Path, authority: &str, refusal_line: &str) {
    let folder_name = folder.to_str().expect("a temporary folder has a plain name");
    let text = include_str!("nginx.conf")
        .replace("@LISTEN@", authority)
        .replace("@REFUSAL@", refusal_line)
        .replace("@FOLDER@", folder_name);
    fs::write(folder.join("nginx.conf"), text).unwrap();
    // What an attempt on another port left behind would be in the way.
    let _ = fs::remove_file(folder.join("all.sock"));
}

fn command(folder: &Path) -> Command {
    let named = std::env::var_os("NGINX");
    let mut command = Command::new(named.as_deref().unwrap_or("nginx".as_ref()));
    // Debian keeps it where only the path of root leads.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf")).args(["-e", "stderr"]);
    command
}

/// It names how it will wait for events when its sockets listen already.
fn is_listening(line: &str) -> bool {
    line.contains("event method")
}

/// When a call was through, in seconds; its status; its path.
fn line(line: &str) -> (f64, u16, &str) {
    let parts: Vec<&str> = line.split(' ').collect();
    let [at, status, uri] = parts[..] else { panic!("not a line of ours: {line}") };
    (at.parse().unwrap(), status.parse().unwrap(), uri)
}

/// 200 s of them: a cold start without hints costs some 3 s.
const RECORDS: usize = 24_000;
const RATE: f64 = 120.0;
/// The first call, and 120 in excess of it.
const AT_ONCE: f64 = 121.0;
/// How many are tried.
const PORTS: usize = 5;
