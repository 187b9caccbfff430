//! The parts of the program, from outside.

mod journal;
mod records;
mod stand_in;
mod templates;
