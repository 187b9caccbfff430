//! Real runs, short: what is counted, never how long it took.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_cli::lab::real::{Contender, Keeping, Paceline, Player, RealRun, compare, keep_alive, play};
use paceline_cli::platform::NotificationTerms;
use paceline_sim::platform::{LatencyRange, LimitConfig, LimiterKind, PlatformConfig, Rate, RetryAfterForm};
use paceline_sim::scenario::{Arrivals, Bulk, Callers, Scenario};
use paceline_sim::strategy::Strategy;
use paceline_sim::world::Terms;
use tokio_util::sync::CancellationToken;

use super::naive::Naive;

#[tokio::test(flavor = "multi_thread")]
async fn a_strategy_brings_all_records_through_and_sees_what_the_platform_saw() {
    let run = played(&scenario(300), naive(), &terms()).await;
    assert_all_delivered(&run, 300);
    assert!(run.stats.throttled > 0, "20 users at once meet a burst of 10");
    assert!(run.connections <= 20, "connections are kept: {}", run.connections);
}

#[tokio::test(flavor = "multi_thread")]
async fn paceline_brings_all_records_through_without_an_early_return() {
    let run = played(&scenario(300), paceline(), &terms()).await;
    assert_all_delivered(&run, 300);
    assert_eq!(run.stats.early_returns, 0);
    assert!(run.connections <= 20, "connections are kept: {}", run.connections);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_that_are_left_unread_cost_their_connections() {
    let strategy = Naive { leaves_bodies_unread: true, ..Naive::default() };
    let run = played(&scenario(100), Player::Strategy(Box::new(strategy)), &terms()).await;
    assert_all_delivered(&run, 100);
    assert!(run.connections > run.stats.throttled, "{} {}", run.connections, run.stats.throttled);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_carry_many_records_in_one_call() {
    let bulk = Bulk { items: some(50), bytes: 100_000 };
    let scenario = Scenario { bulk: Some(bulk), ..scenario(100) };
    let terms = Terms { batch: some(10), linger: Duration::from_millis(20), ..terms() };
    for player in [naive(), paceline()] {
        let run = played(&scenario, player, &terms).await;
        assert_eq!((run.delivered, run.stats.distinct, run.stats.duplicates), (100, 100, 0));
        assert!(run.stats.accepted < 50, "{}", run.stats.accepted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_arrivals_and_strangers_come_and_only_our_own_are_counted() {
    let rate = Rate::per_second(some(500));
    let callers = Callers { credentials: some(2), integrations: some(2), endpoints: some(3) };
    let arrivals = Arrivals::Open { rate };
    let scenario = Scenario { arrivals, callers, foreign: Some(rate), ..scenario(100) };
    for player in [naive(), paceline()] {
        let run = played(&scenario, player, &terms()).await;
        assert_all_delivered(&run, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_at_its_limit_and_when_it_is_stopped_with_what_is_there() {
    let hour = Duration::from_secs(3_600);
    let rate = Rate::new(some(1), hour).unwrap();
    let one_an_hour = LimiterKind::TokenBucket { rate, burst: some(5) };
    let scenario = limited(one_an_hour, 300);
    let terms = Terms::unbatched(1, Duration::from_millis(300));
    for player in [naive(), paceline()] {
        let run = played(&scenario, player, &terms).await;
        assert_eq!((run.delivered, run.unfinished, run.is_interrupted), (5, 295, false));
    }
    for player in [naive(), paceline()] {
        let stop = CancellationToken::new();
        stop.cancel();
        let run = play(&scenario, player, &Terms::unbatched(1, hour), &stop).await.unwrap();
        assert_eq!(run.delivered + run.unfinished, 300);
        assert!(run.is_interrupted);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn virtual_runs_stand_beside_real_ones() {
    let make = |_| Box::new(Naive::default()) as Box<dyn Strategy>;
    let contenders = [
        Contender::Strategy { name: "naive".to_owned(), make: Box::new(make) },
        Contender::Paceline { name: "paceline".to_owned(), settings: Paceline::default() },
    ];
    let stop = CancellationToken::new();
    let compared = compare(&scenario(100), &contenders, &terms(), 2, &stop).await.unwrap();
    let names: Vec<&str> = compared.iter().map(|compared| compared.name.as_str()).collect();
    assert_eq!(names, ["naive", "paceline"]);
    for compared in compared {
        assert_eq!((compared.virtual_run.delivered, compared.real_run.delivered), (100, 100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pinged_sockets_are_held_and_silent_ones_are_lost() {
    let keeping = Keeping {
        sockets: 10,
        intervals: vec![None, Some(Duration::from_millis(50))],
        notifications: NotificationTerms { idle: Duration::from_millis(500), ..Default::default() },
    };
    // 200 a second: at least a second for what is beyond the burst.
    let rate = Rate::per_second(some(200));
    let scenario = limited(LimiterKind::TokenBucket { rate, burst: some(10) }, 300);
    let stop = CancellationToken::new();
    let kept = keep_alive(&scenario, &keeping, &Paceline::default(), &terms(), &stop).await.unwrap();
    let [silent, pinged] = &kept[..] else { panic!("two intervals: {kept:?}") };
    assert_eq!((silent.interval_s, silent.held, silent.lost, silent.pongs), (None, 10, 10, 0));
    assert_eq!((pinged.interval_s, pinged.held, pinged.lost), (Some(0), 10, 0));
    assert!(pinged.pongs >= 10, "{}", pinged.pongs);
    for kept in &kept {
        assert_eq!((kept.run.delivered, kept.run.early_returns), (300, 0));
        assert!(kept.run.connections <= 20, "sockets are none of the calls': {}", kept.run.connections);
    }
}

async fn played(scenario: &Scenario, player: Player, terms: &Terms) -> RealRun {
    play(scenario, player, terms, &CancellationToken::new()).await.unwrap()
}

fn assert_all_delivered(run: &RealRun, records: u64) {
    assert_eq!((run.delivered, run.given_up_records, run.unfinished), (records, 0, 0), "{run:?}");
    assert_eq!(run.times_to_success.len() as u64, records);
    let stats = &run.stats;
    assert_eq!((stats.distinct, stats.duplicates, stats.connections_dropped), (records, 0, 0), "{stats:?}");
    let seen = (run.seen.attempts, run.seen.accepted, run.seen.refused);
    assert_eq!(seen, (stats.arrivals, stats.accepted, stats.throttled), "{stats:?}");
    let brief = run.brief();
    assert_eq!((brief.delivered, brief.early_returns), (records, stats.early_returns));
}

/// 20 users, records of 200 bytes, 1,000 a second and waits of milliseconds.
fn scenario(records: u64) -> Scenario {
    let rate = Rate::per_second(some(1_000));
    limited(LimiterKind::TokenBucket { rate, burst: some(10) }, records)
}

fn limited(kind: LimiterKind, records: u64) -> Scenario {
    let nothing = LatencyRange::default();
    Scenario {
        arrivals: Arrivals::Closed { users: some(20), think: nothing },
        records,
        record_bytes: 200,
        callers: Callers::default(),
        platform: PlatformConfig {
            limits: vec![LimitConfig::per_credential(kind)],
            retry_after: RetryAfterForm::Decimal,
            ..PlatformConfig::default()
        },
        uplink: nothing,
        downlink: nothing,
        bulk: None,
        foreign: None,
        is_repeatable: true,
    }
}

/// Longer than any of these runs takes on any machine.
fn terms() -> Terms {
    Terms::unbatched(1, Duration::from_secs(120))
}

fn naive() -> Player {
    Player::Strategy(Box::new(Naive::default()))
}

fn paceline() -> Player {
    Player::Paceline(Paceline::default())
}

fn some(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).expect("no test has a count of 0")
}
