//! The proxy when something goes wrong: clients, platforms, disks and signals.

mod authority;
mod bounds;
mod caller;
mod callers;
#[cfg(target_os = "linux")]
mod crowd;
mod drain;
mod fairness;
mod patience;
mod platform;
mod platforms;
mod program;
mod secrets;
mod signals;
mod stage;
