//! What a scope admits, learned from the stream of its answers. The seam for identification.
//!
//! A learner is told of every departure, every accepted attempt and every refusal episode, and says at
//! what rate, and with how much saved-up burst, the scope may be paced.

mod aimd;
mod belief;

pub(crate) use aimd::Aimd;
pub use belief::{Belief, Learned, Quota, Source};
