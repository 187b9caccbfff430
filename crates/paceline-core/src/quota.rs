//! The client's shadow of a limiter, and the pacer in front of it.

mod pacer;
mod published;
mod token_bucket;

pub(crate) use pacer::Pacer;
pub(crate) use published::{Grant, PublishedShadow};
pub use token_bucket::Rate;
pub(crate) use token_bucket::TokenBucket;
