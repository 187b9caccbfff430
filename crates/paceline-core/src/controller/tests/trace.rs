//! A random trace against a machine, with a model of what the machine was told.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::prelude::*;

use crate::controller::calls::Stands;
use crate::controller::{Controller, Departure};
use crate::queue::LaneId;
use crate::{
    Answered, AttemptId, Call, CallId, ClientId, Config, Cost, Event, GiveUp, Instant, KnownRate, Limits,
    Meaning, OnUncertain, Priority, Rate, Reply, ScopeId, ScopeKind, ScopeSet, Verdict, Weight,
};

/// One thing that a driver tells the machine.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Submit {
        client: u64,
        scopes: usize,
        cost: u32,
        rank: (Weight, Priority),
        deadline: Option<u64>,
        hold: bool,
    },
    Advance(u64),
    Sent(prop::sample::Index),
    Reply(prop::sample::Index, Answer),
    Done(prop::sample::Index),
    Cancel(prop::sample::Index),
    Recall(prop::sample::Index),
    /// Somebody else's scopes come and go.
    Crowd(u8),
    Repeat(prop::sample::Index, Answer),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Status(u16),
    Refused(u16, u64),
    /// A refusal whose status says something else.
    Disguised(u16),
    /// Accepted, and what it has cost.
    Cost(u32),
    NotSent,
    Lost,
}

impl Answer {
    fn reply(self) -> Reply {
        match self {
            Self::Status(status) => Reply::status(status),
            Self::Refused(status, millis) => Reply::refused(status, Duration::from_millis(millis)),
            Self::Disguised(status) => {
                let meaning = Some(Meaning::Throttled);
                Reply::Answered(Answered { meaning, ..Answered::status(status) })
            }
            Self::Cost(cost) => Reply::Answered(Answered { cost: Some(cost), ..Answered::status(200) }),
            Self::NotSent => Reply::NotSent,
            Self::Lost => Reply::Lost,
        }
    }
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        8 => Just(Answer::Status(200)),
        1 => prop::sample::select(vec![400, 404, 429, 500, 503]).prop_map(Answer::Status),
        2 => (prop::sample::select(WAITING.to_vec()), 1_u64..20_000).prop_map(|(status, ms)| Answer::Refused(status, ms)),
        1 => prop::sample::select(vec![200, 400, 403]).prop_map(Answer::Disguised),
        2 => prop_oneof![0_u32..6, Just(u32::MAX)].prop_map(Answer::Cost),
        1 => Just(Answer::NotSent),
        1 => Just(Answer::Lost),
    ]
}

pub(super) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let index = any::<prop::sample::Index>;
    let rank = (prop_oneof![Just(1), 1_u32..=1_000], prop::sample::select(Priority::ALL.to_vec()));
    let rank = rank.prop_map(|(turns, priority)| (Weight::new(turns).expect("in range"), priority));
    let deadline = prop::option::of(0_u64..5_000);
    let submit = (0_u64..4, 0_usize..SCOPE_SETS, 1_u32..4, rank, deadline, any::<bool>());
    let submit = submit.prop_map(|(client, scopes, cost, rank, deadline, hold)| {
        let deadline = deadline.filter(|millis| millis % 3 == 0);
        Step::Submit { client, scopes, cost, rank, deadline, hold }
    });
    let step = prop_oneof![
        8 => submit,
        8 => (0_u64..2_000_000_000).prop_map(Step::Advance),
        2 => index().prop_map(Step::Sent),
        6 => (index(), answer()).prop_map(|(index, answer)| Step::Reply(index, answer)),
        6 => index().prop_map(Step::Done),
        1 => index().prop_map(Step::Cancel),
        1 => index().prop_map(Step::Recall),
        1 => any::<u8>().prop_map(Step::Crowd),
        1 => (index(), answer()).prop_map(|(index, answer)| Step::Repeat(index, answer)),
    ];
    prop::collection::vec(step, 1..most)
}

/// The machine beside a model of it that knows only what was told.
pub(super) struct Trace {
    pub(super) machine: Controller,
    pub(super) now: Instant,
    scope_sets: Vec<ScopeSet>,
    kinds: BTreeMap<ScopeId, ScopeKind>,
    in_flight_limit: BTreeMap<ScopeId, u32>,
    next_call: u64,
    calls: BTreeMap<CallId, Call>,
    ended: BTreeSet<CallId>,
    /// Attempts not done, and whether they were answered.
    in_flight: BTreeMap<AttemptId, bool>,
    /// Until when calls were told to stay away, by the one that was told and by scope.
    told_call: BTreeMap<CallId, Instant>,
    told_scope: BTreeMap<ScopeId, Instant>,
    gate_opens: BTreeMap<ScopeId, Instant>,
    /// Until when scopes of calls that were told a wait are to stay away, unless siblings acquit them, and the longest such wait.
    held_until: BTreeMap<ScopeId, (Instant, Duration)>,
    /// Until when they are to stay away whatever siblings say: the wait came with a failure.
    firm_until: BTreeMap<ScopeId, Instant>,
    /// When siblings last acquitted a scope, and of what wait.
    released: BTreeMap<ScopeId, (Instant, Duration)>,
    pub(super) decisions: Vec<String>,
}

const SCOPE_SETS: usize = 4;
/// Statuses that come with a wait: it is obeyed whatever they mean.
const WAITING: [u16; 6] = [429, 429, 503, 500, 413, 403];

impl Trace {
    pub(super) fn new(seed: u64) -> Self {
        let mut machine = Controller::new(Config { seed, max_idle_scopes: 6, ..Config::default() });
        let now = Instant::EPOCH;
        let a = machine.scope(now, ScopeKind::Credential, "a");
        let endpoint = machine.scope(now, ScopeKind::Endpoint, "POST /records");
        let rate = Rate::per_second(30.0).expect("legal");
        let known = Some(KnownRate { rate, burst: NonZeroU32::new(5).expect("positive") });
        machine.set_limits(now, a, Limits { known, ..Limits::default() }).expect("known scope");
        let limits = Limits { in_flight: NonZeroU32::new(3), ..Limits::default() };
        machine.set_limits(now, endpoint, limits).expect("known scope");
        let mut trace = Self {
            machine,
            now,
            scope_sets: Vec::new(),
            kinds: BTreeMap::new(),
            in_flight_limit: BTreeMap::from([(endpoint, 3)]),
            next_call: 0,
            calls: BTreeMap::new(),
            ended: BTreeSet::new(),
            in_flight: BTreeMap::new(),
            told_call: BTreeMap::new(),
            told_scope: BTreeMap::new(),
            gate_opens: BTreeMap::new(),
            held_until: BTreeMap::new(),
            firm_until: BTreeMap::new(),
            released: BTreeMap::new(),
            decisions: Vec::new(),
        };
        trace.intern();
        trace
    }

    /// Names all scopes again, as a driver does whose scopes may have been forgotten.
    fn intern(&mut self) {
        let mut scope = |kind, name| {
            let id = self.machine.scope(self.now, kind, name);
            self.kinds.insert(id, kind);
            id
        };
        let tenant = ScopeSet::one(scope(ScopeKind::Tenant, "t"));
        let [a, b] = ["a", "b"].map(|name| scope(ScopeKind::Credential, name));
        let endpoint = scope(ScopeKind::Endpoint, "POST /records");
        self.scope_sets =
            vec![tenant, tenant.with(a), tenant.with(b).with(endpoint), tenant.with(a).with(endpoint)];
    }

    pub(super) fn play(&mut self, steps: &[Step]) {
        for step in steps {
            self.step(step);
            self.poll();
        }
    }

    /// Accepts everything until nothing is left; every call must end.
    pub(super) fn drain(&mut self) {
        for _ in 0..100_000 {
            let wait = self.poll();
            while let Some((&attempt, &answered)) = self.in_flight.first_key_value() {
                if !answered {
                    self.reply(attempt, Answer::Status(200));
                }
                self.done(attempt);
            }
            match wait {
                Departure::WaitUntil { at, .. } => self.now = at,
                _ if self.calls.len() == self.ended.len() => return,
                _ => {}
            }
        }
        panic!("{} of {} calls never ended", self.calls.len() - self.ended.len(), self.calls.len());
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Submit { .. } => self.submit(step),
            Step::Advance(nanos) => self.now = self.now + Duration::from_nanos(*nanos),
            Step::Sent(index) => {
                if let Some(attempt) = self.pick(index) {
                    self.machine.handle_sent(self.now, attempt);
                }
            }
            Step::Reply(index, answer) => {
                if let Some(attempt) = self.pick(index).filter(|attempt| !self.in_flight[attempt]) {
                    self.reply(attempt, *answer);
                }
            }
            Step::Done(index) => {
                if let Some(attempt) = self.pick(index).filter(|attempt| self.in_flight[attempt]) {
                    self.done(attempt);
                }
            }
            Step::Cancel(index) if !self.calls.is_empty() => {
                let call = *self.calls.keys().nth(index.index(self.calls.len())).expect("in range");
                self.cancel(call);
            }
            Step::Cancel(_) => {}
            Step::Crowd(name) => {
                self.machine.scope(self.now, ScopeKind::Integration, &name.to_string());
            }
            Step::Recall(index) => {
                let recalled =
                    self.pick(index).filter(|&attempt| self.machine.handle_recall(self.now, attempt));
                if let Some(attempt) = recalled {
                    self.in_flight.remove(&attempt);
                }
            }
            Step::Repeat(index, answer) => self.repeat(index, *answer),
        }
    }

    fn submit(&mut self, step: &Step) {
        let &Step::Submit { client, scopes, cost, rank: (weight, priority), deadline, hold } = step else {
            return;
        };
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.intern();
        let call = Call {
            id,
            client: ClientId(client),
            scopes: self.scope_sets[scopes],
            cost: Cost(NonZeroU32::new(cost).expect("positive")),
            weight,
            priority,
            deadline: deadline.map(|millis| self.now + Duration::from_millis(millis)),
            on_uncertain: if hold { OnUncertain::Hold } else { OnUncertain::Retry },
        };
        self.machine.try_submit(self.now, call).expect("the queue is large enough");
        self.calls.insert(id, call);
    }

    fn cancel(&mut self, call: CallId) {
        let never_left = |attempt: &AttemptId| {
            let attempt = &self.machine.attempts[attempt];
            !attempt.sent && !attempt.answered
        };
        let attempts = self.in_flight.keys().filter(|attempt| attempt.call == call);
        let recalled: Vec<AttemptId> = attempts.copied().filter(never_left).collect();
        let has_ended = !self.ended.insert(call);
        self.machine.handle_cancel(self.now, call);
        if !has_ended {
            self.in_flight.retain(|attempt, _| !recalled.contains(attempt));
        }
    }

    /// A reply that comes twice, or for an attempt that never was, changes nothing.
    fn repeat(&mut self, index: &prop::sample::Index, answer: Answer) {
        let attempt = match self.pick(index) {
            Some(attempt) if self.in_flight[&attempt] => attempt,
            _ => AttemptId { call: CallId(u64::MAX), number: 1 },
        };
        let verdict = self.machine.handle_reply(self.now, attempt, &answer.reply());
        assert_eq!(verdict, Verdict::GiveUp(GiveUp::Cancelled));
        self.machine.handle_done(self.now, AttemptId { call: CallId(u64::MAX), number: 1 });
    }

    fn reply(&mut self, attempt: AttemptId, answer: Answer) {
        let departed_at = self.machine.attempts[&attempt].departed_at;
        let verdict = self.machine.handle_reply(self.now, attempt, &answer.reply());
        self.in_flight.insert(attempt, true);
        self.decisions.push(format!("{} {attempt:?} {verdict:?}", self.now));
        if matches!(answer, Answer::Disguised(_)) && !self.ended.contains(&attempt.call) {
            assert_eq!(verdict, Verdict::Retry, "a refusal in disguise is never delivered");
        }
        if let Answer::Refused(status, millis) = answer {
            self.told(attempt, departed_at, status, Duration::from_millis(millis));
            if matches!(status, 429 | 503) && !self.ended.contains(&attempt.call) {
                assert_eq!(verdict, Verdict::Retry, "refusals alone never exhaust a call");
            }
        }
        match verdict {
            Verdict::Retry => {}
            Verdict::GiveUp(GiveUp::Cancelled) => assert!(self.ended.contains(&attempt.call)),
            Verdict::Deliver | Verdict::GiveUp(_) => {
                assert!(self.ended.insert(attempt.call), "a call ends once");
            }
        }
        self.events();
    }

    /// An attempt was told a wait that names no scope. It binds all scopes of the call; of a refusal, not those that siblings have
    /// acquitted of one as long, if this one left before.
    fn told(&mut self, attempt: AttemptId, departed_at: Instant, status: u16, wait: Duration) {
        let until = self.now + wait;
        let call = self.calls[&attempt.call];
        for &scope in call.scopes.as_slice() {
            if !matches!(status, 429 | 503) {
                let firm = self.firm_until.entry(scope).or_default();
                *firm = until.max(*firm);
                continue;
            }
            let is_excused =
                self.released.get(&scope).is_some_and(|&(at, lifted)| departed_at < at && wait <= lifted);
            if !is_excused {
                let (held, longest) = self.held_until.entry(scope).or_default();
                (*held, *longest) = (until.max(*held), wait.max(*longest));
            }
        }
        let narrowest = call.scopes.as_slice().iter().max_by_key(|id| self.kinds[id]).expect("one");
        let told = self.told_scope.entry(*narrowest).or_default();
        *told = (*told).max(until);
        let told = self.told_call.entry(call.id).or_default();
        *told = (*told).max(until);
    }

    fn done(&mut self, attempt: AttemptId) {
        self.machine.handle_done(self.now, attempt);
        self.in_flight.remove(&attempt);
    }

    fn pick(&self, index: &prop::sample::Index) -> Option<AttemptId> {
        let attempts = &self.in_flight;
        (!attempts.is_empty()).then(|| *attempts.keys().nth(index.index(attempts.len())).expect("in range"))
    }

    /// Polls to the end and checks every decision.
    fn poll(&mut self) -> Departure {
        loop {
            let departure = self.machine.poll_departure(self.now);
            self.decisions.push(format!("{} {departure:?}", self.now));
            match departure {
                Departure::Start { call, attempt } => self.check_start(call, attempt),
                Departure::Ended { call, why } => {
                    assert_eq!(why, GiveUp::Expired);
                    assert!(self.calls[&call].deadline.is_some_and(|deadline| deadline <= self.now));
                    assert!(self.ended.insert(call), "a call ends once");
                }
                Departure::WaitUntil { at, .. } => {
                    assert!(at > self.now, "a wait is strictly later than now");
                    self.check_nothing_could_depart();
                    return departure;
                }
                Departure::Idle => {
                    let waits = self.machine.waiting() > 0;
                    assert!(
                        !waits || self.machine.in_flight() > 0,
                        "idle, but nothing will wake a waiting call"
                    );
                    self.check_nothing_could_depart();
                    return departure;
                }
            }
            self.events();
        }
    }

    fn check_start(&mut self, id: CallId, attempt: AttemptId) {
        assert!(!self.ended.contains(&id), "an ended call departs");
        assert!(
            self.told_call.get(&id).is_none_or(|&told| told <= self.now),
            "attempted before its own wait"
        );
        let call = self.calls[&id];
        for scope in call.scopes.as_slice() {
            let told = self.told_scope.get(scope).copied().unwrap_or_default();
            let opens = self.gate_opens.get(scope).copied().unwrap_or_default();
            let firm = self.firm_until.get(scope).copied().unwrap_or_default();
            let (held, _) = self.held_until.get(scope).copied().unwrap_or_default();
            assert!(told.max(opens).max(firm).max(held) <= self.now, "departed through a closed gate");
        }
        let mut in_lane = self.machine.calls.iter().filter(|state| state.stands == Stands::InLane);
        let is_higher = |other: &Call| other.scopes == call.scopes && other.priority > call.priority;
        assert!(!in_lane.any(|state| is_higher(&state.call)), "a higher priority goes first");
        assert!(self.in_flight.insert(attempt, false).is_none(), "an attempt departs once");
        assert_eq!(self.machine.in_flight(), self.in_flight.len());
        for (&scope, &limit) in &self.in_flight_limit {
            let taken = self.in_flight.keys().filter(|a| self.calls[&a.call].scopes.contains(scope)).count();
            assert!(taken <= limit as usize, "{taken} in flight");
        }
    }

    fn events(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            if let Event::GateClosed { scope, until, .. } = event {
                let before = self.gate_opens.insert(scope, until).unwrap_or_default();
                assert!(until > before, "the opening moved earlier");
            }
            if let Event::Released { scope, .. } = event {
                let (_, lifted) = self.held_until.remove(&scope).unwrap_or_default();
                self.released.insert(scope, (self.now, lifted));
            }
        }
    }

    /// Work conserving: each lane that waits is refused by a scope, or stands behind an earlier turn that
    /// is refused there.
    fn check_nothing_could_depart(&self) {
        let waiting = self.machine.calls.iter().filter(|state| state.stands == Stands::InLane);
        for state in waiting {
            let scopes = state.call.scopes;
            let lane = self.machine.waiting.find(scopes, state.call.priority).expect("it has a lane");
            let head = self.machine.waiting.head(lane);
            let paid = self.machine.waiting.pledged(lane).map_or(0, |(mask, _)| mask);
            let yields = scopes.as_slice().iter().any(|&id| self.machine.waiting.is_outranked(lane, id));
            assert!(paid == 0 || !yields, "{:?} holds what a higher priority waits for", head.call);
            let refused = scopes.as_slice().iter().enumerate().any(|(index, &id)| {
                let scope = self.machine.scopes.state(id);
                let unpaid = paid & 1 << index == 0;
                unpaid
                    && (scope.refusal(self.now, head.cost).is_some()
                        || self.earlier_turn_is_refused(lane, id))
                    || scope.is_closed(self.now)
            });
            assert!(refused, "{:?} could depart", head.call);
        }
    }

    fn earlier_turn_is_refused(&self, lane: LaneId, scope: ScopeId) -> bool {
        let first =
            self.machine.waiting.first_parked(scope).filter(|_| self.machine.waiting.is_behind(lane, scope));
        first.is_some_and(|first| {
            let cost = self.machine.waiting.head(first).cost;
            self.machine.scopes.state(scope).refusal(self.now, cost).is_some()
        })
    }
}
