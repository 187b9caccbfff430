//! What people see while a command works.

mod progress;
mod scanning;
pub mod sweeping;

pub use progress::ProgressView;
pub use scanning::ScanView;
