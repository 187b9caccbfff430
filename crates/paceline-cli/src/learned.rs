//! What a scope was found to admit, as text: for the journal, for people, for programs.

mod told;
mod words;
mod written;

pub use told::ToldLimits;
pub(crate) use words::{in_words, with_evidence};
pub(crate) use written::{read, written};
