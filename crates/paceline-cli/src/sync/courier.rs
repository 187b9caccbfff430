//! One parcel through the platform.

use std::pin::pin;
use std::sync::Arc;

use http::HeaderMap;
use http::header::HeaderName;
use paceline::client::{Applied, AttemptReport};
use paceline::{CallError, Client, Request, Response};
use paceline_core::{ClientId, OnUncertain, Outcome, Reply, ScopeSet};
use tokio_util::sync::CancellationToken;

use super::departure::{Attempts, Flight};
use super::evidence;
use super::gates::GateKeeper;
use super::keys::Keys;
use super::parcel::Parcel;
use crate::journal::{Entry, Journal};
use crate::settings::Credential;
use crate::template::{BatchTemplate, Rendered, RequestTemplate, TemplateError};

/// Everything that a parcel needs on its way; shared by all parcels.
pub(super) struct Courier {
    pub(super) client: Client,
    pub(super) journal: Journal,
    pub(super) gates: GateKeeper,
    pub(super) template: Template,
    pub(super) credential: Option<Arc<Credential>>,
    pub(super) scopes: ScopeSet,
    pub(super) keys: Keys,
    pub(super) idempotency_header: Option<HeaderName>,
    /// Whether a departure need not be remembered, because sending again does no harm.
    pub(super) is_repeatable: bool,
    pub(super) attempts: Arc<Attempts>,
    /// The run stops: what is not under way stays where it is.
    pub(super) stop: CancellationToken,
}

/// What is sent for a parcel.
pub(super) enum Template {
    Record(RequestTemplate),
    Batch(BatchTemplate),
}

/// How a parcel came back.
#[derive(Debug)]
pub(super) enum Delivery {
    /// The platform took it.
    Answered(Response),
    /// It ended otherwise.
    Failed(CallError),
    /// There is no request for it.
    NotRendered(TemplateError),
    /// The run stopped while it waited: before it left, or between two attempts.
    Stopped {
        /// Whether an attempt may have been applied.
        is_uncertain: bool,
    },
}

impl Courier {
    /// Sends `parcel` and waits for what becomes of it. `parcel.seal` is journaled afterwards.
    pub(super) async fn deliver(self: Arc<Self>, mut parcel: Parcel) -> (Parcel, Delivery) {
        let request = match self.template.render(&parcel) {
            Ok(rendered) => self.request(&parcel, rendered),
            Err(error) => return (parcel, Delivery::NotRendered(error)),
        };
        let flight = Arc::new(Flight::default());
        let request = self.watched(&parcel, request, &flight);
        let delivery = self.send(request, &flight).await;
        if let (Some(seal), Delivery::Answered(_) | Delivery::Failed(_)) = (&mut parcel.seal, &delivery) {
            seal.is_journaled = true;
        }
        (parcel, delivery)
    }

    /// A call that waits is dropped when the run stops; one that is in flight is waited for.
    async fn send(&self, request: Request, flight: &Flight) -> Delivery {
        let mut call = pin!(self.client.call(request));
        tokio::select! {
            biased;
            ended = &mut call => return ended.map_or_else(Delivery::Failed, Delivery::Answered),
            () = self.stop.cancelled() => {}
        }
        while flight.is_in_flight() {
            tokio::select! {
                biased;
                ended = &mut call => return ended.map_or_else(Delivery::Failed, Delivery::Answered),
                () = flight.landed() => {}
            }
        }
        Delivery::Stopped { is_uncertain: flight.is_uncertain() }
    }

    fn request(&self, parcel: &Parcel, rendered: Rendered) -> Request {
        let mut request = Request::new(rendered.method, rendered.url, self.scopes);
        request.headers = rendered.headers;
        self.add_headers(parcel, &mut request.headers);
        request.body = rendered.body.into();
        request.client = ClientId(0);
        request.cost = rendered.cost;
        request.on_uncertain = if self.is_repeatable { OnUncertain::Retry } else { OnUncertain::Hold };
        request
    }

    fn add_headers(&self, parcel: &Parcel, headers: &mut HeaderMap) {
        if let Some(Credential { name, value, .. }) = self.credential.as_deref() {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(name) = &self.idempotency_header {
            let key = match &parcel.seal {
                Some(seal) => seal.key.clone(),
                None => self.keys.of_record(&parcel.items[0].reference),
            };
            headers.insert(name.clone(), key.parse().expect("hexadecimal digits are a header value"));
        }
    }

    /// Tells the journal of each departure, before it and after.
    fn watched(&self, parcel: &Parcel, mut request: Request, flight: &Arc<Flight>) -> Request {
        let (gates, before) = (self.gates.clone(), Arc::clone(flight));
        let (departing, pacer) = (self.departing(parcel), self.client.pacer().clone());
        request.before_departure = Some(Box::new(move |number| {
            before.take_off();
            let entries = departing(number);
            let is_needed = !entries.is_empty() || gates.is_unsaved();
            let (gates, flight, pacer) = (gates.clone(), Arc::clone(&before), pacer.clone());
            Box::pin(async move {
                if is_needed {
                    gates.save(entries).await?;
                }
                flight.leave(gates.is_early(pacer.instant(tokio::time::Instant::now())));
                Ok(())
            })
        }));
        let (told, credential) = (Arc::clone(&self.attempts), self.credential.clone());
        request.on_setback = Some(Box::new(move |setback| {
            told.note_setback(evidence::of_setback(credential.as_deref(), setback));
        }));
        let (after, attempts) = (Arc::clone(flight), Arc::clone(&self.attempts));
        let (returned, is_repeatable) = (self.returned(parcel), self.is_repeatable);
        request.on_attempt = Some(Box::new(move |report: AttemptReport| {
            // What met a closed gate at the last moment never left, nor what found no connection.
            if report.reply != Reply::NotSent {
                attempts.note_departed();
            }
            if matches!(Outcome::of(&report.reply, false), Outcome::Throttled | Outcome::Overloaded) {
                attempts.note_throttled();
            }
            if report.reply != Reply::NotSent && after.was_early() {
                attempts.note_early();
            }
            match report.applied() {
                Applied::No => returned(),
                Applied::Maybe => after.note_uncertain(),
                Applied::Yes => {}
            }
            // What may have been applied and must not be repeated ends here, once its answer is read.
            if report.applied() != Applied::Maybe || is_repeatable {
                after.land();
            }
        }));
        request
    }

    /// What is committed before an attempt leaves: a batch's membership and key once, and where a call
    /// may not be repeated, each departure.
    fn departing(&self, parcel: &Parcel) -> impl Fn(u32) -> Vec<Entry> + Send + Sync + 'static {
        let is_formed = parcel.seal.as_ref().is_none_or(|seal| seal.is_journaled);
        let formed = if is_formed { None } else { parcel.batch().map(Entry::BatchFormed) };
        let departed = (!self.is_repeatable).then(|| Entry::Departed {
            records: parcel.references(),
            batch: parcel.seal.as_ref().map(|seal| seal.id),
        });
        move |number| formed.iter().filter(|_| number == 1).chain(&departed).cloned().collect()
    }

    /// What is written down when an attempt was not applied.
    fn returned(&self, parcel: &Parcel) -> impl Fn() + Send + Sync + 'static {
        let entry = (!self.is_repeatable).then(|| Entry::BackToTodo {
            records: parcel.references(),
            batch: parcel.seal.as_ref().map(|seal| seal.id),
        });
        let journal = self.journal.clone();
        move || entry.iter().cloned().for_each(|entry| journal.enqueue(entry))
    }
}

impl Template {
    pub(super) fn render(&self, parcel: &Parcel) -> Result<Rendered, TemplateError> {
        match self {
            Self::Record(template) => template.render(&parcel.items[0].record),
            Self::Batch(template) => {
                let records: Vec<_> = parcel.items.iter().map(|item| item.record.clone()).collect();
                template.render(&records)
            }
        }
    }
}
