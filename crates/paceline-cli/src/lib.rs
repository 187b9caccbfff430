//! What the program `paceline` is made of; `main.rs` only parses, runs and picks the exit code.

pub mod cli;
pub mod platform;
pub mod units;
