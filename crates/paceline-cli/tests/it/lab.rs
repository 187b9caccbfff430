//! What the lab makes of what it found out.

mod page;
mod sample;
