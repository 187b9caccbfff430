//! The run itself: users, and who decides for them. One task, one timer; attempts run beside it.

use paceline_core::{AttemptId, CallId, Cost, Instant};
use paceline_sim::platform::BulkCost;
use paceline_sim::scenario::Scenario;
use paceline_sim::strategy::{Answer, Fate, Lane, Move, Strategy, Submission};
use paceline_sim::world::Terms;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::agenda::{Agenda, Due};
use super::demand::Demand;
use super::intake::Intake;
use super::message::Writing;
use super::paced::Paced;
use super::strangers::Strangers;
use super::tally::{Tally, Watch};
use super::venue::Venue;
use super::wire::{Refusals, Wire};
use super::{Player, RealRun, items};

/// A run that is played; it has the shape of a world in virtual time.
pub(super) struct Stage<'a> {
    scenario: &'a Scenario,
    venue: &'a Venue,
    limit: std::time::Duration,
    epoch: tokio::time::Instant,
    writing: Writing,
    demand: Demand,
    intake: Intake,
    agenda: Agenda,
    brain: Brain,
    /// What is under way. Dropped with the stage, it is broken off.
    under_way: JoinSet<Told>,
    strangers: Strangers,
    tally: Tally,
    watch: Watch,
}

/// Who decides.
enum Brain {
    Strategy {
        strategy: Box<dyn Strategy>,
        wire: Wire,
        /// When it asked to be woken.
        wake_at: Option<Instant>,
    },
    Paceline(Paced),
}

/// What is told to the stage.
enum Told {
    /// A strategy's attempt has ended.
    Answered(AttemptId, Answer),
    /// A call of Paceline's has ended.
    Ended(CallId, Fate),
}

/// Why nothing more happens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Through,
    OutOfTime,
    Interrupted,
}

impl<'a> Stage<'a> {
    pub(super) async fn new(scenario: &'a Scenario, player: Player, terms: &Terms, venue: &'a Venue) -> Self {
        let address = venue.stand_in().address();
        let (watch, intake) = (Watch::default(), Intake::new(scenario, terms));
        let brain = match player {
            Player::Strategy(strategy) => {
                Brain::Strategy { strategy, wire: Wire::new(address), wake_at: None }
            }
            Player::Paceline(settings) => {
                Brain::Paceline(Paced::start(settings, scenario.callers, address, watch.clone()).await)
            }
        };
        let writing = Writing {
            record_bytes: scenario.record_bytes as usize,
            is_bulk: intake.is_bulk(),
            is_repeatable: scenario.is_repeatable,
        };
        Self {
            scenario,
            venue,
            limit: terms.limit,
            epoch: tokio::time::Instant::now(),
            writing,
            demand: Demand::new(scenario, terms.seed),
            intake,
            agenda: Agenda::default(),
            brain,
            under_way: JoinSet::new(),
            strangers: Strangers::start(scenario.foreign, address, terms.seed),
            tally: Tally::default(),
            watch,
        }
    }

    /// Plays it to its end.
    pub(super) async fn play(mut self, stop: &CancellationToken) -> RealRun {
        let now = self.now();
        for user in 0..self.demand.first_users() {
            self.take_record(now, user);
        }
        let end = loop {
            if self.is_through() {
                break End::Through;
            }
            if let Some(end) = self.step(stop).await {
                break end;
            }
        };
        self.judge(end)
    }

    /// Decides what can be decided, and waits until something happens.
    async fn step(&mut self, stop: &CancellationToken) -> Option<End> {
        self.keep_agenda();
        self.move_client();
        let (wake_at, limit) = (self.wake_at(), self.epoch + self.limit);
        tokio::select! {
            biased;
            () = stop.cancelled() => return Some(End::Interrupted),
            () = tokio::time::sleep_until(limit) => return Some(End::OutOfTime),
            Some(told) = self.under_way.join_next() => {
                let told = told.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
                self.hear(told);
            }
            () = sleep_until(wake_at) => {}
        }
        None
    }

    fn now(&self) -> Instant {
        Instant::EPOCH + self.epoch.elapsed()
    }

    fn is_through(&self) -> bool {
        self.tally.delivered() + self.tally.given_up_records == self.scenario.records
    }

    fn wake_at(&self) -> Option<tokio::time::Instant> {
        let asked = match self.brain {
            Brain::Strategy { wake_at, .. } => wake_at,
            Brain::Paceline(_) => None,
        };
        let at = asked.into_iter().chain(self.agenda.next_at()).min()?;
        Some(self.epoch + at.saturating_since(Instant::EPOCH))
    }

    fn keep_agenda(&mut self) {
        while let Some((at, due)) = self.agenda.pop(self.now()) {
            match due {
                Due::Ready { user } => self.take_record(at, user),
                Due::Linger(lane) => {
                    if let Some(call) = self.intake.close_due(self.now(), lane) {
                        self.submit(call);
                    }
                }
            }
            self.move_client();
        }
    }

    /// A user takes a record that was due at an instant.
    fn take_record(&mut self, due: Instant, user: u32) {
        let Some((record, lane)) = self.demand.take(due, user) else { return };
        if let Some(gap) = self.demand.next_arrival() {
            // Counted from when it was due: a late timer slows nobody down.
            self.agenda.plan(due + gap, Due::Ready { user: user.wrapping_add(1) });
        }
        if let Some(call) = self.intake.push(due, record, lane) {
            self.submit(call);
        }
        if let Some(due) = self.intake.newly_due(lane) {
            self.agenda.plan(due, Due::Linger(lane));
        }
    }

    fn submit(&mut self, call: CallId) {
        let now = self.now();
        let load = self.intake.load(call);
        let cost = match self.scenario.platform.bulk_cost {
            BulkCost::Call => Cost::ONE,
            BulkCost::Item => Cost(items(load.records.len())),
        };
        let lane: Lane = load.lane;
        let submission = Submission { call, lane, cost, is_repeatable: self.scenario.is_repeatable };
        match &mut self.brain {
            Brain::Strategy { strategy, .. } => strategy.submit(now, &submission),
            Brain::Paceline(paced) => {
                let ended = paced.call(&submission, self.writing.message(call, load));
                self.under_way.spawn(async move {
                    let (call, fate) = ended.await;
                    Told::Ended(call, fate)
                });
            }
        }
    }

    fn move_client(&mut self) {
        let Brain::Strategy { strategy, wire, wake_at } = &mut self.brain else { return };
        loop {
            let now = Instant::EPOCH + self.epoch.elapsed();
            match strategy.poll(now) {
                Move::Send(attempt) => {
                    let message = self.writing.message(attempt.call, self.intake.load(attempt.call));
                    let refusals =
                        if strategy.leaves_bodies_unread() { Refusals::LeftUnread } else { Refusals::Read };
                    let wire = wire.clone();
                    self.under_way
                        .spawn(async move { Told::Answered(attempt, wire.attempt(message, refusals).await) });
                }
                Move::Wait(at) => {
                    *wake_at = at;
                    return;
                }
            }
        }
    }

    fn hear(&mut self, told: Told) {
        let now = self.now();
        match told {
            Told::Answered(attempt, answer) => {
                self.watch.note(&answer.reply);
                let Brain::Strategy { strategy, .. } = &mut self.brain else { return };
                let fate = strategy.answered(now, attempt, &answer);
                self.end(now, attempt.call, fate);
            }
            Told::Ended(call, fate) => self.end(now, call, fate),
        }
    }

    /// Ends a call, if its fate is an end; its users think, and take their next records.
    fn end(&mut self, now: Instant, call: CallId, fate: Fate) {
        let records = self.intake.load(call).records.clone();
        match fate {
            Fate::Again => return,
            Fate::Delivered => {
                for &record in &records {
                    self.tally.deliver(now, now.saturating_since(self.demand.since(record)));
                }
            }
            Fate::GivenUp(why) => self.tally.give_up(now, call, records.len(), why),
        }
        for &record in &records {
            let Some(think) = self.demand.think() else { return };
            self.agenda.plan(now + think, Due::Ready { user: self.demand.user_of(record) });
        }
    }

    fn judge(self, end: End) -> RealRun {
        let stand_in = self.venue.stand_in();
        let stats = stand_in.stats();
        let others = self.strangers.connections() + stand_in.notifications().notifications_opened;
        let (delivered, given_up_records) = (self.tally.delivered(), self.tally.given_up_records);
        RealRun {
            connections: stats.connections_opened.saturating_sub(others),
            stats,
            seen: self.watch.seen(),
            delivered,
            given_up_records,
            unfinished: self.scenario.records - delivered - given_up_records,
            finished: self.tally.finished.saturating_since(Instant::EPOCH),
            times_to_success: self.tally.times_to_success(),
            given_up: self.tally.given_up,
            is_interrupted: end == End::Interrupted,
        }
    }
}

/// Never, where there is no instant.
async fn sleep_until(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
