//! The parts of the program, from outside.

mod journal;
mod records;
mod templates;
