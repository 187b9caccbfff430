//! The end of a run: everything is counted, written down and closed.

use super::Engine;
use crate::journal::{Counts, Entry};
use crate::sync::ending::Ending;
use crate::sync::gates;
use crate::sync::summary::{self, Facts, Summary};

impl Engine<'_> {
    pub(super) async fn finish(mut self) -> Summary {
        let ending = self.ending.take().unwrap_or(Ending::Done);
        let seconds = self.began.elapsed().as_secs_f64();
        if matches!(ending, Ending::Condemned { .. }) {
            self.tally.acquit();
            self.started.journal.enqueue(Entry::Acquitted);
        }
        if !self.source_has_ended && !self.started.is_new {
            self.count_the_rest().await;
        }
        let pacer = self.started.courier.client.pacer();
        let snapshot = pacer.snapshot().await.unwrap_or_default();
        let learned = summary::learned(&snapshot, pacer).await;
        gates::learned_entries(&snapshot).into_iter().for_each(|entry| self.started.journal.enqueue(entry));
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
        let last_answer = match ending {
            Ending::Suspended { .. } | Ending::Unauthorized | Ending::Banned => {
                self.started.courier.attempts.last_words()
            }
            _ => None,
        };
        Summary::of(Facts {
            records,
            counts,
            tally: self.tally,
            attempts: &self.started.courier.attempts,
            seconds,
            ending,
            last_answer,
            snapshot: &snapshot,
            learned,
            journal: path,
        })
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
}
