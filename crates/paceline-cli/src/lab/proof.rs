//! The proof: Paceline, cold and warm, and what people do today, on every kind of limiter and disturbance, with many seeds,
//! against what is asked of it.

mod figures;
mod floor;
mod markdown;
mod page;
mod phases;
mod play;
mod rows;

pub use figures::Figures;
pub use floor::{Floor, Miss};
pub use page::{PageError, put_into};
pub use play::{Plan, Proof, Tried, prove};
pub use rows::{ROWS, Row};
