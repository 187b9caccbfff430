//! Whose turn it is: weights, priorities, and forecasts that know of both.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use super::stories::{at, call, departures, known, machine, run};
use crate::controller::Controller;
use crate::{
    Call, CallId, ClientId, Config, Cost, Instant, Limits, Priority, Reply, ScopeKind, ScopeSet, Weight,
};

/// What departs by `until` of calls that are accepted at once, in order.
fn order(machine: &mut Controller, until: u64) -> Vec<u64> {
    let all = run(machine, at(0), at(until), &Reply::status(200));
    all.into_iter().map(|(_, attempt)| attempt.call.0).collect()
}

#[test]
fn a_higher_priority_goes_first_whenever_it_came() {
    let (mut machine, scope) = machine(known(100.0, 1), 0);
    for id in 0..30 {
        let priority = Priority::ALL[usize::try_from(id % 3).expect("0 to 2")];
        let call = Call { priority, client: ClientId(id % 2), ..call(id, ScopeSet::one(scope)) };
        machine.try_submit(at(0), call).expect("it has room");
    }
    let order: Vec<u64> = order(&mut machine, 1_000).into_iter().map(|id| id % 3).collect();
    assert_eq!(order, [[2; 10], [1; 10], [0; 10]].concat());
}

#[test]
fn a_higher_priority_goes_first_across_sets_of_scopes() {
    let mut machine = Controller::new(Config::default());
    let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
    machine.set_limits(at(0), tenant, known(100.0, 1)).expect("known scope");
    let sets =
        ["a", "b"].map(|name| ScopeSet::one(tenant).with(machine.scope(at(0), ScopeKind::Endpoint, name)));
    for scope in sets.iter().flat_map(|set| set.as_slice()).filter(|&&scope| scope != tenant) {
        machine.set_limits(at(0), *scope, known(10_000.0, 100)).expect("known scope");
    }
    for id in 0..20 {
        machine.try_submit(at(0), call(id, sets[0])).expect("room");
        let high = Call { priority: Priority::High, ..call(100 + id, sets[1]) };
        machine.try_submit(at(0), high).expect("room");
    }
    let order = order(&mut machine, 2_000);
    assert_eq!(order.len(), 40);
    assert!(order[..20].iter().all(|&id| id >= 100), "{order:?}");
}

/// A lane of two scopes has paid one of them when a higher priority comes for that one.
#[test]
fn a_pledge_yields_to_a_higher_priority() {
    let mut machine = Controller::new(Config::default());
    let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
    let endpoint = machine.scope(at(0), ScopeKind::Endpoint, "e");
    let one_slot = Limits { in_flight: NonZeroU32::new(1), ..known(1_000.0, 1) };
    machine.set_limits(at(0), tenant, one_slot).expect("known scope");
    machine.set_limits(at(0), endpoint, one_slot).expect("known scope");
    let low = |id, scopes| Call { priority: Priority::Low, ..call(id, scopes) };
    let ([at_tenant, at_endpoint], both) =
        ([tenant, endpoint].map(ScopeSet::one), ScopeSet::one(tenant).with(endpoint));
    machine.try_submit(at(0), low(1, at_tenant)).expect("room");
    machine.try_submit(at(0), low(2, at_endpoint)).expect("room");
    let (first, _) = departures(&mut machine, at(0));
    machine.try_submit(at(1), low(3, both)).expect("room");
    departures(&mut machine, at(1));
    let lane = machine.waiting.find(both, Priority::Low).expect("it waits");
    machine.handle_done(at(10), first[1]);
    assert!(departures(&mut machine, at(10)).0.is_empty());
    assert!(machine.waiting.pledged(lane).is_some(), "the endpoint is paid");
    machine.try_submit(at(20), Call { priority: Priority::High, ..call(4, at_endpoint) }).expect("room");
    let (next, _) = departures(&mut machine, at(20));
    assert_eq!(next[0].call, CallId(4), "though the tenant's slot is taken, for which the other waits");
    assert_eq!(machine.waiting.pledged(lane), None);
    machine.handle_done(at(30), first[0]);
    assert!(departures(&mut machine, at(30)).0.is_empty());
    machine.handle_done(at(40), next[0]);
    let (last, _) = departures(&mut machine, at(40));
    assert_eq!(last[0].call, CallId(3));
    machine.handle_done(at(50), last[0]);
    let taken = [tenant, endpoint].map(|scope| machine.scopes.state(scope).slots_taken());
    assert_eq!(taken, [0, 0], "what was pledged is given back once");
}

#[test]
fn a_client_with_few_calls_among_many_is_forecast_to_depart_soon() {
    let (mut machine, scope) = machine(known(10.0, 1), 1_000);
    for id in 1_000..1_003 {
        let call = Call { client: ClientId(id), ..call(id, ScopeSet::one(scope)) };
        machine.try_submit(at(0), call).expect("it has room");
    }
    let forecast = machine.forecast(at(0), CallId(1_002)).expect("it waits");
    assert!(forecast <= at(500), "four clients, one turn each: {forecast}");
    let last = machine.forecast(at(0), CallId(999)).expect("it waits");
    assert!((at(100_000)..at(101_000)).contains(&last), "{last}");
}

#[test]
fn a_forecast_counts_weights_and_what_goes_first() {
    let forecast = |weight, priority| {
        let (mut machine, scope) = machine(known(10.0, 1), 1_000);
        for id in 1_000..1_010 {
            let weight = Weight::new(weight).expect("in range");
            let call = Call { client: ClientId(7), weight, priority, ..call(id, ScopeSet::one(scope)) };
            machine.try_submit(at(0), call).expect("it has room");
        }
        machine.forecast(at(0), CallId(1_009)).expect("it waits")
    };
    let [low, one, ten, high] = [
        forecast(1, Priority::Low),
        forecast(1, Priority::Normal),
        forecast(10, Priority::Normal),
        forecast(1, Priority::High),
    ];
    assert!((at(100_000)..at(102_000)).contains(&low), "{low}");
    assert!((at(1_500)..at(2_200)).contains(&one), "turn by turn: {one}");
    assert!((at(800)..at(1_300)).contains(&ten), "ten turns for one: {ten}");
    assert!((at(700)..at(1_000)).contains(&high), "{high}");
}

#[test]
fn a_forecast_goes_by_cost_and_knows_of_calls_that_rest() {
    let (mut machine, scope) = machine(known(10.0, 1), 0);
    let of = |id, units| {
        let cost = Cost(NonZeroU32::new(units).expect("positive"));
        Call { cost, ..call(id, ScopeSet::one(scope)) }
    };
    machine.try_submit(at(0), of(0, 50)).expect("room");
    let (first, _) = departures(&mut machine, at(0));
    machine.handle_reply(at(0), first[0], &Reply::NotSent);
    machine.handle_done(at(0), first[0]);
    machine.try_submit(at(0), of(1, 1)).expect("room");
    let forecast = machine.forecast(at(0), CallId(1)).expect("it waits");
    assert!((at(9_900)..at(10_200)).contains(&forecast), "50 were charged, 50 come again: {forecast}");
    assert!(machine.forecast(at(0), CallId(0)).is_some());
}

/// Client, scope set, cost, weight and priority of a call.
type Chosen = (u64, usize, u32, u32, Priority);

fn chosen() -> impl Strategy<Value = Chosen> {
    (0_u64..5, 0_usize..3, 1_u32..5, 1_u32..=20, prop::sample::select(Priority::ALL.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// While nothing new comes, every answer is good and only rates delay, no call of the one scope that binds departs later
    /// than was forecast, at any time.
    #[test]
    fn no_call_of_one_scope_departs_later_than_was_forecast(
        calls in prop::collection::vec(chosen(), 1..60), burst in 1_u32..10, pause in 1_u64..2_000,
    ) {
        let mut machine = Controller::new(Config::default());
        let tenant = machine.scope(at(0), ScopeKind::Tenant, "t");
        machine.set_limits(at(0), tenant, known(20.0, burst)).expect("known scope");
        let wide = ScopeSet::one(tenant);
        let sets = [wide, wide, wide.with(machine.scope(at(0), ScopeKind::Endpoint, "e"))];
        for (id, &(client, set, cost, turns, priority)) in (0..).zip(&calls) {
            let call = Call {
                client: ClientId(client),
                cost: Cost(NonZeroU32::new(cost).expect("positive")),
                weight: Weight::new(turns).expect("in range"),
                priority,
                ..call(id, sets[set])
            };
            machine.try_submit(at(0), call).expect("it has room");
        }
        let mut forecasts: BTreeMap<CallId, Instant> = BTreeMap::new();
        let mut departed = 0;
        // Rounding to nanoseconds, once for each departure.
        let grain = Duration::from_micros(1);
        let mut from = at(0);
        for until in [at(0), at(pause), at(2 * pause), at(600_000)] {
            for (departed_at, attempt) in run(&mut machine, from, until, &Reply::status(200)) {
                departed += 1;
                if let Some(&forecast) = forecasts.get(&attempt.call) {
                    prop_assert!(departed_at <= forecast + grain, "{departed_at} {forecast} {attempt:?}");
                }
            }
            from = until;
            for (id, _) in (0..).map(CallId).zip(&calls).filter(|(_, call)| call.1 < 2) {
                if let Some(at) = machine.forecast(until, id) {
                    let earliest = forecasts.entry(id).or_insert(at);
                    *earliest = at.min(*earliest);
                }
            }
        }
        prop_assert_eq!(departed, calls.len());
    }
}
