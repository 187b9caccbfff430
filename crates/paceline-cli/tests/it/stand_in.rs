//! The stand-in through real sockets.
//!
//! Most tests run on a paused clock: it only moves when somebody waits or moves it.

mod bulk;
mod connections;
mod faults;
mod limits;
mod network;
mod notifications;
mod program;
mod published;
mod records;
mod wire;
