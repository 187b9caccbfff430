//! The program `paceline`, as a library: its commands, and the parts that they share.

pub mod origin;
pub mod records;
pub mod settings;
pub mod template;
pub mod units;
