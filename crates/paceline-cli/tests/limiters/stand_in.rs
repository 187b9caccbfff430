//! `paceline platform` over real sockets. A limiter that holds a tenth of a second refuses whom a busy machine stops for as long.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;

use crate::program::{Told, sync};
use crate::server::{Says, Server};
use crate::verdict::{Seen, judge, number};

#[test]
fn a_bucket_of_a_second_is_used_in_full() {
    prove("bucket 120/s, burst 120", &["--limit", "120/s", "--burst", "120"], Measure::ToTheOracle);
}

#[test]
fn a_bucket_of_a_tenth_of_a_second_is_used_in_full() {
    prove("bucket 120/s, burst 12", &["--limit", "120/s", "--burst", "12"], Measure::ToTheOracle);
}

#[test]
fn a_fixed_window_is_used_in_full() {
    prove("fixed window", &["--limit", "1200/10s", "--limiter", "fixed-window"], Measure::ToTheRate);
}

#[test]
fn a_sliding_log_is_used_in_full() {
    prove("sliding log", &["--limit", "1200/10s", "--limiter", "sliding-log"], Measure::ToTheRate);
}

/// What is accepted is compared with.
#[derive(Clone, Copy, Debug)]
enum Measure {
    /// What the best possible client brings through in that time, the burst included.
    ToTheOracle,
    /// Rate times time: a window that has just begun is nobody's merit.
    ToTheRate,
}

fn prove(name: &str, limit: &[&str], measure: Measure) {
    let (_server, authority) = start(limit);
    let desk = tempfile::tempdir().unwrap();
    let run = sync(desk.path(), RECORDS, &authority, Told { padding: PADDING, ..Told::default() });
    judge(name, RECORDS, &run, &seen(&stats(&authority), measure));
}

fn start(limit: &[&str]) -> (Server, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    command.args(["platform", "--listen", "127.0.0.1:0", "--latency", "30ms..80ms"]).args(limit);
    let started = Server::start(command, Says::OnStderr, |line| line.starts_with(LISTENING));
    let (server, line) = started.unwrap();
    (server, line.trim_start_matches(LISTENING).to_owned())
}

fn stats(authority: &str) -> Value {
    let mut stream = TcpStream::connect(authority).unwrap();
    write!(stream, "GET /stats HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn seen(stats: &Value, measure: Measure) -> Seen {
    let count = |key: &str| stats[key].as_u64().unwrap_or_else(|| panic!("no `{key}` in {stats}"));
    let accepted = count("accepted");
    let seconds = number(count("last_accept_ms") - count("first_arrival_ms")) / 1_000.0;
    let goodput_ratio = match measure {
        Measure::ToTheOracle => stats["goodput_ratio"].as_f64().expect("a number"),
        Measure::ToTheRate => number(accepted) / (RATE * seconds),
    };
    let (distinct, refused, early_returns) = (count("distinct"), count("throttled"), count("early_returns"));
    Seen { accepted, distinct, refused, early_returns, goodput_ratio }
}

const LISTENING: &str = "listening on http://";
const RECORDS: usize = 12_000;
/// Calls of 2 KB.
const PADDING: usize = 1_900;
/// Calls per second, in the long run.
const RATE: f64 = 120.0;
