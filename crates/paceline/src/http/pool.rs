//! Connections that are kept between attempts: the last one used is the first used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use rustc_hash::FxHashMap;
use rustls::ClientConfig;
use tokio::time::Instant;

use super::connect::{Connector, Dialled};
use super::connection::{Connection, Stream, Trunk};
use super::error::AttemptError;
use super::outgoing::Outgoing;
use super::target::Origin;

/// Hands out connections of HTTP/1.1, each to one attempt at a time, and streams of HTTP/2; makes a connection when none is free.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connector: Connector,
    kept: Arc<Mutex<FxHashMap<Origin, Kept>>>,
    idle_at_most: Duration,
}

/// What is kept for one origin.
#[derive(Debug, Default)]
struct Kept {
    idle: Vec<Idle>,
    trunks: Vec<KeptTrunk>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Outgoing>,
    since: Instant,
}

#[derive(Debug)]
struct KeptTrunk {
    trunk: Trunk,
    used: Instant,
}

/// What a connection has to be able to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Request,
    /// Speak HTTP/1.1, so that it can become something else.
    Upgrade,
}

impl Pool {
    /// Connections that were idle for longer than `idle_at_most` are not used again.
    pub(crate) fn new(connector: Connector, idle_at_most: Duration) -> Self {
        Self { connector, kept: Arc::default(), idle_at_most }
    }

    /// A connection that is ready for a request, kept or new; `tls` is what a new one offers.
    ///
    /// # Errors
    /// When none can be made; nothing was sent.
    pub(crate) async fn connection(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
        need: Need,
    ) -> Result<Connection, AttemptError> {
        while let Some(mut connection) = self.take(origin, need) {
            if connection.is_usable().await {
                return Ok(connection);
            }
        }
        // Boxed: a handshake's state is many times that of a call, and most calls need none.
        match Box::pin(self.connector.dial(origin, tls)).await? {
            Dialled::Http1(sender) => Ok(Connection::Own(sender)),
            Dialled::Http2(sender, limit) => {
                Ok(Connection::Shared(self.share(origin, &Trunk::new(sender, limit))))
            }
        }
    }

    /// Keeps a connection whose reply was read to its end. A shared one is kept from the start.
    pub(crate) fn keep(&self, origin: &Origin, connection: Connection) {
        let Connection::Own(sender) = connection else { return };
        if sender.is_closed() {
            return;
        }
        let idle = Idle { sender, since: Instant::now() };
        let mut kept = self.lock();
        let here = of_origin(&mut kept, origin);
        if here.idle.len() < IDLE_PER_ORIGIN {
            here.idle.push(idle);
        }
    }

    /// A stream of a connection that others share already, else of `fresh`, which is shared from now on.
    fn share(&self, origin: &Origin, fresh: &Trunk) -> Stream {
        let mut kept = self.lock();
        let here = of_origin(&mut kept, origin);
        // When many dial at once the first connection often has room for all of them.
        if let Some(stream) = here.stream(Instant::now()) {
            return stream;
        }
        let stream = fresh.first_stream();
        here.trunks.push(KeptTrunk { trunk: fresh.clone(), used: Instant::now() });
        stream
    }

    fn take(&self, origin: &Origin, need: Need) -> Option<Connection> {
        let mut kept = self.lock();
        let here = kept.get_mut(origin)?;
        let now = Instant::now();
        here.expire(now, self.idle_at_most);
        let stream = if need == Need::Request { here.stream(now) } else { None };
        let taken = match stream {
            Some(stream) => Some(Connection::Shared(stream)),
            None => here.ready(),
        };
        if here.idle.is_empty() && here.trunks.is_empty() {
            kept.remove(origin);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Origin, Kept>> {
        // Nothing that runs under the lock leaves it half done.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn stream(&mut self, now: Instant) -> Option<Stream> {
        self.trunks.iter_mut().find_map(|kept| {
            let stream = kept.trunk.try_stream()?;
            kept.used = now;
            Some(stream)
        })
    }

    /// The connection that was used last, unless its task has not yet finished with that: then one that has, if there is any
    /// among the next few.
    fn ready(&mut self) -> Option<Connection> {
        let latest = self.idle.len().checked_sub(1)?;
        let ready = self.idle.iter().rev().take(LOOKED_AT).position(|idle| idle.sender.is_ready());
        let taken = self.idle.remove(latest - ready.unwrap_or_default());
        Some(Connection::Own(taken.sender))
    }

    fn expire(&mut self, now: Instant, idle_at_most: Duration) {
        // The oldest are in front: what they wait for, a burst as large as the last, may never come.
        let expired = self.idle.iter().take_while(|idle| now - idle.since > idle_at_most).count();
        self.idle.drain(..expired);
        self.trunks.retain(|kept| {
            let is_old = kept.trunk.is_idle() && now - kept.used > idle_at_most;
            !kept.trunk.is_closed() && !is_old
        });
    }
}

/// What is kept for `origin`; its name is copied only where there is nothing yet.
fn of_origin<'a>(kept: &'a mut FxHashMap<Origin, Kept>, origin: &Origin) -> &'a mut Kept {
    if !kept.contains_key(origin) {
        kept.insert(origin.clone(), Kept::default());
    }
    kept.get_mut(origin).expect("it was just put there")
}

/// Few enough to cost nothing beside the timer of a wait that they spare.
const LOOKED_AT: usize = 8;
/// As many as the largest sensible number of workers; more are closed.
const IDLE_PER_ORIGIN: usize = 1024;
