//! What an answer means for each record of a parcel.

use std::borrow::Cow;

use paceline::client::GivenUp;
use paceline::{CallError, Response};
use paceline_core::GiveUp;

use super::courier::Delivery;
use super::ending::Ending;
use super::evidence::{self, excerpt, without_secrets};
use super::items::{self, BatchResult, ItemResult};
use super::parcel::{Item, Parcel};
use super::plan::{BatchPlan, SyncPlan};
use crate::journal::Letter;
use crate::settings::Credential;
use crate::wall_clock::wall_now;

/// What became of the records of a parcel: each is in exactly one of these.
#[derive(Debug, Default)]
pub(super) struct Settled {
    pub(super) delivered: Vec<Item>,
    pub(super) dead: Vec<(Item, Letter)>,
    pub(super) in_doubt: Vec<(Item, Letter)>,
    /// To be sent in a later batch.
    pub(super) again: Vec<Item>,
    /// A batch that is to be cut in two.
    pub(super) split: Option<Vec<Item>>,
    /// Left where they are.
    pub(super) still_to_do: Vec<Item>,
    /// Still to do, and free of their batch: it was not applied.
    pub(super) released: Vec<Item>,
    /// Whether the platform rejected the call as such.
    pub(super) is_rejected: bool,
    /// Whether the platform took the call and said of none of its records what became of it.
    pub(super) is_silent: bool,
    /// What speaks against the request, for people.
    pub(super) evidence: Option<String>,
    /// The run cannot go on.
    pub(super) ending: Option<Ending>,
}

/// Reads what came back for `parcel`.
pub(super) fn settle(plan: &SyncPlan, parcel: Parcel, delivery: Delivery) -> Settled {
    let clerk = Clerk { plan };
    match delivery {
        Delivery::Answered(response) => clerk.accepted(parcel, &response),
        Delivery::Failed(CallError::GaveUp(given_up)) => clerk.given_up(parcel, &given_up),
        Delivery::Failed(error) => clerk.unsent(parcel, error),
        Delivery::NotRendered(error) => {
            let evidence = Some(error.to_string());
            Settled { evidence, ..clerk.all_dead(parcel, &error.to_string()) }
        }
        Delivery::Stopped { is_uncertain } => stopped(parcel, is_uncertain),
    }
}

/// A batch of this run that was not applied need not be sent again as it was, whatever becomes of the source.
fn stopped(parcel: Parcel, is_uncertain: bool) -> Settled {
    let is_of_this_run = parcel.seal.as_ref().is_some_and(|seal| !seal.is_journaled);
    if is_of_this_run && !is_uncertain {
        return Settled { released: parcel.items, ..Settled::default() };
    }
    Settled { still_to_do: parcel.items, ..Settled::default() }
}

struct Clerk<'a> {
    plan: &'a SyncPlan,
}

impl Clerk<'_> {
    fn accepted(&self, parcel: Parcel, response: &Response) -> Settled {
        let batch = self.plan.batch.as_ref().filter(|_| parcel.seal.is_some());
        let Some(batch) = batch else { return Settled { delivered: parcel.items, ..Settled::default() } };
        match items::read(batch, &response.body) {
            BatchResult::Whole => Settled { delivered: parcel.items, ..Settled::default() },
            BatchResult::Each(mut results) => {
                let mut settled = Settled::default();
                for item in parcel.items {
                    let key = batch_key(batch, &item);
                    let result = key.and_then(|key| results.remove(&key));
                    self.settle_item(item, result, response, &mut settled);
                }
                self.with_blame(batch, response, settled)
            }
            BatchResult::Unreadable(why) => {
                let doubt = |item: Item| {
                    let letter = self.letter(&item, why.clone(), Some(response), 1);
                    (item, letter)
                };
                let in_doubt = parcel.items.into_iter().map(doubt).collect();
                self.with_blame(batch, response, Settled { in_doubt, ..Settled::default() })
            }
        }
    }

    /// A reply that says of no record what became of it speaks against the request.
    fn with_blame(&self, batch: &BatchPlan, response: &Response, settled: Settled) -> Settled {
        let Settled { delivered, dead, again, .. } = &settled;
        if !(delivered.is_empty() && dead.is_empty() && again.is_empty()) {
            return settled;
        }
        let evidence = Some(evidence::of_silence(self.plan, batch, response));
        Settled { is_silent: true, evidence, ..settled }
    }

    fn settle_item(
        &self,
        item: Item,
        result: Option<ItemResult>,
        response: &Response,
        settled: &mut Settled,
    ) {
        match result {
            Some(ItemResult::Taken) => settled.delivered.push(item),
            Some(ItemResult::Again) if item.returns + 1 < self.plan.retry.max_attempts.get() => {
                settled.again.push(item);
            }
            Some(ItemResult::Again) => {
                let letter =
                    self.letter(&item, "asked to be sent again too often", Some(response), item.returns + 1);
                settled.dead.push((item, letter));
            }
            Some(ItemResult::Refused { status, text }) => {
                let mut letter = self.letter(&item, "rejected", Some(response), item.returns + 1);
                letter.status = status.or(letter.status);
                letter.body = Some(excerpt(self.credential(), text.as_bytes()));
                settled.dead.push((item, letter));
            }
            None => {
                let verdict = "the reply does not mention it";
                let letter = self.letter(&item, verdict, Some(response), item.returns + 1);
                settled.in_doubt.push((item, letter));
            }
        }
    }

    fn given_up(&self, parcel: Parcel, given_up: &GivenUp) -> Settled {
        match given_up.why {
            GiveUp::Rejected => self.rejected(parcel, given_up),
            GiveUp::InDoubt => self.all_in_doubt(parcel, given_up),
            // What failed last tells whether something may have been applied.
            GiveUp::Exhausted if may_have_been_applied(given_up) => self.all_in_doubt(parcel, given_up),
            GiveUp::Exhausted => {
                let text = words(given_up);
                Settled { dead: self.letters(parcel, &text, given_up), ..Settled::default() }
            }
            GiveUp::Expired | GiveUp::Cancelled => {
                Settled { still_to_do: parcel.items, ..Settled::default() }
            }
        }
    }

    /// A batch that is refused as a whole is cut in two until the record at fault stands alone.
    fn rejected(&self, parcel: Parcel, given_up: &GivenUp) -> Settled {
        let evidence = Some(evidence::of_rejection(self.plan, given_up));
        let status = given_up.last.as_ref().map(|last| last.status.as_u16());
        if parcel.items.len() > 1 && matches!(status, Some(400 | 413 | 422)) {
            // Too large is not wrong: the halves will tell.
            let is_rejected = status != Some(413);
            return Settled { split: Some(parcel.items), is_rejected, evidence, ..Settled::default() };
        }
        let dead = self.letters(parcel, "rejected", given_up);
        Settled { dead, is_rejected: true, evidence, ..Settled::default() }
    }

    fn all_in_doubt(&self, parcel: Parcel, given_up: &GivenUp) -> Settled {
        let in_doubt = self.letters(parcel, &words(given_up), given_up);
        Settled { in_doubt, ..Settled::default() }
    }

    fn all_dead(&self, parcel: Parcel, verdict: &str) -> Settled {
        let dead = parcel.items.into_iter().map(|item| {
            let letter = self.letter(&item, verdict.to_owned(), None, 0);
            (item, letter)
        });
        Settled { dead: dead.collect(), ..Settled::default() }
    }

    fn unsent(&self, parcel: Parcel, error: CallError) -> Settled {
        let ending = match error {
            CallError::Target(error) => return self.all_dead(parcel, &error.to_string()),
            CallError::HeldBack { source, .. } => match source.downcast() {
                Ok(error) => Ending::Journal(*error),
                Err(error) => Ending::Broken(error.to_string()),
            },
            other => Ending::Broken(other.to_string()),
        };
        Settled { still_to_do: parcel.items, ending: Some(ending), ..Settled::default() }
    }

    fn letters(&self, parcel: Parcel, verdict: &str, given_up: &GivenUp) -> Vec<(Item, Letter)> {
        let letters = parcel.items.into_iter().map(|item| {
            let letter = self.letter(&item, verdict.to_owned(), given_up.last.as_ref(), given_up.attempts);
            (item, letter)
        });
        letters.collect()
    }

    fn letter(
        &self,
        item: &Item,
        verdict: impl Into<Cow<'static, str>>,
        reply: Option<&Response>,
        attempts: u32,
    ) -> Letter {
        Letter {
            record: item.reference.clone(),
            verdict: verdict.into(),
            status: reply.map(|reply| reply.status.as_u16()),
            body: reply.map(|reply| excerpt(self.credential(), &reply.body)),
            headers: reply.and_then(|reply| self.kept_headers(reply)),
            content: Some(item.record.json()),
            attempts,
            at: wall_now(),
        }
    }

    fn credential(&self) -> Option<&Credential> {
        self.plan.credential.as_ref()
    }

    fn kept_headers(&self, reply: &Response) -> Option<String> {
        let kept = self.plan.keep_headers.iter().filter_map(|name| {
            let value = reply.headers.get(name)?.to_str().ok()?;
            Some((name.as_str().to_owned(), without_secrets(self.credential(), value).into()))
        });
        let kept: serde_json::Map<String, serde_json::Value> = kept.collect();
        (!kept.is_empty()).then(|| serde_json::Value::Object(kept).to_string())
    }
}

/// The text that an item's result repeats of its record.
pub(super) fn batch_key(batch: &BatchPlan, item: &Item) -> Option<String> {
    let field = batch.key_field.as_deref()?;
    item.record.field_text(field).map(Cow::into_owned)
}

fn may_have_been_applied(given_up: &GivenUp) -> bool {
    let by_reply = given_up.last.as_ref().is_some_and(|last| last.status.is_server_error());
    let by_failure =
        given_up.detail.as_ref().is_some_and(|detail| detail.reply() == paceline_core::Reply::Lost);
    by_reply || by_failure
}

fn words(given_up: &GivenUp) -> String {
    match (&given_up.detail, &given_up.last) {
        (Some(detail), _) => detail.to_string(),
        (None, Some(last)) => format!("status {}", last.status.as_u16()),
        (None, None) => given_up.to_string(),
    }
}
