//! What somebody wrote, where, and what is wrong with it: shared by every file that people write.

mod problem;
mod source;
mod suggest;
mod value;

pub(crate) use source::Source;
pub(crate) use suggest::closest;
pub(crate) use value::{Value, Written};

pub use problem::{Problem, Problems};
