//! The parts of the program, from outside.

mod records;
mod settings;
mod templates;
