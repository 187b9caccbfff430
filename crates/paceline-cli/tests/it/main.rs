//! The parts of the program, from outside.

mod records;
mod templates;
