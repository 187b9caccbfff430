//! What a scope admits, learned from the stream of its answers.

mod allowance;
mod belief;
mod fit;
mod identification;
mod model;
mod probe;
mod round_trip;
mod shadow;
mod trace;

pub use belief::{Belief, Learned, Quota, Source};
pub(crate) use identification::Identification;

#[cfg(test)]
mod tests;
