use std::collections::{BinaryHeap, VecDeque};

use proptest::prelude::*;

use super::*;

/// A platform that publishes, as simple as can be: it shares nothing with the shadow.
#[derive(Clone, Debug)]
enum Platform {
    Window {
        count: u64,
        period: u64,
        phase: u64,
        window: u64,
        used: u64,
    },
    /// A window that begins with the first request after the one before; some do not publish how long it is.
    Begun {
        count: u64,
        period: u64,
        tells_period: bool,
        until: u64,
        used: u64,
    },
    Bucket {
        per_second: u64,
        burst: u64,
        millitokens: u64,
        at: u64,
    },
    Log {
        count: usize,
        period: u64,
        log: VecDeque<u64>,
    },
}

impl Platform {
    /// Handles a request at `now` milliseconds: whether it is admitted, and what the reply publishes.
    fn handle(&mut self, now: u64) -> (bool, PublishedLimit) {
        let ceil = |millis: u64| Some(Duration::from_secs(millis.div_ceil(1_000)));
        match self {
            Self::Window { count, period, phase, window, used } => {
                let index = (now + *phase) / *period;
                *used = if index == *window { *used } else { 0 };
                *window = index;
                let fits = *used < *count;
                *used += u64::from(fits);
                let left = *period - (now + *phase) % *period;
                (fits, limit(*count, Some(ceil(*period)), *count - *used, ceil(left)))
            }
            Self::Begun { count, period, tells_period, until, used } => {
                if now >= *until {
                    (*until, *used) = (now + *period, 0);
                }
                let fits = *used < *count;
                *used += u64::from(fits);
                let period = tells_period.then(|| Duration::from_millis(*period));
                (fits, limit(*count, Some(period), *count - *used, ceil(*until - now)))
            }
            Self::Bucket { per_second, burst, millitokens, at } => {
                *millitokens = (*millitokens + (now - *at) * *per_second).min(*burst * 1_000);
                *at = now;
                let fits = *millitokens >= 1_000;
                *millitokens -= if fits { 1_000 } else { 0 };
                let fills = (*burst * 1_000 - *millitokens).div_ceil(*per_second);
                let period = ceil(*burst * 1_000 / *per_second + 1);
                (fits, limit(*burst, Some(period), *millitokens / 1_000, ceil(fills)))
            }
            Self::Log { count, period, log } => {
                while log.front().is_some_and(|&at| at + *period <= now) {
                    log.pop_front();
                }
                let fits = log.len() < *count;
                log.extend(fits.then_some(now));
                let left = log.front().map_or(0, |&at| at + *period - now);
                let remaining = (*count - log.len()) as u64;
                (fits, limit(*count as u64, Some(ceil(*period)), remaining, ceil(left)))
            }
        }
    }
}

fn limit(
    count: u64,
    period: Option<Option<Duration>>,
    remaining: u64,
    reset: Option<Duration>,
) -> PublishedLimit {
    let period = period.flatten();
    PublishedLimit {
        count: Some(count),
        period,
        remaining: Some(remaining),
        reset,
        ..PublishedLimit::default()
    }
}

fn platform() -> impl Strategy<Value = Platform> {
    let window = (1_u64..200, 2_u64..20, 0_u64..20_000).prop_map(|(count, seconds, phase)| {
        Platform::Window { count, period: seconds * 1_000, phase, window: 0, used: 0 }
    });
    let bucket = (1_u64..200, 1_u64..100).prop_map(|(per_second, burst)| Platform::Bucket {
        per_second,
        burst,
        millitokens: burst * 1_000,
        at: 0,
    });
    let log = (1_usize..200, 2_u64..20).prop_map(|(count, seconds)| Platform::Log {
        count,
        period: seconds * 1_000,
        log: VecDeque::new(),
    });
    prop_oneof![window, bucket, log]
}

/// What happens next: (negated time, negated order, what).
type Agenda = BinaryHeap<(i64, i64, Happening)>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Handled { departed: u64, way_back: u64, is_lost: bool },
    Seen { departed: u64, remaining: Option<(u64, u64)>, is_refused: bool },
    Wake,
}

/// The client's process, or the platform's, does not run.
#[derive(Clone, Copy, Debug)]
struct Stall {
    is_clients: bool,
    from: u64,
    until: u64,
}

impl Stall {
    fn holds(&self, now: u64) -> bool {
        (self.from..self.until).contains(&now)
    }
}

struct Played {
    departed: u64,
    admitted: u64,
    refused: u64,
}

/// A client that always has a call waiting, for `seconds`; attempts and replies overtake one another as `seed` has it.
fn play(
    mut platform: Platform,
    limits: &Limits,
    seconds: u64,
    seed: u64,
    longest_way: u64,
    lost: f64,
    stalls: &[Stall],
) -> Played {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut shadow = PublishedShadow::new(limits);
    let mut agenda = Agenda::new();
    let mut order = 0;
    let mut push = |agenda: &mut Agenda, at: u64, happening| {
        order += 1;
        agenda.push((-i64::try_from(at).expect("short"), -order, happening));
    };
    let mut played = Played { departed: 0, admitted: 0, refused: 0 };
    // The first departs as a learner would let it.
    let (mut is_first, mut wake) = (true, None);
    push(&mut agenda, 0, Happening::Wake);
    let template = platform.clone().handle(0).1;
    while let Some((at, _, happening)) = agenda.pop() {
        let now = at.unsigned_abs();
        if now > seconds * 1_000 {
            break;
        }
        let is_clients = !matches!(happening, Happening::Handled { .. });
        if let Some(stall) = stalls.iter().find(|stall| stall.is_clients == is_clients && stall.holds(now)) {
            push(&mut agenda, stall.until, happening);
            continue;
        }
        let instant = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        match happening {
            Happening::Handled { departed, way_back, is_lost } => {
                let (fits, limit) = platform.handle(now);
                played.admitted += u64::from(fits);
                played.refused += u64::from(!fits);
                let told = limit.remaining.zip(limit.reset.map(|reset| reset.as_secs())).filter(|_| !is_lost);
                let seen = Happening::Seen { departed, remaining: told, is_refused: !fits };
                push(&mut agenda, now + way_back, seen);
            }
            Happening::Seen { departed, remaining, is_refused } => {
                let told = remaining.map(|(remaining, reset)| PublishedLimit {
                    remaining: Some(remaining),
                    reset: Some(Duration::from_secs(reset)),
                    ..template
                });
                let told: Vec<PublishedLimit> = told.into_iter().collect();
                if is_refused {
                    shadow.handle_refusal(instant(now), &told);
                }
                shadow.handle_answer(instant(now), instant(departed), Cost::ONE, &told);
            }
            Happening::Wake => {}
        }
        loop {
            let may = is_first
                || (shadow.is_active(instant(now)) && shadow.grant(instant(now), Cost::ONE) == Grant::Now);
            if !may {
                break;
            }
            is_first = false;
            shadow.depart(instant(now), Cost::ONE);
            played.departed += 1;
            let (way, way_back) = (rng.u64(1..=longest_way), rng.u64(1..=longest_way));
            let is_lost = played.departed > 1 && rng.f64() < lost;
            push(&mut agenda, now + way, Happening::Handled { departed: now, way_back, is_lost });
        }
        if let Grant::At(at) = shadow.grant(instant(now), Cost::ONE) {
            assert!(at > instant(now), "a wait is never for nothing");
            let at = at.as_nanos().div_ceil(1_000_000);
            if wake.is_none_or(|wake| wake <= now || at < wake) {
                wake = Some(at);
                push(&mut agenda, at, Happening::Wake);
            }
        }
    }
    played
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn never_more_departs_than_is_published(
        platform in platform(), seed in any::<u64>(), longest_way in 1_u64..300, lost in 0.0_f64..0.2,
    ) {
        // A bucket that holds next to nothing is full again before the next whole second, which is all that it tells: then a
        // refusal says that what it publishes is no good, and identification takes over.
        prop_assume!(!matches!(platform, Platform::Bucket { burst: ..20, .. }));
        // Whether a reset brings all of a log back or one unit of it is a guess: one attempt at each reset that is told, and
        // those are a second apart. (Here nothing closes after a refusal; the machine's gate does.)
        let guesses = if let Platform::Log { .. } = &platform { 60 } else { 0 };
        let played = play(platform, &Limits::default(), 60, seed, longest_way, lost, &[]);
        prop_assert!(played.refused <= guesses, "{} of {}", played.refused, played.departed);
    }

    #[test]
    fn what_is_published_is_used(platform in platform(), seed in any::<u64>()) {
        // A bucket that is empty and holds next to nothing is waited for in whole seconds: its reset says no more.
        prop_assume!(!matches!(platform, Platform::Bucket { burst: ..20, .. }));
        let all = match &platform {
            Platform::Window { count, period, .. } | Platform::Begun { count, period, .. } => {
                60_000 / period * count
            }
            Platform::Bucket { per_second, .. } => 60 * per_second,
            Platform::Log { count, period, .. } => 60_000 / period * *count as u64,
        };
        let played = play(platform, &Limits::default(), 60, seed, 20, 0.0, &[]);
        prop_assert!(played.admitted * 10 >= all * 5, "{} of {all}", played.admitted);
    }

    #[test]
    fn the_users_ceiling_holds(platform in platform(), seed in any::<u64>(), ceiling in 1.0_f64..50.0) {
        let limits = Limits { ceiling: Rate::per_second(ceiling), ..Limits::default() };
        let played = play(platform, &limits, 60, seed, 20, 0.0, &[]);
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let departed = played.departed as f64;
        prop_assert!(departed <= 60.0 * ceiling + 3.0, "{departed}");
    }

    /// Neither is refused, nor slow: what a stall delays is made up for as soon as the platform lets it.
    #[test]
    fn processes_that_stop_now_and_then_use_windows_of_a_second(
        tells_period in any::<bool>(), seed in any::<u64>(), longest_way in 1_u64..50, longest_stall in 2_u64..300,
    ) {
        let mut rng = fastrand::Rng::with_seed(seed);
        let stall = |second: u64| {
            let from = second * 1_000 + rng.u64(0..1_000);
            Stall { is_clients: rng.bool(), from, until: from + rng.u64(1..longest_stall) }
        };
        let stalls: Vec<Stall> = (0..60).map(stall).collect();
        let stalled: u64 = stalls.iter().map(|stall| stall.until - stall.from).sum();
        let platform = Platform::Begun { count: 120, period: 1_000, tells_period, until: 0, used: 0 };
        let played = play(platform, &Limits::default(), 60, seed, longest_way, 0.0, &stalls);
        prop_assert_eq!(played.refused, 0);
        let all = (60_000 - stalled) * 120 / 1_000;
        prop_assert!(played.admitted * 20 >= all * 19, "{} of {all}", played.admitted);
    }
}

#[test]
fn a_reserve_leaves_a_share_of_a_window() {
    let window = Platform::Window { count: 100, period: 60_000, phase: 0, window: 0, used: 0 };
    let reserve = crate::Reserve::share(0.2).expect("it is a share");
    let played = play(window, &Limits { reserve, ..Limits::default() }, 59, 7, 20, 0.0, &[]);
    assert!((79..=80).contains(&played.departed), "{}", played.departed);
}

#[test]
fn a_refusal_outside_the_published_budget_is_believed_and_not_the_budget() {
    let mut shadow = PublishedShadow::new(&Limits::default());
    let now = Instant::from_nanos(1_000_000_000);
    let told = [limit(100, Some(Some(Duration::from_secs(60))), 50, Some(Duration::from_secs(30)))];
    shadow.depart(Instant::EPOCH, Cost::ONE);
    shadow.handle_answer(now, Instant::EPOCH, Cost::ONE, &told);
    assert!(shadow.is_active(now));
    assert!(shadow.handle_refusal(now, &told));
    assert!(!shadow.is_active(now));
    assert!(shadow.is_active(now + DOUBT));
}

#[test]
fn a_platform_that_stops_publishing_is_no_longer_asked() {
    let mut shadow = PublishedShadow::new(&Limits::default());
    let told = [limit(100, None, 50, None)];
    let now = Instant::from_nanos(1);
    (0..=MOST_SILENT).for_each(|_| shadow.depart(Instant::EPOCH, Cost::ONE));
    shadow.handle_answer(now, Instant::EPOCH, Cost::ONE, &told);
    assert!(shadow.is_active(now));
    (0..MOST_SILENT).for_each(|_| shadow.handle_answer(now, Instant::EPOCH, Cost::ONE, &[]));
    assert!(!shadow.is_active(now));
}
