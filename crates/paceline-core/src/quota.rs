//! Rates, and buckets that hold departures to one.

mod token_bucket;

pub use token_bucket::Rate;
pub(crate) use token_bucket::TokenBucket;
