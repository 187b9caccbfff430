//! Decides what may be sent to a rate-limited platform, and when; and what its answers mean.
//!
//! The crate is sans-IO: it knows no clock, no socket, no task and no randomness of its own. Time and
//! the seed are arguments, so that the same inputs give the same decisions, on tokio or in virtual time.
//!
//! Start at [`Controller`]: its documentation is the contract.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod call;
mod controller;
mod event;
mod gate;
pub mod headers;
mod outcome;
mod reply;
mod scope;
mod time;

pub use call::{AttemptId, Call, CallId, ClientId, Cost, OnUncertain};
pub use controller::{Config, Controller, Departure, Limits, QueueFull, Snapshot, WaitReason};
pub use event::Event;
pub use gate::GateCause;
pub use outcome::{GiveUp, Outcome, Verdict};
pub use reply::{Answered, Reply};
pub use scope::{ScopeId, ScopeKind, ScopeSet};
pub use time::{Instant, WallTime};
