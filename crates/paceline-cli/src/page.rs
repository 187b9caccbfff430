//! What every page of the program has in common: it is one file, whole or not there, and text in it is never markup.

mod escaped;
mod whole;

pub(crate) use escaped::Escaped;
pub(crate) use whole::save;
