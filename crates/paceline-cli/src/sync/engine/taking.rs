//! Records come in: each is counted, and sent or reported on.

use paceline_core::Instant;

use super::Engine;
use crate::journal::{BatchId, Entry, Letter, RecordRef, Standing};
use crate::sync::ending::Ending;
use crate::sync::parcel::Item;
use crate::wall_clock::wall_now;

impl Engine<'_> {
    pub(super) async fn take_in(&mut self, chunk: Option<Result<Vec<(Item, Standing)>, Ending>>) {
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
                let doubtful = self.started.loader.end_of_source(now);
                doubtful.iter().for_each(|item| self.doubt(now, item));
            }
        }
    }

    /// Gives a record of a broken batch up to doubt: the batch may have been applied, and under another key its record
    /// would be applied once more.
    fn doubt(&mut self, now: Instant, item: &Item) {
        self.tally.in_doubt += 1;
        let letter = unsent_letter(item, BROKEN_BATCH.to_owned(), 1);
        self.started.journal.enqueue(Entry::InDoubt(Box::new(letter)));
        self.started.loader.settled(now, item);
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
    pub(super) fn count(&mut self, item: &Item, standing: Standing) -> Option<Option<BatchId>> {
        self.tally.read += 1;
        match standing {
            Standing::New | Standing::ChangedSinceDelivered => return Some(None),
            Standing::Todo { batch } => return Some(batch),
            Standing::Delivered => self.tally.delivered += 1,
            Standing::Dead | Standing::DuplicateKey { .. } => self.tally.dead += 1,
            Standing::InDoubt { .. } => self.tally.in_doubt += 1,
            // A record under way is not met again: then this is not the source that was scanned.
            Standing::SourceChanged | Standing::Departed => {
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

/// Under its own key a platform takes nothing but the same batch.
const BROKEN_BATCH: &str = "its batch may have been applied, and some of its records have changed or are gone: it cannot be sent again as it was";
