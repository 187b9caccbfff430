//! Makes the calls of a probe, through the one client, and notes what comes of them.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use paceline::client::{AttemptReport, Setback};
use paceline::{CallError, Client, Request};
use paceline_core::{Reply, ScopeSet};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::plan::ProbePlan;
use super::tally::Tally;

/// What all calls share.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) client: Client,
    pub(super) plan: ProbePlan,
    pub(super) scopes: ScopeSet,
    tally: Mutex<Tally>,
    /// The probe has ended: nothing departs any more, and what waits is taken back.
    pub(super) ended: CancellationToken,
    /// Something was noted.
    pub(super) noted: Notify,
}

/// One call between departure and answer.
#[derive(Debug, Default)]
struct Flight {
    departed: Mutex<Option<Instant>>,
    is_in_flight: AtomicBool,
    landed: Notify,
}

/// Nothing departs any more.
#[derive(Debug, thiserror::Error)]
#[error("the probe is over")]
struct Over;

impl Caller {
    pub(super) fn new(client: Client, plan: ProbePlan, scopes: ScopeSet, tally: Tally) -> Self {
        let (ended, noted) = (CancellationToken::new(), Notify::new());
        Self { client, plan, scopes, tally: Mutex::new(tally), ended, noted }
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("nobody panics while counting")
    }

    /// Makes one call. When the probe ends it is taken back, unless it is under way: then its answer is waited for. None: it
    /// was taken back.
    pub(super) async fn call(self: Arc<Self>) -> Option<Result<(), CallError>> {
        let flight = Arc::new(Flight::default());
        let mut call = pin!(self.client.call(self.request(&flight)));
        tokio::select! {
            biased;
            ended = &mut call => return Some(ended.map(drop)),
            () = self.ended.cancelled() => {}
        }
        while flight.is_in_flight.load(Ordering::Acquire) {
            tokio::select! {
                biased;
                ended = &mut call => return Some(ended.map(drop)),
                () = flight.landed.notified() => {}
            }
        }
        None
    }

    fn request(self: &Arc<Self>, flight: &Arc<Flight>) -> Request {
        let rendered = self.plan.request.clone();
        let mut request = Request::new(rendered.method, rendered.url, self.scopes);
        request.headers = rendered.headers;
        if let Some(credential) = &self.plan.credential {
            request.headers.insert(credential.name.clone(), credential.value.clone());
        }
        request.body = rendered.body.into();
        let (caller, departing) = (Arc::clone(self), Arc::clone(flight));
        request.before_departure = Some(Box::new(move |_| {
            let allowed = caller.depart(&departing);
            Box::pin(std::future::ready(allowed.map_err(Into::into)))
        }));
        let (caller, landing) = (Arc::clone(self), Arc::clone(flight));
        request.on_attempt = Some(Box::new(move |report| caller.land(&landing, &report)));
        let caller = Arc::clone(self);
        request.on_setback = Some(Box::new(move |setback| caller.note_setback(setback)));
        request
    }

    /// Counts a departure, unless there were enough.
    fn depart(&self, flight: &Flight) -> Result<(), Over> {
        let mut departed = flight.departed();
        let mut tally = self.tally();
        // The hook runs again for an attempt that met a closed gate at the last moment: it is counted once.
        if self.ended.is_cancelled() || (departed.is_none() && tally.departed >= self.plan.bounds.calls.get())
        {
            return Err(Over);
        }
        tally.departed += u64::from(departed.is_none());
        *departed = Some(Instant::now());
        flight.is_in_flight.store(true, Ordering::Release);
        Ok(())
    }

    fn land(&self, flight: &Flight, report: &AttemptReport) {
        let departed = flight.departed().take();
        let mut tally = self.tally();
        match departed {
            Some(_) if report.reply == Reply::NotSent => tally.departed -= 1,
            Some(departed) => tally.note(departed, Instant::now(), &report.reply),
            // There was no connection, and so no departure.
            None => {}
        }
        drop(tally);
        flight.is_in_flight.store(false, Ordering::Release);
        flight.landed.notify_one();
        self.noted.notify_one();
    }

    fn note_setback(&self, setback: Setback<'_>) {
        if let Setback::Failed(error) = setback {
            let words = self.without_secrets(&error.to_string());
            self.tally().last_failure = Some(words);
            self.noted.notify_one();
        }
    }

    /// A platform may repeat what it was sent.
    pub(super) fn without_secrets(&self, text: &str) -> String {
        let credential = self.plan.credential.as_ref();
        credential.map_or_else(|| text.to_owned(), |credential| credential.hide_in(text))
    }
}

impl Flight {
    fn departed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.departed.lock().expect("nobody panics while holding an instant")
    }
}
