//! The lab: what it makes of what it found out, and what it plays over sockets.

mod command;
mod naive;
mod page;
mod real;
mod sample;
