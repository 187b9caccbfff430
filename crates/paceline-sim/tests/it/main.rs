//! What the modelled platform promises, seen from outside.

mod bulk;
mod faults;
mod fixture;
mod limits;
mod penalties;
mod replays;
mod stats;
