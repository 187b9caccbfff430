//! Which gates are closed: what a call waits for that begins to wait now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paceline::{Event, Instant, Pacer, ScopeId, ScopeSet};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant as TokioInstant;

/// As a pacer tells it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct ClosedGates {
    /// The pacer's epoch. The pacer itself is not kept: it lives as long as anybody keeps it.
    epoch: TokioInstant,
    until: Arc<Mutex<HashMap<ScopeId, Instant>>>,
}

impl ClosedGates {
    /// Those of `pacer`, for as long as it lives.
    pub(super) fn watch(pacer: &Pacer) -> Self {
        let gates = Self { epoch: pacer.tokio_instant(Instant::EPOCH), until: Arc::default() };
        // It ends with the pacer.
        tokio::spawn(listen(gates.clone(), pacer.subscribe()));
        gates
    }

    /// Whether one of `scopes` is closed now.
    pub(super) fn hold(&self, scopes: &ScopeSet) -> bool {
        let (now, until) = (self.now(), self.lock());
        scopes.as_slice().iter().any(|scope| until.get(scope).is_some_and(|&until| now < until))
    }

    fn take_note(&self, event: Event) {
        match event {
            Event::GateClosed { scope, until, .. } | Event::Held { scope, until } => {
                let now = self.now();
                let mut known = self.lock();
                if known.len() >= SWEEP_AT {
                    known.retain(|_, until| now < *until);
                }
                known.insert(scope, until);
            }
            Event::Released { scope, .. } => drop(self.lock().remove(&scope)),
            _ => {}
        }
    }

    fn now(&self) -> Instant {
        Instant::EPOCH + self.epoch.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ScopeId, Instant>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen(gates: ClosedGates, mut events: Receiver<Event>) {
    loop {
        match events.recv().await {
            Ok(event) => gates.take_note(event),
            // What was missed only makes a reason less exact.
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// Those that have opened are swept out when so many are known; a proxy has few scopes that are closed at once.
const SWEEP_AT: usize = 1_024;
