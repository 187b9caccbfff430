//! `paceline sync` as a user runs it, against `paceline platform` as a process of its own. `cargo xtask bench sync [RECORDS]`
//!
//! Three figures: how fast records stream where nothing limits them, how close 12,000 records of 2 KB come to a limit of 120
//! calls a second, and the same in batches of a hundred. Memory and CPU are those of the `sync` process.

#![expect(clippy::print_stdout, reason = "a table for people")]

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

type Anything<T> = Result<T, Box<dyn Error>>;

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` only asks whether it runs.
    let is_trial = arguments.iter().any(|argument| argument == "--test");
    let records = arguments.iter().find_map(|argument| argument.parse().ok());
    let records = if is_trial { 2_000 } else { records.unwrap_or(1_000_000) };
    let limited = if is_trial { 300 } else { 12_000 };
    let folder = tempfile::tempdir()?;
    let small = folder.path().join("small.csv");
    write_small(&small, records)?;
    let large = folder.path().join("large.jsonl");
    write_large(&large, limited)?;
    println!(
        "{:<44} {:>10} {:>8} {:>9} {:>8} {:>6} {:>6}",
        "run", "records/s", "memory", "CPU/call", "goodput", "waste", "early"
    );
    let limit = ["--limit", "120/s", "--burst", "120", "--ban", "20/60s"];
    let free = |name, flags| Run { name, source: &small, platform: &[], path: "/records", flags };
    let limited = |name, path, flags| Run { name, source: &large, platform: &limit, path, flags };
    free("no limit, every departure journaled", "--workers 256").measure()?;
    free("no limit, idempotency keys", "--workers 256 --idempotency-key").measure()?;
    limited("2 KB, 120/s, 500 workers", "/records", "--workers 500").measure()?;
    limited("2 KB, 120/s, batches of 100", "/records/bulk", "--batch 100").measure()
}

struct Run<'a> {
    name: &'a str,
    source: &'a Path,
    platform: &'a [&'a str],
    path: &'a str,
    flags: &'a str,
}

impl Run<'_> {
    fn measure(&self) -> Anything<()> {
        let Self { name, source, platform, path, flags } = *self;
        let (mut stand_in, url) = start_platform(platform)?;
        let journal = source.with_extension("bench.journal");
        let mut sync = Killed(
            Command::new(PROGRAM)
                .arg("sync")
                .arg(source)
                .args(["--json", "--to", &format!("{url}{path}"), "--journal"])
                .arg(&journal)
                .args(flags.split(' '))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()?,
        );
        let used = watch(&mut sync.0)?;
        let summary: Value = serde_json::from_reader(sync.0.stdout.take().ok_or("its output is piped")?)?;
        let stats = stop_platform(&mut stand_in)?;
        fs::remove_file(&journal)?;
        let number = |value: &Value| value.as_f64().unwrap_or(0.0);
        if summary["delivered"] != summary["records"] || stats["duplicates"] != 0 {
            return Err(format!("not all delivered once: {summary} {stats}").into());
        }
        println!(
            "{name:<44} {:>10.0} {:>5.0} MB {:>6.0} us {:>8} {:>6.1} {:>6}",
            number(&summary["goodput_per_s"]),
            used.peak_kib / 1_000.0,
            1e6 * used.cpu_seconds / number(&summary["calls"]).max(1.0),
            stats["goodput_ratio"].as_f64().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            1_000.0 * number(&stats["throttled"]) / number(&stats["accepted"]).max(1.0),
            stats["early_returns"],
        );
        Ok(())
    }
}

fn start_platform(flags: &[&str]) -> Anything<(Killed, String)> {
    let mut child = Killed(
        Command::new(PROGRAM)
            .args(["platform", "--listen", "127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?,
    );
    let mut line = String::new();
    BufReader::new(child.0.stderr.take().ok_or("its errors are piped")?).read_line(&mut line)?;
    let url = line.trim().strip_prefix("listening on ").ok_or("it does not listen")?.to_owned();
    Ok((child, url))
}

/// Ends it as a user would; what it saw is what it prints then.
fn stop_platform(child: &mut Killed) -> Anything<Value> {
    Command::new("kill").args(["-TERM", &child.0.id().to_string()]).status()?;
    Ok(serde_json::from_reader(child.0.stdout.take().ok_or("its output is piped")?)?)
}

#[derive(Default)]
struct Used {
    peak_kib: f64,
    cpu_seconds: f64,
}

/// Watches a process until it ends; zeros where there is no /proc.
fn watch(child: &mut Child) -> Anything<Used> {
    let mut used = Used::default();
    while child.try_wait()?.is_none() {
        if let Ok(status) = fs::read_to_string(format!("/proc/{}/status", child.id())) {
            used.peak_kib = field(&status, "VmHWM:").unwrap_or(used.peak_kib);
        }
        if let Ok(stat) = fs::read_to_string(format!("/proc/{}/stat", child.id())) {
            used.cpu_seconds = cpu_seconds(&stat).unwrap_or(used.cpu_seconds);
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(used)
}

fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// proc_pid_stat(5): after the name, utime and stime are the 12th and 13th field, in hundredths of a second.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn write_small(path: &Path, records: u64) -> Anything<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    writeln!(file, "id,name,city,score")?;
    for id in 0..records {
        writeln!(file, "r{id},Name {id},City {},{}", id % 977, id * 7 % 1_000)?;
    }
    Ok(file.flush()?)
}

fn write_large(path: &Path, records: u64) -> Anything<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    let padding = "x".repeat(1_950);
    for id in 0..records {
        writeln!(file, r#"{{"id":"r{id}","name":"Name {id}","padding":"{padding}"}}"#)?;
    }
    Ok(file.flush()?)
}

/// A process that does not outlive the benchmark.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_paceline");
const LOOK_AGAIN: Duration = Duration::from_millis(20);
