//! What response headers say about limits: one file per family.

mod published;
pub mod retry_after;

pub use published::{Published, PublishedLimit, QuotaUnit};
