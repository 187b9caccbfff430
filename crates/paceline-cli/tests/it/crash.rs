//! `kill -9` at random instants, restarted at once each time: nothing lost, nothing doubled, never early.

use std::fmt::Write as _;
use std::net::TcpListener as StdListener;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use paceline_cli::journal::{Counts, JournalReader};
use paceline_cli::platform::{StandIn, StandInConfig, serve};
use paceline_sim::platform::{
    Ban, Fault, FaultKind, LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, Stats, Trigger,
};
use tokio::runtime::Runtime;

#[test]
fn without_a_key_nothing_is_lost_and_nothing_applied_twice() {
    let scene = Scene::new(busy(), 1_200);
    let code = scene.killed(Kills { count: 18, millis: 300..2_600, seed: 11 }, &[]);
    let (stats, counts) = scene.end();
    assert_eq!(stats.duplicates, 0, "applied twice");
    assert_eq!(counts.todo + counts.departed, 0, "left behind: {counts:?}");
    assert_eq!(counts.delivered + counts.in_doubt + counts.dead, 1_200, "{counts:?}");
    assert_eq!(counts.dead, 0, "no record is at fault");
    assert!(stats.distinct >= counts.delivered, "delivered in the journal, and unknown to the platform");
    assert!(counts.in_doubt > 0 && code == 3, "kills and resets leave some in doubt: {counts:?}");
    assert_eq!((stats.early_returns, stats.banned), (0, 0));
}

#[test]
fn with_a_key_each_record_is_applied_exactly_once() {
    let scene = Scene::new(busy(), 1_200);
    let code = scene.killed(Kills { count: 18, millis: 300..2_600, seed: 12 }, &["--idempotency-key"]);
    let (stats, counts) = scene.end();
    assert_eq!((stats.distinct, stats.duplicates, counts.delivered), (1_200, 0, 1_200));
    assert_eq!((stats.early_returns, stats.banned, code), (0, 0, 0));
}

#[test]
fn batches_are_sent_again_whole_under_their_own_key() {
    let scene = Scene::new(busy(), 4_000);
    let flags = ["--idempotency-key", "--key", "id", "--batch", "20"];
    let code = scene.killed(Kills { count: 8, millis: 300..2_600, seed: 13 }, &flags);
    let (stats, counts) = scene.end();
    assert_eq!((stats.distinct, stats.duplicates, counts.delivered), (4_000, 0, 4_000));
    assert_eq!((stats.early_returns, stats.banned, code), (0, 0, 0));
}

#[test]
fn a_restart_during_a_long_closing_is_never_early() {
    let window = LimiterKind::FixedWindow { rate: rate(60, 20), phase: Duration::ZERO };
    let platform =
        PlatformConfig { limits: vec![LimitConfig::per_credential(window)], faults: Vec::new(), ..busy() };
    let scene = Scene::new(platform, 100);
    let code = scene.killed(Kills { count: 6, millis: 1_500..4_500, seed: 14 }, &[]);
    let (stats, counts) = scene.end();
    assert_eq!((stats.early_returns, stats.banned, stats.duplicates), (0, 0, 0));
    assert_eq!(counts.delivered + counts.in_doubt, 100, "{counts:?}");
    assert!(stats.throttled > 0, "the window was never full: the test shows nothing");
    assert!(code == 0 || code == 3);
}

/// A platform that refuses now and then, bans who comes early, and breaks connections after applying.
fn busy() -> PlatformConfig {
    let ms = Duration::from_millis;
    let bucket = LimiterKind::TokenBucket { rate: rate(100, 1), burst: some(15) };
    let minute = Duration::from_secs(60);
    PlatformConfig {
        limits: vec![LimitConfig::per_credential(bucket)],
        ban: Some(Ban { early_returns: some(3), within: minute, lasts: minute }),
        latency: LatencyRange::between(ms(20), ms(60)),
        faults: vec![Fault { kind: FaultKind::ResetAfter, trigger: Trigger::Every(some(61).into()) }],
        ..PlatformConfig::default()
    }
}

fn some(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("positive")
}

fn rate(count: u32, seconds: u64) -> Rate {
    Rate::new(some(count), Duration::from_secs(seconds)).expect("a legal rate")
}

struct Kills {
    count: u32,
    millis: std::ops::Range<u64>,
    seed: u64,
}

/// A stand-in, and a source to bring to it.
struct Scene {
    runtime: Runtime,
    stand_in: StandIn,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(platform: PlatformConfig, records: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut lines = String::from("id,name\n");
        (0..records).for_each(|id| writeln!(lines, "r{id},Name {id}").expect("a String takes any write"));
        std::fs::write(folder.path().join("source.csv"), lines).expect("a file");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let stand_in = runtime.block_on(async {
            let listener = StdListener::bind("127.0.0.1:0").expect("a port");
            listener.set_nonblocking(true).expect("a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            serve(listener, StandInConfig::from(platform), 7).expect("a stand-in")
        });
        Self { runtime, stand_in, folder }
    }

    fn source(&self) -> PathBuf {
        self.folder.path().join("source.csv")
    }

    /// Runs, kills and restarts; then lets it run to its end. Returns the last exit code.
    fn killed(&self, kills: Kills, flags: &[&str]) -> i32 {
        let mut rng = fastrand::Rng::with_seed(kills.seed);
        for _ in 0..kills.count {
            let mut run = self.start(flags);
            // The instant of the kill is the test: nothing is waited for.
            thread::sleep(Duration::from_millis(rng.u64(kills.millis.clone())));
            run.0.kill().expect("it is ours");
            run.0.wait().expect("it is ours");
        }
        for _ in 0..RUNS_TO_THE_END {
            let code = self.start(flags).0.wait().expect("it is ours").code();
            if let Some(code @ (0 | 3)) = code {
                return code;
            }
        }
        panic!("never came to an end, seed {}", kills.seed)
    }

    fn start(&self, flags: &[&str]) -> Run {
        let path = if flags.contains(&"--batch") { "/records/bulk" } else { "/records" };
        let child = Command::new(env!("CARGO_BIN_EXE_paceline"))
            .arg("sync")
            .arg(self.source())
            .args(["--to", &format!("{}{path}", self.stand_in.url())])
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Run(child.expect("the program starts"))
    }

    /// What the platform saw and what the journal says.
    fn end(self) -> (Stats, Counts) {
        let journal = journal_of(&self.source());
        let counts = JournalReader::open(&journal).and_then(|journal| journal.counts()).expect("a journal");
        (self.runtime.block_on(self.stand_in.stop()), counts)
    }
}

fn journal_of(source: &Path) -> PathBuf {
    let mut name = source.as_os_str().to_owned();
    name.push(".journal");
    name.into()
}

/// A run that does not outlive the test.
struct Run(Child);

impl Drop for Run {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One is enough unless something suspends it.
const RUNS_TO_THE_END: usize = 3;
