//! Signals: the first asks the run to stop in good order, the second stops it at once.

use std::io::{self, Write};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by SIGINT (Ctrl-C) or SIGTERM.
///
/// # Errors
/// When the system does not hand its signals over.
pub(super) fn on_signal() -> io::Result<CancellationToken> {
    let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    tokio::spawn(watch(interrupt, terminate, stop.clone()));
    Ok(stop)
}

async fn watch(mut interrupt: Signal, mut terminate: Signal, stop: CancellationToken) {
    any(&mut interrupt, &mut terminate).await;
    let _ = writeln!(io::stderr(), "stopping: waiting for what is under way; once more to stop at once");
    stop.cancel();
    any(&mut interrupt, &mut terminate).await;
    let _ = writeln!(io::stderr(), "stopped at once; what was under way is told apart by the next run");
    std::process::exit(STOPPED);
}

async fn any(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Failed, state saved.
const STOPPED: i32 = 1;
