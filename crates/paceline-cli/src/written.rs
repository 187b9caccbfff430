//! What somebody wrote, where, and what is wrong with it: shared by every file that people write.

mod keys;
mod problem;
mod section;
mod source;
mod suggest;
mod value;

pub(crate) use keys::KeyList;
pub(crate) use section::{Notes, Section};
pub(crate) use source::Source;
pub(crate) use suggest::{closest, no_choice};
pub(crate) use value::{Value, Written};

pub use keys::Key;
pub use problem::{Problem, Problems};
