//! The client and its pacer against tiny local servers.

mod bodies;
mod cancel;
mod connections;
mod hooks;
mod pacer;
mod platform;
mod refusals;
mod secrets;
mod tls;
mod uncertain;
