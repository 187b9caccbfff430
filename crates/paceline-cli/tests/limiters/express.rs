//! express-rate-limit: windows that begin with the first call after the one before, in each form of its headers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::program::{Told, sync};
use crate::server::{Says, Server};
use crate::verdict::{Seen, judge, number};

#[test]
fn ten_seconds_with_draft_6_headers_are_used_in_full() {
    prove("draft-6", TEN_SECONDS);
}

#[test]
fn ten_seconds_with_draft_7_headers_are_used_in_full() {
    prove("draft-7", TEN_SECONDS);
}

#[test]
fn ten_seconds_with_draft_8_headers_are_used_in_full() {
    prove("draft-8", TEN_SECONDS);
}

#[test]
fn ten_seconds_with_x_ratelimit_headers_are_used_in_full() {
    prove("legacy", TEN_SECONDS);
}

#[test]
fn seconds_with_draft_6_headers_are_used_in_full() {
    prove("draft-6", ONE_SECOND);
}

#[test]
fn seconds_with_draft_7_headers_are_used_in_full() {
    prove("draft-7", ONE_SECOND);
}

#[test]
fn seconds_with_draft_8_headers_are_used_in_full() {
    prove("draft-8", ONE_SECOND);
}

/// So many calls in a window.
#[derive(Clone, Copy, Debug)]
struct Window {
    count: u64,
    millis: u64,
    /// How many are sent: some windows' worth, and half a window.
    records: usize,
}

const TEN_SECONDS: Window = Window { count: 1_200, millis: 10_000, records: 21_000 };
const ONE_SECOND: Window = Window { count: 120, millis: 1_000, records: 6_060 };

/// Whoever does not wait is found out: else a suite that finds nothing would say nothing.
#[test]
fn a_client_that_comes_back_at_once_is_caught() {
    let window = Window { count: 5, millis: 3_000, records: 0 };
    let (_server, authority) = start("draft-6", window);
    // It goes on until what was told it can no longer have been under way when it called.
    let mut rounds = (0..MOST_ROUNDS).map(|_| {
        for _ in 0..20 {
            ask(&authority, "POST /records/1");
        }
        seen(&counts(&authority), window)
    });
    let seen = rounds.find(|seen| seen.early_returns > 0).expect("a call that comes early is counted");
    assert!(seen.refused > seen.early_returns, "what was under way is excused: {seen:?}");
    assert!(seen.accepted >= 5 && seen.distinct == 1, "{seen:?}");
}

#[test]
fn the_ratio_is_that_of_the_time_before_the_last_window_pauses_included() {
    let window = Window { count: 100, millis: 1_000, records: 0 };
    let windows = serde_json::json!([
        { "starts_ms": 5_000, "accepted": 100 },
        { "starts_ms": 6_000, "accepted": 80 },
        { "starts_ms": 7_500, "accepted": 7 },
    ]);
    let counts = serde_json::json!({ "first_arrival_ms": 5_000, "windows": windows });
    assert!((goodput_ratio(&counts, window) - 0.72).abs() < 1e-9);
}

fn prove(form: &str, window: Window) {
    let Window { count, millis, records } = window;
    let (_server, authority) = start(form, window);
    let desk = tempfile::tempdir().unwrap();
    let run = sync(desk.path(), records, &authority, Told::default());
    let counts = counts(&authority);
    judge(&format!("express, {form}, {count} in {millis} ms"), records, &run, &seen(&counts, window));
}

fn start(form: &str, Window { count, millis, .. }: Window) -> (Server, String) {
    let mut command = Command::new("node");
    command.arg(folder().join("server.js")).args([form, &count.to_string(), &millis.to_string()]);
    command.env("NODE_PATH", modules());
    let started = Server::start(command, Says::OnStdout, |line| line.parse::<u16>().is_ok());
    let (server, port) = started.unwrap_or_else(|error| panic!("{error}\ninstall Node.js 18 or newer"));
    (server, format!("127.0.0.1:{port}"))
}

/// The server's own counts.
fn seen(counts: &Value, window: Window) -> Seen {
    let count = |key: &str| counts[key].as_u64().unwrap_or_else(|| panic!("no `{key}` in {counts}"));
    Seen {
        accepted: count("accepted"),
        distinct: count("distinct"),
        refused: count("refused"),
        early_returns: count("early_returns"),
        goodput_ratio: goodput_ratio(counts, window),
    }
}

/// Of the time up to the beginning of the last window: what was taken in it, to a full window in each length of one. There, who
/// spreads calls evenly and who sends them at once are equal; and a pause between two windows counts.
fn goodput_ratio(counts: &Value, window: Window) -> f64 {
    let windows: Vec<(u64, u64)> = counts["windows"].as_array().unwrap().iter().map(begun).collect();
    let (&(last, _), before) = windows.split_last().expect("something was accepted");
    let first = counts["first_arrival_ms"].as_u64().unwrap();
    let accepted: u64 = before.iter().map(|(_, accepted)| accepted).sum();
    let full = number(last.saturating_sub(first)) / number(window.millis);
    number(accepted) / (number(window.count) * full)
}

/// When a window began, in milliseconds, and what was taken in it.
fn begun(window: &Value) -> (u64, u64) {
    (window["starts_ms"].as_u64().unwrap(), window["accepted"].as_u64().unwrap())
}

fn counts(authority: &str) -> Value {
    let text = ask(authority, "GET /counts");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The whole answer.
fn ask(authority: &str, what: &str) -> String {
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "{what} HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The folder of the packages, which npm brings below the target folder when they are not there.
fn modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join("limiters");
        std::fs::create_dir_all(&prefix).unwrap();
        let mut npm = Command::new("npm");
        npm.args([
            "install",
            "--no-save",
            "--no-package-lock",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ]);
        let output = npm.arg("--prefix").arg(&prefix).args(PACKAGES).output();
        let output = output.unwrap_or_else(|error| panic!("npm cannot be started ({error}): install it"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "npm could not bring {PACKAGES:?}:\n{said}");
        prefix.join("node_modules")
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/limiters")
}

/// Far more than fit into a window.
const MOST_ROUNDS: usize = 10_000;
const PACKAGES: [&str; 2] = ["express@5.1.0", "express-rate-limit@8.2.1"];
