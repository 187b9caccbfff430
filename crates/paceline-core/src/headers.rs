//! What response headers say about limits: one file per family.

mod published;
pub mod ratelimit;
pub mod retry_after;
mod structured;

pub use published::{Published, PublishedLimit, QuotaUnit};
