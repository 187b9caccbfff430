//! The command line of `paceline sync`: help, forecasts, reports, ceilings.

mod ceilings;
mod forecast;
mod help;
mod memory;
mod rehearsal;
mod report;
mod settings;
