//! What limits a platform really has: asked politely, or read out of a log.

pub mod inference;
pub mod log;
