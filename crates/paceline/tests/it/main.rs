//! The client and its pacer against tiny local servers.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

mod bodies;
mod cancel;
mod connections;
mod dependencies;
mod disguises;
mod hooks;
mod layer;
mod pacer;
mod platform;
mod refusals;
#[cfg(feature = "reqwest")]
mod reqwest;
mod secrets;
mod tls;
mod uncertain;
