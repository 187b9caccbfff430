//! What response headers say about limits: one file per family.

mod head;
mod number;
mod published;
pub mod ratelimit;
mod reset;
pub mod retry_after;
mod rfc3339;
mod structured;
pub mod vendor;
pub mod x_ratelimit;

pub use head::Head;
pub use published::{Published, PublishedLimit, QuotaUnit};
pub use reset::ResetForm;
