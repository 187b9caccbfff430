//! What condemns a run never condemns its records: the right exit code, everything still to do, and resumable.

mod ban;
mod credential;
mod outage;
mod rejections;
mod retry_after;
