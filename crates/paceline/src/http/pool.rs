//! Connections that are kept between attempts: the last one used is the first used again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use rustc_hash::FxHashMap;
use rustls::ClientConfig;
use tokio::time::Instant;

use super::connect::Connector;
use super::error::AttemptError;
use super::target::Origin;

/// Hands out connections, each to one attempt at a time; makes one when none is idle.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connector: Connector,
    idle: Arc<Mutex<FxHashMap<Origin, Vec<Idle>>>>,
    idle_at_most: Duration,
}

/// One connection, for one attempt. Dropped instead of [kept](Pool::keep), it is closed.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

#[derive(Debug)]
struct Idle {
    sender: SendRequest<Full<Bytes>>,
    since: Instant,
}

impl Pool {
    /// Connections that were idle for longer than `idle_at_most` are not used again.
    pub(crate) fn new(connector: Connector, idle_at_most: Duration) -> Self {
        Self { connector, idle: Arc::default(), idle_at_most }
    }

    /// A connection that is ready for a request, kept or new.
    ///
    /// # Errors
    /// When none can be made; nothing was sent.
    pub(crate) async fn connection(
        &self,
        origin: &Origin,
        tls: Option<Arc<ClientConfig>>,
    ) -> Result<Connection, AttemptError> {
        while let Some(sender) = self.take(origin) {
            let mut connection = Connection { sender };
            if connection.is_usable().await {
                return Ok(connection);
            }
        }
        Ok(Connection { sender: self.connector.dial(origin, tls).await? })
    }

    /// Keeps a connection whose reply was read to its end.
    pub(crate) fn keep(&self, origin: &Origin, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let kept = Idle { sender: connection.sender, since: Instant::now() };
        let mut idle = self.lock();
        match idle.get_mut(origin) {
            Some(kept_before) if kept_before.len() >= IDLE_PER_ORIGIN => {}
            Some(kept_before) => kept_before.push(kept),
            None => drop(idle.insert(origin.clone(), vec![kept])),
        }
    }

    fn take(&self, origin: &Origin) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.lock();
        let kept = idle.get_mut(origin)?;
        let now = Instant::now();
        // The oldest are in front: what they wait for, a burst as large as the last, may never come.
        let expired = kept.iter().take_while(|idle| now - idle.since > self.idle_at_most).count();
        kept.drain(..expired);
        let taken = kept.pop().map(|idle| idle.sender);
        if kept.is_empty() {
            idle.remove(origin);
        }
        taken
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Origin, Vec<Idle>>> {
        // Nothing that runs under the lock leaves it half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Whether it can take a request now, or within the moment that its task needs to finish the last one.
    pub(crate) async fn is_usable(&mut self) -> bool {
        if self.sender.is_ready() {
            return true;
        }
        if self.sender.is_closed() {
            return false;
        }
        // Not ready: its task has not run since the reply's last byte, or the platform answered without
        // reading the request and the rest of it is stuck. Only the first is worth a moment.
        matches!(tokio::time::timeout(READY_WITHIN, self.sender.ready()).await, Ok(Ok(())))
    }

    /// Sends a request and waits for the head of its reply.
    ///
    /// # Errors
    /// [`AttemptError::NotStarted`] when the request came back untouched, [`AttemptError::Broken`] when
    /// nobody knows.
    pub(crate) async fn send(
        &mut self,
        origin: &Origin,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, AttemptError> {
        self.sender.try_send_request(request).await.map_err(|mut failed| {
            let authority = origin.authority.as_str().into();
            // hyper returns the message only when it never began to write it.
            match failed.take_message() {
                Some(_) => AttemptError::NotStarted { authority },
                None => AttemptError::Broken { authority, source: failed.into_error() },
            }
        })
    }
}

/// As many as the largest sensible number of workers; more are closed.
const IDLE_PER_ORIGIN: usize = 1024;

/// A task that is scheduled at all runs within this time; a stuck connection costs an attempt no more.
const READY_WITHIN: Duration = Duration::from_millis(20);
