//! The admin port: what it tells, and to whom.

mod access;
mod asking;
mod metrics;
mod prometheus;
pub(crate) mod site;
mod status;
