//! Accepting connections and answering on them until the client or the stand-in goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::platform::answer;
use crate::platform::line::{Fate, Line};
use crate::platform::notifications::Socket;
use crate::platform::scene::Scene;

/// Runs until it is aborted, and its connections end with it.
pub(super) async fn accept_all(listener: TcpListener, scene: Arc<Scene>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    scene.connection_opened();
                    connections.spawn(hold(stream, Arc::clone(&scene)));
                }
                // Out of file descriptors, mostly: asking again at once would only burn the processor.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn hold(stream: TcpStream, scene: Arc<Scene>) {
    scene.distance().there_and_back().await;
    // Where it is refused, answers are a little later and no less right.
    let _ = stream.set_nodelay(true);
    let fate = Fate::default();
    let line = TokioIo::new(Line::new(stream, fate.clone()));
    let becoming = Mutex::new(None);
    let service = service_fn(|request| answer::answer(Arc::clone(&scene), fate.clone(), &becoming, request));
    let served = http1::Builder::new()
        // An idle client is left alone: closing on it would be a fault that nobody asked for.
        .header_read_timeout(None)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(line, service)
        .with_upgrades()
        .await;
    // However it ended, the model knows already: the client left, or a fault was injected.
    drop(served);
    let socket = becoming.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(socket) = socket {
        Socket::attend(socket).await;
    }
}

/// Long enough for a connection to end, short enough not to be noticed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// Bounds the head of a request, give or take one read: 64 KiB is four times what common servers take.
const MAX_BUFFER: usize = 64 * 1024;
