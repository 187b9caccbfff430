//! Decides what may be sent to a rate-limited platform, and when; and what its answers mean.
//!
//! The crate is sans-IO: it knows no clock, no socket, no task and no randomness of its own. Time and
//! the seed are arguments, so that the same inputs give the same decisions, on tokio or in virtual time.
//!
//! Start at [`Controller`]: its documentation is the contract.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod backoff;
mod batch;
mod budget;
mod call;
mod concurrency;
mod config;
mod controller;
mod event;
mod gate;
pub mod headers;
mod learn;
mod limits;
mod outcome;
pub mod profile;
mod queue;
mod quota;
mod reply;
mod scope;
mod snapshot;
mod time;

pub use backoff::{Backoff, Jitter};
pub use batch::{BatchLimits, Batcher, bisect};
pub use call::{AttemptId, Call, CallId, ClientId, Cost, OnUncertain, Priority, Weight};
pub use config::Config;
pub use controller::{Controller, Departure, SubmitError, WaitReason};
pub use event::Event;
pub use gate::GateCause;
pub use learn::{Belief, Learned, Quota, Source};
pub use limits::{KnownRate, Limits, Reserve};
pub use outcome::{GiveUp, Meaning, Outcome, Verdict};
pub use profile::Profile;
pub use quota::Rate;
pub use reply::{Answered, Reply};
pub use scope::{ScopeId, ScopeKind, ScopeSet};
pub use snapshot::{ScopeSnapshot, Snapshot};
pub use time::{Instant, WallTime};
