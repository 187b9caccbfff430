//! The admin port: what it tells, and to whom.

mod access;
pub(crate) mod asking;
mod metrics;
pub(crate) mod prometheus;
pub(crate) mod site;
mod status;
