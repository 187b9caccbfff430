//! The ten invariants of the machine, as properties over random traces.

mod attribution;
mod invariants;
mod regressions;
mod stories;
mod trace;
mod turns;
