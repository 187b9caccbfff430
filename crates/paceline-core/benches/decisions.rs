//! What one call costs the machine: submit, departure, sent, reply, done. `cargo bench -p paceline-core`
//!
//! The target is a microsecond, whatever the number of scopes and of waiting calls.

use std::num::NonZeroU32;
use std::time::Duration;

use divan::counter::ItemsCount;
use paceline_core::{
    Call, CallId, ClientId, Config, Controller, Cost, Departure, Instant, Limits, OnUncertain, Priority,
    Rate, Reply, ScopeKind, ScopeSet, Weight,
};

fn main() {
    divan::main();
}

const CALLS: u64 = 10_000;

struct World {
    machine: Controller,
    scopes: ScopeSet,
    now: Instant,
    next: u64,
}

impl World {
    fn new(scopes: usize, waiting: u64, clients: u64) -> Self {
        let mut machine = Controller::new(Config { max_waiting: usize::MAX, ..Config::default() });
        let now = Instant::EPOCH;
        let mut ids = ScopeKind::ALL[..scopes].iter().map(|&kind| machine.scope(now, kind, "one"));
        let first = ids.next().expect("at least one scope");
        let scopes = ids.fold(ScopeSet::one(first), ScopeSet::with);
        let limits =
            Limits { start: Rate::per_second(1e6), in_flight: NonZeroU32::new(1_000), ..Limits::default() };
        for &id in scopes.as_slice() {
            machine.set_limits(now, id, limits).expect("it has just been interned");
        }
        let mut world = Self { machine, scopes, now, next: 0 };
        (0..waiting).for_each(|_| world.submit(clients));
        world
    }

    fn submit(&mut self, clients: u64) {
        let call = Call {
            id: CallId(self.next),
            client: ClientId(self.next % clients),
            scopes: self.scopes,
            cost: Cost::ONE,
            weight: Weight::ONE,
            priority: Priority::Normal,
            deadline: None,
            on_uncertain: OnUncertain::Retry,
        };
        self.next += 1;
        self.machine.try_submit(self.now, call).expect("the queue has no limit");
    }

    /// One call comes and one call goes.
    fn turn(&mut self, clients: u64) {
        self.submit(clients);
        let attempt = loop {
            match self.machine.poll_departure(self.now) {
                Departure::Start { attempt, .. } => break attempt,
                Departure::WaitUntil { at, .. } => self.now = at,
                other => panic!("nothing departs: {other:?}"),
            }
        };
        self.machine.handle_sent(self.now, attempt);
        self.now = self.now + Duration::from_micros(1);
        self.machine.handle_reply(self.now, attempt, &Reply::status(200));
        self.machine.handle_done(self.now, attempt);
        while self.machine.poll_event().is_some() {}
    }
}

#[divan::bench(args = [0, 500, 5_000, 50_000], consts = [1, 4], sample_count = 20, sample_size = 1)]
fn one_client<const SCOPES: usize>(bencher: divan::Bencher, waiting: u64) {
    run::<SCOPES>(bencher, waiting, 1);
}

#[divan::bench(args = [500, 5_000, 50_000], consts = [1, 4], sample_count = 20, sample_size = 1)]
fn a_client_for_each_call<const SCOPES: usize>(bencher: divan::Bencher, waiting: u64) {
    run::<SCOPES>(bencher, waiting, u64::MAX);
}

/// A forecast of the last of 50,000 waiting calls: as long as there are clients, whatever they have queued.
#[divan::bench(args = [1, 100, 10_000])]
fn forecast(bencher: divan::Bencher, clients: u64) {
    let world = World::new(4, 50_000, clients);
    bencher.bench_local(|| world.machine.forecast(world.now, CallId(world.next - 1)));
}

fn run<const SCOPES: usize>(bencher: divan::Bencher, waiting: u64, clients: u64) {
    bencher
        .counter(ItemsCount::new(CALLS))
        .with_inputs(|| World::new(SCOPES, waiting, clients))
        .bench_local_values(|mut world| {
            (0..CALLS).for_each(|_| world.turn(clients));
            world
        });
}
