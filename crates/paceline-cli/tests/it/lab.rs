//! The lab: what it plays over sockets.

mod naive;
mod real;
