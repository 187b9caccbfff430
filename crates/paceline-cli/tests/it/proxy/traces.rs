//! What a collector of OpenTelemetry is told of calls, and what is sent on because of it.

mod calls;
mod collector;
mod delivery;
mod endings;
mod program;
mod secrets;
mod stage;
mod waits;
