//! What limits a platform really has: asked politely, or read out of a log.
//!
//! A probe asks before it knocks. Its first call goes alone, and what the reply publishes is taken as said; a limits API that a
//! platform has would be asked here, too. Only then do its workers call, through the one client that obeys every
//! `Retry-After`, until the machine's belief settles or a bound is reached.

mod asking;
mod caller;
mod conclusion;
mod configuration;
mod ending;
mod findings;
pub mod inference;
pub mod log;
mod plan;
mod published;
mod reading;
mod settling;
mod tally;

pub use asking::probe;
pub use ending::Ending;
pub use findings::Findings;
pub use plan::{Bounds, ProbePlan};
pub use reading::{Reading, read};
