//! How a sweep goes on: a bar on a terminal, nothing elsewhere; Ctrl-C stops it.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::lab::sweep::Watch;

/// Shows the progress of what is playing until it is over, and returns what came of it. The first Ctrl-C begins no further
/// run.
pub async fn show_until<T>(mut playing: JoinHandle<T>, watch: &Arc<Watch>) -> T {
    let bar = std::io::stderr().is_terminal().then(bar);
    let mut tick = tokio::time::interval(BETWEEN_LOOKS);
    loop {
        tokio::select! {
            played = &mut playing => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                return played.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
            }
            _ = tokio::signal::ctrl_c(), if !watch.is_stopped() => {
                watch.stop();
                // Who pressed it sees the runs end that are under way; a closed output changes nothing.
                let _ = writeln!(std::io::stderr(), "stopping: what is finished follows");
            }
            _ = tick.tick(), if bar.is_some() => {
                let (done, planned) = watch.progress();
                if let Some(bar) = &bar {
                    bar.set_length(planned);
                    bar.set_position(done);
                }
            }
        }
    }
}

/// Goes on until it is over; Ctrl-C cancels `stop`, and is noted by the watch.
pub async fn stop_on_ctrl_c<T>(
    playing: impl Future<Output = T>,
    stop: &CancellationToken,
    watch: &Watch,
) -> T {
    tokio::pin!(playing);
    loop {
        tokio::select! {
            played = &mut playing => return played,
            _ = tokio::signal::ctrl_c(), if !watch.is_stopped() => {
                watch.stop();
                stop.cancel();
            }
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {pos} of {len} runs, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Often enough to look alive.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
