//! The proxy: in front of a platform, so that any client is paced.

pub mod rules;
