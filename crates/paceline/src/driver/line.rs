//! The way to the driver's task, and the little that is known without asking it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use paceline_core::CallId;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, WeakUnboundedSender, unbounded_channel};

use super::command::Command;

/// A strong end: the driver runs as long as one exists.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    commands: UnboundedSender<Command>,
    shared: Arc<Shared>,
}

/// The driver's own end, which does not keep it alive.
#[derive(Debug)]
pub(crate) struct WeakLine {
    commands: WeakUnboundedSender<Command>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    next_call: AtomicU64,
    closings: AtomicU64,
}

impl Line {
    /// Not bounded: what is queued is bounded by the callers, each of whom waits for its own answer; and a
    /// dropped permit must be able to say so without waiting.
    pub(crate) fn open() -> (Self, UnboundedReceiver<Command>) {
        let (commands, inbox) = unbounded_channel();
        (Self { commands, shared: Arc::default() }, inbox)
    }

    pub(crate) fn tell(&self, command: Command) {
        // A stopped task answers nobody; whoever awaits an answer learns it there.
        drop(self.commands.send(command));
    }

    /// How often gates have closed so far.
    pub(crate) fn closings(&self) -> u64 {
        self.shared.closings.load(Ordering::Acquire)
    }

    /// A name that no other call of this pacer has.
    pub(crate) fn name_call(&self) -> CallId {
        CallId(self.shared.next_call.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn downgrade(&self) -> WeakLine {
        WeakLine { commands: self.commands.downgrade(), shared: Arc::clone(&self.shared) }
    }
}

impl WeakLine {
    /// `None` when nobody is left to hear.
    pub(crate) fn upgrade(&self) -> Option<Line> {
        let commands = self.commands.upgrade()?;
        Some(Line { commands, shared: Arc::clone(&self.shared) })
    }

    pub(crate) fn closings(&self) -> u64 {
        self.shared.closings.load(Ordering::Relaxed)
    }

    pub(crate) fn count_closing(&self) {
        self.shared.closings.fetch_add(1, Ordering::Release);
    }
}
