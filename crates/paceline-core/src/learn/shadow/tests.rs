use proptest::prelude::*;

use super::*;

/// What is tried next: to depart after a pause, or to give a departure back.
#[derive(Clone, Copy, Debug)]
enum Step {
    Depart { after: u64, units: u32 },
    Refund { back: usize },
}

const SECOND: u64 = 1_000_000_000;

/// `pause`: the longest, in nanoseconds.
fn steps(pause: u64, most: u32) -> impl Strategy<Value = Vec<Step>> {
    let depart = (0..pause, 1..=most).prop_map(|(after, units)| Step::Depart { after, units });
    let refund = (0_usize..5).prop_map(|back| Step::Refund { back });
    prop::collection::vec(prop_oneof![8 => depart, 1 => refund], 1..400)
}

fn cost(units: u32) -> Cost {
    Cost(units.try_into().expect("the test's cost is positive"))
}

/// Departs whenever the shadow grants, half of the time as soon as it does; returns what departed and was not given back.
fn play(shadow: &mut Shadow, steps: &[Step], from: Instant, longest_refund: Duration) -> Vec<(Instant, u32)> {
    let (mut now, mut departed) = (from, Vec::new());
    for (index, &step) in steps.iter().enumerate() {
        match step {
            Step::Depart { after, units } => {
                now = now + Duration::from_nanos(after);
                let ready_at = shadow.ready_at(now, cost(units));
                if index % 2 == 0 && ready_at < Instant::FAR_FUTURE {
                    now = now.max(ready_at);
                }
                if shadow.ready_at(now, cost(units)) <= now {
                    shadow.take(now, cost(units));
                    departed.push((now, units));
                }
            }
            Step::Refund { back } => {
                let place = departed.len().checked_sub(1 + back);
                if let Some(place) = place.filter(|&place| departed[place].0 + longest_refund > now) {
                    let (at, units) = departed.remove(place);
                    shadow.refund(at, cost(units));
                }
            }
        }
    }
    departed
}

/// The most units that departed in any span of `period`.
fn most_in_any(departed: &[(Instant, u32)], period: Duration) -> u32 {
    let spans = (0..departed.len()).map(|from| {
        let inside = departed[from..].iter().take_while(|(at, _)| *at < departed[from].0 + period);
        inside.map(|(_, units)| units).sum()
    });
    spans.max().unwrap_or(0)
}

fn ledger(count: u32, period: Duration) -> Shadow {
    Shadow::Window(Ledger::new(f64::from(count), period))
}

fn phased(count: f64, period: f64, phase: (f64, f64), jitter: f64) -> Shadow {
    let kind = WindowKind::Fixed { phase: Some(phase) };
    let model = Model::Window { kind, count, period };
    of(model, 0.0, jitter, 1.5, Shadow::None, Instant::EPOCH)
}

proptest! {
    #[test]
    fn a_ledger_admits_its_count_in_any_period(
        count in 1_u32..60, millis in 100_u64..10_000, steps in steps(SECOND / 2, 5), from in 0..100 * SECOND,
    ) {
        let period = Duration::from_millis(millis);
        let count = count.max(5);
        let departed = play(&mut ledger(count, period), &steps, Instant::from_nanos(from), period);
        let most = most_in_any(&departed, period);
        prop_assert!(most <= count, "{most} of {count}");
    }

    #[test]
    fn a_call_that_costs_more_than_the_quota_departs_alone(
        count in 1_u32..10, millis in 100_u64..5_000, steps in steps(SECOND, 20),
    ) {
        let period = Duration::from_millis(millis);
        let steps: Vec<Step> = steps.into_iter().filter(|step| matches!(step, Step::Depart { .. })).collect();
        let departed = play(&mut ledger(count, period), &steps, Instant::EPOCH, period);
        for (from, &(at, _)) in departed.iter().enumerate() {
            let inside: Vec<u32> =
                departed[from..].iter().take_while(|one| one.0 < at + period).map(|one| one.1).collect();
            prop_assert!(inside.len() == 1 || inside.iter().sum::<u32>() <= count, "{inside:?} of {count}");
        }
    }

    #[test]
    fn a_ledger_grants_a_full_count_in_little_more_than_each_period(count in 1_u32..500, millis in 500_u64..60_000) {
        let period = Duration::from_millis(millis);
        let (mut shadow, mut now) = (ledger(count, period), Instant::EPOCH);
        for _ in 0..5 * count {
            now = now.max(shadow.ready_at(now, Cost::ONE));
            shadow.take(now, Cost::ONE);
        }
        // Entries of two grains: each leaves with its latest.
        prop_assert!(now <= Instant::EPOCH + (period + period / 250) * 4, "{now}");
    }

    #[test]
    fn a_phased_window_admits_its_count_wherever_it_begins(
        count in 5_u32..60, tenths in 20_u32..600, low in 0.0_f64..100.0, unsure in 0.0_f64..1.0,
        jitter in 0.0_f64..0.06, steps in steps(SECOND, 5), from in 0..100 * SECOND,
    ) {
        let (period, high) = (f64::from(tenths) / 10.0, low + unsure);
        let mut shadow = phased(f64::from(count), period, (low, high), jitter);
        let departed = play(&mut shadow, &steps, Instant::from_nanos(from), Duration::from_secs_f64(period));
        for phase in [low, low + 0.3 * unsure, low + 0.7 * unsure, high] {
            let window_of = |at: Instant| ((at.as_secs_f64() - phase) / period).floor();
            for window in departed.chunk_by(|one, other| window_of(one.0) == window_of(other.0)) {
                let used: u32 = window.iter().map(|(_, units)| units).sum();
                prop_assert!(used <= count, "{used} of {count} in the window of {phase}");
            }
        }
        for (at, _) in departed {
            let since = (at.as_secs_f64() - low).rem_euclid(period);
            prop_assert!(since >= unsure - 1e-6 || since <= 1e-6, "{since} after {low}, unsure for {unsure}");
        }
    }

    #[test]
    fn beyond_a_window_one_departs_after_the_other_and_at_most_its_units(
        count in 1_u32..60, beyond in 1_u32..30, gap in 1_u64..SECOND, is_phased in any::<bool>(),
        pauses in prop::collection::vec(0..SECOND / 4, 100..300),
    ) {
        let period = Duration::from_secs(1_000);
        let gap = Duration::from_nanos(gap);
        let mut shadow = if is_phased {
            phased(f64::from(count), 1_000.0, (900.0, 900.5), 0.0)
        } else {
            ledger(count, period)
        };
        let (mut now, mut departed) = (Instant::from_nanos(100 * SECOND), Vec::new());
        let mut asks = true;
        for (index, pause) in pauses.into_iter().enumerate() {
            now = now + Duration::from_nanos(pause);
            if index >= count as usize && std::mem::take(&mut asks) {
                shadow.set_beyond(Beyond::new(f64::from(beyond), gap));
            }
            if shadow.ready_at(now, Cost::ONE) <= now {
                shadow.take(now, Cost::ONE);
                departed.push(now);
            }
        }
        prop_assert!(departed.len() <= (count + beyond) as usize, "{} of {count} and {beyond}", departed.len());
        let over = departed.get(count as usize..).unwrap_or_default();
        prop_assert!(!over.is_empty(), "nothing departed beyond");
        prop_assert!(over.windows(2).all(|pair| pair[1].saturating_since(pair[0]) >= gap));
    }

    #[test]
    fn a_window_grants_at_the_instant_that_it_named_and_not_before(
        count in 1_u32..10, units in 0_u32..10, gap in 1_u64..SECOND, part in 0.0..1.0,
        departures in prop::collection::vec((0..SECOND, 1_u32..4), 1..40), next in 1_u32..12,
    ) {
        let mut shadow = ledger(count, Duration::from_secs(10));
        let mut now = Instant::from_nanos(100 * SECOND);
        for (pause, units) in departures {
            now = now + Duration::from_nanos(pause);
            if shadow.ready_at(now, cost(units)) <= now {
                shadow.take(now, cost(units));
            }
        }
        shadow.set_beyond(Beyond::new(f64::from(units) + 0.01, Duration::from_nanos(gap)));
        let named = shadow.ready_at(now, cost(next));
        let wait = named.saturating_since(now);
        prop_assert!(shadow.ready_at(now + wait, cost(next)) <= now + wait);
        let early = now + wait.mul_f64(part);
        prop_assert!(early >= now + wait || shadow.ready_at(early, cost(next)) > early, "{early} of {named}");
    }

    #[test]
    fn a_shadow_that_changes_its_count_forgets_nothing(
        before in 5_u32..60, after in 5_u32..60, pauses in prop::collection::vec(0..SECOND / 8, 1..100),
        is_phased in any::<bool>(),
    ) {
        let kind = if is_phased { WindowKind::Fixed { phase: Some((950.0, 950.5)) } } else { WindowKind::Log };
        let model = |count| Model::Window { kind, count: f64::from(count), period: 1_000.0 };
        let shadow = |count, before| of(model(count), 0.0, 0.0, 1.5, before, Instant::EPOCH);
        let (mut one, mut departed) = (shadow(before, Shadow::None), 0_u32);
        let mut now = Instant::EPOCH + Duration::from_secs(1);
        for pause in pauses {
            now = now + Duration::from_nanos(pause);
            if one.ready_at(now, Cost::ONE) <= now {
                one.take(now, Cost::ONE);
                departed += 1;
            }
        }
        let other = shadow(after, one);
        prop_assert_eq!(other.ready_at(now, Cost::ONE) <= now, departed < after);
        prop_assert!((other.used() - f64::from(departed)).abs() < 1e-6);
    }
}

#[test]
fn a_large_quota_needs_no_more_memory_than_a_small_one() {
    let period = Duration::from_secs(10);
    let mut ledger = Ledger::new(1e6, period);
    let mut random = fastrand::Rng::with_seed(3);
    let mut now = Instant::EPOCH;
    for _ in 0..200_000 {
        now = now + Duration::from_nanos(random.u64(0..SECOND / 2_000));
        ledger.take(now, Cost::ONE);
        assert!(ledger.entries.len() <= GRAINS as usize + 3, "{}", ledger.entries.len());
    }
}

#[test]
fn a_model_whose_windows_are_not_known_keeps_no_shadow() {
    let shadow =
        of(Model::Pace { rate: 3.0 }, 0.0, 0.0, 1.5, ledger(1, Duration::from_secs(1)), Instant::EPOCH);
    assert!(matches!(shadow, Shadow::None));
    assert_eq!(shadow.ready_at(Instant::EPOCH, Cost::ONE), Instant::EPOCH);
}

#[test]
fn a_refund_of_what_has_left_already_makes_no_room() {
    let period = Duration::from_secs(1);
    let mut shadow = ledger(2, period);
    let at = |millis| Instant::EPOCH + Duration::from_millis(millis);
    shadow.take(at(0), cost(1));
    shadow.take(at(2_000), cost(1));
    shadow.take(at(2_100), cost(1));
    shadow.refund(at(0), cost(1));
    assert!(shadow.ready_at(at(2_200), cost(1)) >= at(3_000));
}
