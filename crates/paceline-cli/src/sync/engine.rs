//! The one loop that owns a run: it takes records in, sends parcels off, and settles what comes back.

mod finishing;
mod landing;
mod taking;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use paceline_core::Instant;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::courier::Delivery;
use super::ending::Ending;
use super::parcel::Parcel;
use super::progress::Progress;
use super::start::Started;
use super::summary::Summary;
use super::tally::Tally;

/// Brings the records through. Returns when nothing more can be done, or when `stop` asks to stop and what is under way
/// has come back.
pub async fn run(started: Started, watchers: &watch::Sender<Progress>, stop: CancellationToken) -> Summary {
    let mut engine = Engine::new(started, watchers);
    while !engine.is_finished() {
        engine.turn(&stop).await;
    }
    engine.finish().await
}

struct Engine<'a> {
    started: Started,
    watchers: &'a watch::Sender<Progress>,
    under_way: JoinSet<(Parcel, Delivery)>,
    tally: Tally,
    began: tokio::time::Instant,
    /// When the platform last answered something else than a refusal or a failure.
    progressed: tokio::time::Instant,
    look_around: tokio::time::Interval,
    source_has_ended: bool,
    ending: Option<Ending>,
    /// What last spoke against the request.
    evidence: String,
}

impl<'a> Engine<'a> {
    fn new(started: Started, watchers: &'a watch::Sender<Progress>) -> Self {
        let now = tokio::time::Instant::now();
        let mut look_around = tokio::time::interval(LOOK_AROUND);
        let tally = started.resumed.as_ref().map_or_else(Tally::default, |resumed| {
            Tally::after(resumed.counts.delivered, is_retrial(&resumed.reasons))
        });
        look_around.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            started,
            watchers,
            under_way: JoinSet::new(),
            tally,
            began: now,
            progressed: now,
            look_around,
            source_has_ended: false,
            ending: None,
            evidence: String::new(),
        }
    }

    fn is_finished(&self) -> bool {
        let has_nothing_left = self.source_has_ended && self.started.loader.is_empty();
        self.under_way.is_empty() && (self.ending.is_some() || has_nothing_left)
    }

    /// Whether all that was read waits for what was not: the rest of a batch of an earlier run, far down the source.
    fn is_starving(&self) -> bool {
        self.under_way.is_empty() && self.started.loader.is_empty()
    }

    /// Does the next thing that is due.
    async fn turn(&mut self, stop: &CancellationToken) {
        self.send_off();
        let is_stopping = self.ending.is_some();
        let has_room = !self.started.loader.is_full() || self.is_starving();
        let wants_records = !is_stopping && !self.source_has_ended && has_room;
        let due = self.started.loader.due_at().filter(|_| !is_stopping);
        let due = due.map(|at| self.started.courier.client.pacer().tokio_instant(at));
        tokio::select! {
            Some(landed) = self.under_way.join_next(), if !self.under_way.is_empty() => self.land(landed),
            chunk = self.started.intake.next(), if wants_records => self.take_in(chunk).await,
            () = sleep_until(due), if due.is_some() => {
                let now = self.now();
                self.started.loader.tick(now);
            }
            _ = self.look_around.tick() => self.look_around(),
            () = stop.cancelled(), if !is_stopping => self.end(Ending::Interrupted),
        }
        while let Some(landed) = self.under_way.try_join_next() {
            self.land(landed);
        }
    }

    fn send_off(&mut self) {
        while self.ending.is_none() && self.under_way.len() < self.started.plan.workers.get() {
            let Some(parcel) = self.started.loader.pop() else { return };
            self.under_way.spawn(Arc::clone(&self.started.courier).deliver(parcel));
        }
    }

    /// Takes no more records and sends no more parcels; what is under way comes back. The first reason stays.
    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.started.courier.stop.cancel();
        }
    }

    fn now(&self) -> Instant {
        self.started.courier.client.pacer().instant(tokio::time::Instant::now())
    }
}

/// Whether a run was condemned, and none has come to its end since: what it gave up comes first now.
fn is_retrial(reasons: &[String]) -> bool {
    let mut unfinished = reasons.iter().take_while(|reason| *reason != Ending::Done.name());
    unfinished.any(|reason| reason == Ending::REJECTED)
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Often enough for a smooth bar and a prompt end.
const LOOK_AROUND: Duration = Duration::from_millis(100);
