//! `kill -9` at fifty random instants in all, each followed by a restart at once.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use fastrand::Rng;
use paceline_cli::journal::Standing;
use paceline_sim::platform::{
    Fault, FaultKind, LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, ServerError, Trigger,
};
use tokio::time::Instant;

use super::scene::{Ended, Scene, id};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_calls_that_may_not_be_repeated_are_made_once_or_in_doubt() {
    let mut trial = Trial::new("/records", &[], false).await;
    let ended = trial.run(18).await;
    trial.nothing_is_doubled();
    assert!(matches!(ended.code, Some(0 | 3)), "{}: {ended:?}", trial.seed);
    let [delivered, _, in_doubt, remaining] = ended.counts();
    assert_eq!(remaining, 0, "{}", trial.seed);
    assert!(delivered > in_doubt, "{}: a kill costs what was in flight, no more: {ended:?}", trial.seed);
    let counts = trial.scene.counts();
    assert_eq!((counts.todo, counts.departed), (0, 0), "{}", trial.seed);
    assert_eq!(counts.delivered + counts.dead + counts.in_doubt, RECORDS, "{}", trial.seed);
    for (id, standing) in trial.scene.standings() {
        let is_applied = trial.scene.stand_in.times_applied(&id) == 1;
        let is_told = matches!(standing, Standing::InDoubt { .. } | Standing::Dead);
        assert!(is_applied || is_told, "{}: {id} is lost: {standing:?}", trial.seed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_calls_with_an_idempotency_key_are_applied_exactly_once() {
    let mut trial = Trial::new("/records", &["--idempotency-key"], false).await;
    let ended = trial.run(16).await;
    trial.everything_is_applied_once(&ended);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_batches_with_an_idempotency_key_are_applied_exactly_once() {
    let flags = ["--batch", "20", "--idempotency-key", "--workers", "8"];
    let mut trial = Trial::new("/records/bulk", &flags, true).await;
    let ended = trial.run(16).await;
    trial.everything_is_applied_once(&ended);
}

/// Runs of one source that are killed until they are let go.
struct Trial {
    scene: Scene,
    path: &'static str,
    flags: Vec<&'static str>,
    is_repeatable: bool,
    seed: String,
    chance: Rng,
}

impl Trial {
    async fn new(path: &'static str, flags: &[&'static str], is_bulk: bool) -> Self {
        let seed = std::env::var(SEED).map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
        let (calls, records) = if is_bulk { (10, BULK_RECORDS) } else { (60, RECORDS) };
        let scene = Scene::new(platform(calls), records, seed).await;
        let scene = if is_bulk { scene.keyed() } else { scene };
        Self {
            scene,
            path,
            flags: flags.to_vec(),
            is_repeatable: flags.contains(&"--idempotency-key"),
            seed: format!("{SEED}={seed}"),
            chance: Rng::with_seed(seed),
        }
    }

    /// Kills so many runs, then lets them be until one comes to its end.
    async fn run(&mut self, kills: u32) -> Ended {
        for killed in 0..kills {
            let ended = self.live_and_be_killed().await;
            assert!(ended.is_none(), "{}: done after {killed} kills: {ended:?}", self.seed);
        }
        for _ in 0..LIVES_AFTERWARDS {
            if let Some(ended) = self.live_until_silence().await {
                let stats = self.scene.stand_in.stats();
                assert_eq!((stats.early_returns, stats.banned), (0, 0), "{}: {stats:?}", self.seed);
                assert!(stats.throttled > 0, "{}: refusals are part of the trial: {stats:?}", self.seed);
                return ended;
            }
        }
        panic!("{}: not done after {LIVES_AFTERWARDS} more runs", self.seed);
    }

    /// A third die wherever they are, start and pause included; the others while calls are in flight.
    async fn live_and_be_killed(&mut self) -> Option<Ended> {
        let mut life = self.scene.sync(self.path, &self.flags);
        let mut from = (self.chance.u32(..3) == 0).then(Instant::now);
        let after = Duration::from_millis(self.chance.u64(..700));
        let arrivals = || self.scene.stand_in.stats().arrivals;
        let before = arrivals();
        let ended = life.killed_when(|| {
            if from.is_none() && arrivals() > before {
                from = Some(Instant::now());
            }
            from.is_some_and(|from| from.elapsed() >= after)
        });
        let ended = ended.await;
        self.nothing_is_forgotten();
        ended
    }

    /// A run whose reply was lost waits for it for a minute: nobody has to watch that.
    async fn live_until_silence(&mut self) -> Option<Ended> {
        let mut life = self.scene.sync(self.path, &self.flags);
        let mut heard = (self.scene.stand_in.stats().arrivals, Instant::now());
        let ended = life.killed_when(|| {
            let arrivals = self.scene.stand_in.stats().arrivals;
            if arrivals != heard.0 {
                heard = (arrivals, Instant::now());
            }
            heard.1.elapsed() > SILENCE
        });
        let ended = ended.await;
        self.nothing_is_forgotten();
        ended
    }

    /// What a dead process leaves behind must account for all that the platform has applied.
    fn nothing_is_forgotten(&self) {
        for (id, standing) in self.scene.standings() {
            let applied = self.scene.stand_in.times_applied(&id);
            assert!(applied <= 1, "{}: {id} was applied {applied} times", self.seed);
            let is_still_to_do = matches!(standing, Standing::New | Standing::Todo { .. });
            let is_fine = self.is_repeatable || applied == 0 || !is_still_to_do;
            assert!(is_fine, "{}: {id} was applied, and the journal has it as {standing:?}", self.seed);
            let is_true = standing != Standing::Delivered || applied == 1;
            assert!(is_true, "{}: {id} is delivered in the journal only", self.seed);
        }
    }

    fn nothing_is_doubled(&self) {
        let stats = self.scene.stand_in.stats();
        assert_eq!(stats.duplicates, 0, "{}: {stats:?}", self.seed);
    }

    fn everything_is_applied_once(&self, ended: &Ended) {
        self.nothing_is_doubled();
        assert_eq!(ended.code, Some(0), "{}: {ended:?}", self.seed);
        let records = ended.count("records");
        assert_eq!(ended.counts(), [records, 0, 0, 0], "{}: {ended:?}", self.seed);
        for number in 0..records {
            assert_eq!(self.scene.stand_in.times_applied(&id(number)), 1, "{}: {number}", self.seed);
        }
    }
}

/// So many calls a second, a small burst, and faults that leave a client in the dark.
fn platform(calls: u32) -> PlatformConfig {
    let some = |count| NonZeroU32::new(count).unwrap();
    let rate = Rate::per_second(some(calls));
    let bucket = LimiterKind::TokenBucket { rate, burst: some(calls.div_ceil(4)) };
    let every = |calls| Trigger::Every(NonZeroU64::new(calls).unwrap());
    let fault = |kind, calls| Fault { kind, trigger: every(calls) };
    PlatformConfig {
        limits: vec![LimitConfig::per_credential(bucket)],
        latency: LatencyRange::between(Duration::from_millis(5), Duration::from_millis(40)),
        faults: vec![
            fault(FaultKind::ResetAfter, 41),
            fault(FaultKind::ErrorAfter(ServerError::BadGateway), 67),
            fault(FaultKind::ResetBefore, 89),
            fault(FaultKind::LostReply, 211),
        ],
        ..PlatformConfig::default()
    }
}

/// Repeats a trial, as far as the machine's own timing allows.
const SEED: &str = "PACELINE_TEST_SEED";
/// More than the platform admits in the lives of all that are killed: 18 of 0.7 s at 60/s.
const RECORDS: u64 = 800;
/// The same for batches of 20: 16 of 0.7 s at 10/s, give or take a burst for each.
const BULK_RECORDS: u64 = 2_600;
/// One for each lost reply that can still come, and some.
const LIVES_AFTERWARDS: u32 = 12;
/// Longer than any wait of this platform.
const SILENCE: Duration = Duration::from_secs(4);
