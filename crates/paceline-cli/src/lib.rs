//! The program `paceline`, as a library: its commands, and the parts that they share. `main.rs` only
//! parses, runs and picks the exit code.

pub mod cli;
mod entropy;
pub mod journal;
pub mod lab;
pub mod learned;
pub mod observe;
pub mod origin;
mod page;
pub mod platform;
mod printable;
pub mod probe;
pub mod profile;
pub mod proxy;
pub mod records;
pub mod report;
pub mod scenario;
pub mod settings;
pub mod sync;
pub mod template;
pub mod traces;
pub mod units;
mod wall_clock;
pub mod written;
