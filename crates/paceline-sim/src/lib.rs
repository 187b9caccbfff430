//! A rate-limited platform in virtual time: what it admits, what it refuses, and what it holds against a client.
//!
//! [`platform::Platform`] is the one model: a simulated world and a real socket both drive it. It knows no
//! clock and no socket; time and the seed are arguments. [`world`] plays a [`scenario`] in virtual time with a
//! [`strategy`] that decides for its users; [`driver`] is Paceline as one, [`strategies`] are all that there are. [`oracle`] says
//! what the best client could have had, [`check`] what must hold in every run.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod check;
pub mod driver;
mod event_queue;
pub mod oracle;
pub mod platform;
pub mod scenario;
pub mod strategies;
pub mod strategy;
pub mod world;
