//! The one loop that owns a run: it takes records in, sends parcels off, and settles what comes back.

use std::sync::Arc;
use std::time::Duration;

use paceline_core::{GateCause, Instant, WaitReason};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::courier::Delivery;
use super::ending::Ending;
use super::gates;
use super::parcel::{Item, Parcel};
use super::progress::{self, Progress};
use super::settling::{self, Settled, wall_now};
use super::start::Started;
use super::summary::Summary;
use super::tally::Tally;
use crate::journal::{BatchId, Counts, Entry, Letter, RecordRef, Standing};

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
        // The journal belongs to this request: what it delivered once is right.
        let has_accepted = started.resumed.as_ref().is_some_and(|resumed| resumed.counts.delivered > 0);
        look_around.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            started,
            watchers,
            under_way: JoinSet::new(),
            tally: Tally::new(has_accepted),
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

    async fn take_in(&mut self, chunk: Option<Result<Vec<(Item, Standing)>, Ending>>) {
        match chunk {
            Some(Ok(items)) => {
                items.into_iter().for_each(|(item, standing)| self.take(item, standing));
                // The journal may be slower than the platform: then it sets the pace.
                self.started.journal.room().await;
            }
            Some(Err(ending)) => self.end(ending),
            None => {
                self.source_has_ended = true;
                let now = self.now();
                self.started.loader.end_of_source(now);
            }
        }
    }

    fn take(&mut self, item: Item, standing: Standing) {
        let now = self.now();
        let is_nameless = self.started.plan.key.is_some() && item.reference.key.is_none();
        match self.count(&item, standing) {
            Some(_) if is_nameless => self.give_up_nameless(&item),
            Some(batch) => self.started.loader.load(now, item, batch),
            None => self.report(&item, standing),
        }
    }

    /// Without its key a record cannot be known again: it would be sent anew with every run.
    fn give_up_nameless(&mut self, item: &Item) {
        let field = self.started.plan.key.as_deref().unwrap_or_default();
        self.tally.dead += 1;
        let letter = unsent_letter(item, format!("it has no value in the key field `{field}`"), 0);
        self.started.journal.enqueue(Entry::Dead(Box::new(letter)));
    }

    /// Counts a record of the source; Some when it is to be sent, with the batch that it belongs to.
    fn count(&mut self, item: &Item, standing: Standing) -> Option<Option<BatchId>> {
        self.tally.read += 1;
        match standing {
            Standing::New | Standing::ChangedSinceDelivered | Standing::Departed => return Some(None),
            Standing::Todo { batch } => return Some(batch),
            Standing::Delivered => self.tally.delivered += 1,
            Standing::Dead | Standing::DuplicateKey { .. } => self.tally.dead += 1,
            Standing::InDoubt { .. } => self.tally.in_doubt += 1,
            Standing::SourceChanged => {
                let line = item.record.line;
                self.end(Ending::Broken(format!(
                    "the record on line {line} is not the one that the journal knows"
                )));
            }
        }
        None
    }

    /// Writes down what the journal cannot know of a record that is not sent.
    fn report(&mut self, item: &Item, standing: Standing) {
        let (verdict, is_dead) = match standing {
            Standing::DuplicateKey { first_line, .. } => {
                (format!("its key stands on line {first_line} already: no two records may share one"), true)
            }
            Standing::InDoubt { has_content: false } => ("interrupted".to_owned(), false),
            _ => return,
        };
        let mut letter = unsent_letter(item, verdict, u32::from(!is_dead));
        if is_dead {
            letter.record = RecordRef { key: None, ..letter.record };
            self.started.journal.enqueue(Entry::Dead(Box::new(letter)));
        } else {
            self.started.journal.enqueue(Entry::InDoubt(Box::new(letter)));
        }
    }

    fn land(&mut self, landed: Result<(Parcel, Delivery), JoinError>) {
        let (parcel, delivery) = match landed {
            Ok(landed) => landed,
            Err(error) => return self.end(Ending::Broken(error.to_string())),
        };
        self.tally.calls += u64::from(matches!(delivery, Delivery::Answered(_) | Delivery::Failed(_)));
        let batch = parcel.seal.as_ref().map(|seal| seal.id);
        let settled = settling::settle(&self.started.plan, parcel, delivery);
        self.judge(&settled);
        self.write_down(settled, batch);
        if self.tally.is_condemned(self.started.plan.max_dead) {
            let evidence = self.evidence.clone();
            self.end(Ending::Condemned { evidence });
        }
    }

    /// What an answer says of the run as a whole.
    fn judge(&mut self, settled: &Settled) {
        if let Some(evidence) = &settled.evidence {
            self.evidence.clone_from(evidence);
        }
        if settled.is_rejected {
            self.tally.note_rejected();
        }
        if settled.is_rejected || settled.split.is_some() {
            self.progressed = tokio::time::Instant::now();
        }
        if !settled.delivered.is_empty() {
            self.tally.note_accepted();
            self.progressed = tokio::time::Instant::now();
        }
    }

    fn write_down(&mut self, settled: Settled, batch: Option<BatchId>) {
        let now = self.now();
        let Settled { delivered, dead, in_doubt, again, split, ending, .. } = settled;
        self.tally.delivered += delivered.len() as u64;
        self.tally.delivered_now += delivered.len() as u64;
        self.tally.dead += dead.len() as u64;
        self.tally.dead_now += dead.len() as u64;
        self.tally.in_doubt += in_doubt.len() as u64;
        let mut entries = Vec::new();
        if !delivered.is_empty() {
            let records = delivered.iter().map(|item| item.reference.clone()).collect();
            entries.push(Entry::Delivered { records });
        }
        if !again.is_empty() {
            let records = again.iter().map(|item| item.reference.clone()).collect();
            entries.push(Entry::BackToTodo { records, batch: None });
        }
        let is_done = split.is_none() && ending.is_none() && settled.still_to_do.is_empty();
        let (dead_items, dead_letters): (Vec<Item>, Vec<Letter>) = dead.into_iter().unzip();
        let (doubtful, doubt_letters): (Vec<Item>, Vec<Letter>) = in_doubt.into_iter().unzip();
        entries.extend(dead_letters.into_iter().map(|letter| Entry::Dead(Box::new(letter))));
        entries.extend(doubt_letters.into_iter().map(|letter| Entry::InDoubt(Box::new(letter))));
        entries.extend(batch.filter(|_| is_done).map(|batch| Entry::BatchDone { batch }));
        // One reply, one write: half of a batch under its key, and half free of it, would be sent twice.
        self.started.journal.enqueue_all(entries);
        for item in delivered.iter().chain(&dead_items).chain(&doubtful) {
            self.started.loader.settled(now, item);
        }
        again.into_iter().for_each(|item| self.started.loader.again(now, item));
        if let (Some(items), Some(batch)) = (split, batch) {
            self.split(items, batch);
        }
        if let Some(ending) = ending {
            self.end(ending);
        }
    }

    fn split(&mut self, items: Vec<Item>, batch: BatchId) {
        if let Some(parts) = self.started.loader.split(items) {
            let into = parts.iter().filter_map(Parcel::batch).collect();
            self.started.journal.enqueue(Entry::BatchSplit { batch, into });
        }
    }

    /// Publishes how the run stands, and ends it when what it waits for is not worth waiting for.
    fn look_around(&mut self) {
        let status = *self.started.courier.client.pacer().status().borrow();
        let now = self.now();
        let attempts = &self.started.courier.attempts;
        let wait = status.wait.and_then(|(at, why)| Some((at.saturating_since(now), progress::reason(why)?)));
        self.watchers.send_replace(Progress {
            total: self.started.inspection.records,
            settled: self.tally.delivered + self.tally.dead + self.tally.in_doubt,
            dead: self.tally.dead,
            in_doubt: self.tally.in_doubt,
            attempts: attempts.departed(),
            throttled: attempts.throttled(),
            in_flight: status.in_flight,
            wait,
        });
        // Where nothing waits for the journal, its failure would show only at the end.
        if let Some(error) = self.started.journal.failure() {
            self.end(Ending::Journal(error));
        }
        if let Some((at, why)) = status.wait.filter(|_| self.ending.is_none()) {
            self.weigh(now, at, why);
        }
    }

    fn weigh(&mut self, now: Instant, at: Instant, why: WaitReason) {
        let longest = self.started.plan.retry.max_wait;
        let wait = at.saturating_since(now);
        match why {
            WaitReason::Gate { cause: GateCause::Banned, .. } => self.end(Ending::Banned),
            WaitReason::Gate { cause: GateCause::Unauthorized, .. } => self.end(Ending::Unauthorized),
            WaitReason::Gate { cause: GateCause::RetryAfter, .. } if wait > longest => {
                let reason = format!("the platform asks to be left alone for {}", in_words(wait));
                self.suspend(at, reason);
            }
            WaitReason::Gate { cause: GateCause::Backoff | GateCause::Outage, .. } | WaitReason::Backoff
                if self.progressed.elapsed() > longest =>
            {
                let silence = in_words(self.progressed.elapsed());
                self.suspend(at, format!("the platform has taken nothing for {silence}"));
            }
            _ => {}
        }
    }

    fn suspend(&mut self, at: Instant, reason: String) {
        let longest = in_words(self.started.plan.retry.max_wait);
        let resume_at = self.started.courier.client.pacer().wall_time(at);
        let reason = format!(
            "{reason}, which is longer than --max-wait {longest}. Run the same command again at {} or later",
            super::summary::civil(resume_at)
        );
        self.end(Ending::Suspended { resume_at, reason });
    }

    /// Takes no more records and sends no more parcels; what is under way comes back. The first reason stays.
    fn end(&mut self, ending: Ending) {
        if self.ending.is_none() {
            self.ending = Some(ending);
            self.started.courier.stop.cancel();
        }
    }

    async fn finish(mut self) -> Summary {
        let ending = self.ending.take().unwrap_or(Ending::Done);
        let seconds = self.began.elapsed().as_secs_f64();
        if matches!(ending, Ending::Condemned { .. }) {
            self.tally.acquit();
            self.started.journal.enqueue(Entry::Acquitted);
        }
        if !self.source_has_ended && !self.started.is_new {
            self.count_the_rest().await;
        }
        let snapshot = self.started.courier.client.pacer().snapshot().await.unwrap_or_default();
        gates::learned(&snapshot).into_iter().for_each(|entry| self.started.journal.enqueue(entry));
        let records = self.started.inspection.records.unwrap_or(self.tally.read).max(self.tally.read);
        let remaining = records - self.tally.read + self.tally.unsettled();
        let counts = Counts {
            todo: remaining,
            departed: 0,
            delivered: self.tally.delivered,
            dead: self.tally.dead,
            in_doubt: self.tally.in_doubt,
        };
        self.started.journal.enqueue(Entry::RunEnded { reason: ending.name().to_owned(), counts });
        let path = self.started.plan.journal.path.clone();
        let closed = self.started.journal.clone().close().await;
        let ending = match (closed, ending) {
            (Err(error), ending) if !matches!(ending, Ending::Journal(_)) => Ending::Journal(error),
            (_, ending) => ending,
        };
        Summary::new(
            records,
            counts,
            self.tally,
            &self.started.courier.attempts,
            seconds,
            ending,
            &snapshot,
            path,
        )
    }

    /// A run that stopped early still tells how all records of its source stand; without sending any.
    async fn count_the_rest(&mut self) {
        // A pipe may never end, and a journal or source that failed has nothing more to tell.
        if self.started.inspection.records.is_none() {
            return;
        }
        while let Some(Ok(items)) = self.started.intake.next().await {
            for (item, standing) in items {
                self.count(&item, standing);
            }
        }
    }

    fn now(&self) -> Instant {
        self.started.courier.client.pacer().instant(tokio::time::Instant::now())
    }
}

async fn sleep_until(due: Option<tokio::time::Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// A letter for a record that this run does not send.
fn unsent_letter(item: &Item, verdict: String, attempts: u32) -> Letter {
    Letter {
        record: item.reference.clone(),
        verdict: verdict.into(),
        status: None,
        body: None,
        headers: None,
        content: Some(item.record.json()),
        attempts,
        at: wall_now(),
    }
}

fn in_words(span: Duration) -> String {
    crate::units::spelled(Duration::from_secs(span.as_secs().max(1)))
}

/// Often enough for a smooth bar and a prompt end.
const LOOK_AROUND: Duration = Duration::from_millis(100);
