//! What people see while a command works.

mod progress;

pub use progress::ProgressView;
