//! The lab: what it makes of what it found out, and what it plays over sockets.

mod naive;
mod page;
mod real;
mod sample;
