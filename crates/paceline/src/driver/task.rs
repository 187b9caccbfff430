//! The task: commands in, the machine asked, permits out, one timer.

use paceline_core::{
    AttemptId, CallId, Config, Controller, Departure, Event, GateCause, GiveUp, Instant, Reply, ScopeId,
    Snapshot, Verdict, WaitReason,
};
use rustc_hash::FxHashMap;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::Sleep;

use super::OnGateClosed;
use super::clock::Clock;
use super::closed_scopes::ClosedScopes;
use super::command::{Body, Command, Confirmed, GateRecord, Grant, Turn, Wanted};
use super::line::WeakLine;
use super::permit::Next;
use super::status::{Status, StatusBoard};
use super::waiting::{Ended, Waiting};

mod lateness;

pub(crate) struct Task {
    machine: Controller,
    clock: Clock,
    line: WeakLine,
    turns: FxHashMap<CallId, Waiter>,
    closed: ClosedScopes,
    events: broadcast::Sender<Event>,
    status: StatusBoard,
    on_gate_closed: Option<OnGateClosed>,
}

/// Who waits for a call's turn.
struct Waiter {
    turn: Turn,
    wanted: Wanted,
}

/// When the machine wants to be asked again.
#[derive(Clone, Copy, Debug)]
enum Wake {
    /// It had more to grant than one round gives.
    Soon,
    At(Instant, WaitReason),
    /// When something is told.
    Told,
}

impl Task {
    pub(crate) fn new(
        config: Config,
        clock: Clock,
        line: WeakLine,
        events: broadcast::Sender<Event>,
        on_gate_closed: Option<OnGateClosed>,
    ) -> (Self, watch::Receiver<Status>) {
        let (status, readers) = StatusBoard::new();
        let (turns, closed) = (FxHashMap::default(), ClosedScopes::new());
        let machine = Controller::new(config);
        (Self { machine, clock, line, turns, closed, events, status, on_gate_closed }, readers)
    }

    /// Runs until the last handle is gone.
    pub(crate) async fn run(mut self, mut inbox: UnboundedReceiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH);
        let timer = tokio::time::sleep(std::time::Duration::ZERO);
        tokio::pin!(timer);
        let (mut armed, mut soon) = (false, false);
        loop {
            tokio::select! {
                // What was told comes first: a refusal closes the gate before the next permit.
                biased;
                told = inbox.recv_many(&mut batch, BATCH) => if told == 0 { return },
                () = &mut timer, if armed => {}
                () = tokio::task::yield_now(), if soon => {}
            }
            let now = self.clock.now();
            for command in batch.drain(..) {
                self.obey(now, command);
            }
            self.tell_events(now);
            let wake = self.grant(now);
            self.tell_events(now);
            soon = matches!(wake, Wake::Soon);
            armed = match self.wake_at(now, wake) {
                Some(at) => self.arm(timer.as_mut(), at),
                None => false,
            };
        }
    }

    fn obey(&mut self, now: Instant, command: Command) {
        match command {
            Command::Submit { wanted, turn } => self.submit(now, wanted, turn),
            Command::Sent { attempt } => self.machine.handle_sent(now, attempt),
            Command::Reply { wanted, attempt, reply, body, answer } => {
                let next = self.reply(now, wanted, attempt, &reply, body);
                // Nobody waits for it any more: dropping a `Retry` takes the call back.
                tell(answer, next);
            }
            Command::Done { attempt } => self.machine.handle_done(now, attempt),
            Command::Cancel { call } => self.cancel(now, call),
            Command::Unused { attempt } => self.take_back(now, attempt),
            Command::Abandoned { attempt } => self.abandon(now, attempt),
            Command::Confirm { wanted, attempt, answer } => {
                let confirmed = self.confirm(now, wanted, attempt);
                tell(answer, confirmed);
            }
            Command::Scope { kind, name, answer } => tell(answer, self.machine.scope(now, kind, &name)),
            Command::SetLimits { kind, name, limits, answer } => {
                let scope = self.machine.scope(now, kind, &name);
                self.machine.set_limits(now, scope, limits).expect("a scope is known when it was just named");
                tell(answer, scope);
            }
            Command::Reopen { scope } => {
                self.closed.reopen(scope);
                self.machine.reopen(now, scope);
            }
            Command::Forecast { call, answer } => tell(answer, self.machine.forecast(now, call)),
            Command::Belief { scope, answer } => tell(answer, self.machine.belief(scope)),
            Command::Snapshot { answer } => tell(answer, self.snapshot(now)),
            Command::Restore { snapshot } => self.machine.restore(now, Clock::wall_now(), &snapshot),
        }
    }

    fn submit(&mut self, now: Instant, wanted: Wanted, turn: Turn) {
        let call = wanted.call;
        self.turns.insert(call.id, Waiter { turn, wanted });
        match self.machine.try_submit(now, call) {
            Ok(()) => self.decline_if_late(now, wanted),
            Err(why) => self.end(call.id, Ended::NotTaken(why)),
        }
    }

    fn reply(&mut self, now: Instant, wanted: Wanted, attempt: AttemptId, reply: &Reply, body: Body) -> Next {
        let verdict = self.machine.handle_reply(now, attempt, reply);
        if body == Body::Complete {
            self.machine.handle_done(now, attempt);
        }
        match verdict {
            Verdict::Deliver => Next::Deliver,
            Verdict::GiveUp(why) => Next::GiveUp(why),
            Verdict::Retry => match self.wait(wanted) {
                Some(waiting) => {
                    self.decline_if_late(now, wanted);
                    Next::Retry(waiting)
                }
                None => {
                    self.cancel(now, wanted.call.id);
                    Next::GiveUp(GiveUp::Cancelled)
                }
            },
        }
    }

    /// A place for the next turn of a call that the machine has queued; `None` when nobody is left to wait.
    fn wait(&mut self, wanted: Wanted) -> Option<Waiting> {
        let (turn, waiting) = Waiting::new(self.line.upgrade()?, wanted.call.id);
        self.turns.insert(wanted.call.id, Waiter { turn, wanted });
        Some(waiting)
    }

    fn cancel(&mut self, now: Instant, call: CallId) {
        self.turns.remove(&call);
        self.machine.handle_cancel(now, call);
    }

    fn take_back(&mut self, now: Instant, attempt: AttemptId) {
        self.machine.handle_cancel(now, attempt.call);
        self.machine.handle_done(now, attempt);
    }

    /// Its caller went: that says nothing of the platform, which may have done what was asked.
    fn abandon(&mut self, now: Instant, attempt: AttemptId) {
        self.machine.handle_cancel(now, attempt.call);
        self.machine.handle_done(now, attempt);
    }

    fn confirm(&mut self, now: Instant, wanted: Wanted, attempt: AttemptId) -> Confirmed {
        if !self.closed.covers(now, &wanted.call.scopes) {
            return Confirmed::Valid;
        }
        let Some(line) = self.line.upgrade() else { return Confirmed::Valid };
        if !self.machine.handle_recall(now, attempt) {
            return Confirmed::Valid;
        }
        let (turn, waiting) = Waiting::new(line, wanted.call.id);
        self.turns.insert(wanted.call.id, Waiter { turn, wanted });
        self.decline_if_late(now, wanted);
        Confirmed::Recalled(waiting)
    }

    fn snapshot(&self, now: Instant) -> Snapshot {
        self.machine.snapshot(now, Clock::wall_now_rounded_up())
    }

    fn grant(&mut self, now: Instant) -> Wake {
        for _ in 0..GRANTS_PER_ROUND {
            match self.machine.poll_departure(now) {
                Departure::Start { call, attempt } => self.start(now, call, attempt),
                Departure::Ended { call, why } => self.expire(now, call, why),
                Departure::WaitUntil { at, reason } => return Wake::At(at, reason),
                Departure::Idle => return Wake::Told,
            }
        }
        Wake::Soon
    }

    fn start(&mut self, now: Instant, call: CallId, attempt: AttemptId) {
        let closings = self.line.closings();
        let taken = self.turns.remove(&call).is_some_and(|Waiter { turn, wanted }| {
            turn.send(Ok(Grant { wanted, attempt, closings })).is_ok()
        });
        if !taken {
            // Its waiter left; the word of that is still in the inbox.
            self.take_back(now, attempt);
        }
    }

    fn end(&mut self, call: CallId, ended: Ended) {
        if let Some(waiter) = self.turns.remove(&call) {
            // A waiter that left needs no word.
            let _left = waiter.turn.send(Err(ended));
        }
    }

    fn tell_events(&mut self, now: Instant) {
        while let Some(event) = self.machine.poll_event() {
            match event {
                Event::GateClosed { scope, until, cause } => {
                    self.tell_closed(now, scope, until, cause);
                    self.decline_behind(now, scope);
                }
                // A restart has no siblings to wait for: it takes the hold for a closing.
                Event::Held { scope, until } => self.tell_closed(now, scope, until, GateCause::RetryAfter),
                Event::Released { scope, until } => {
                    self.closed.reopen(scope);
                    self.closed.close(now, scope, until);
                }
                _ => {}
            }
            // No reader is no error.
            drop(self.events.send(event));
        }
    }

    fn tell_closed(&mut self, now: Instant, scope: ScopeId, until: Instant, cause: GateCause) {
        self.closed.close(now, scope, until);
        self.line.count_closing();
        if let (Some(told), Some((kind, name))) = (&self.on_gate_closed, self.machine.scope_name(scope)) {
            let until_wall = self.clock.wall_time(now, until);
            told(GateRecord { kind, name: name.into(), until, until_wall, cause });
        }
    }

    /// Brings the status up to date; returns when the timer must fire.
    fn wake_at(&mut self, now: Instant, wake: Wake) -> Option<Instant> {
        let wait = match wake {
            Wake::At(at, reason) => Some((at, reason)),
            Wake::Soon | Wake::Told => None,
        };
        let status = Status { waiting: self.machine.waiting(), in_flight: self.machine.in_flight(), wait };
        let status_due = self.status.offer(now, status);
        [status_due, wait.map(|(at, _)| at)].into_iter().flatten().min()
    }

    /// The one timer, re-armed only when its instant changes.
    fn arm(&self, timer: std::pin::Pin<&mut Sleep>, at: Instant) -> bool {
        let at = self.clock.tokio_instant(at);
        if timer.deadline() != at {
            timer.reset(at);
        }
        true
    }
}

/// An asker that left needs no answer; what it would have got is dropped, and gives itself back.
fn tell<T>(asker: oneshot::Sender<T>, answer: T) {
    drop(asker.send(answer).err());
}

/// Commands taken at once: enough to spare wake-ups under load, few enough that a refusal among them closes
/// its gate within microseconds.
const BATCH: usize = 256;

/// Permits granted before the inbox is looked at again, for the same reason.
const GRANTS_PER_ROUND: usize = 256;
