//! How people write what a modelled platform is, in flags and in scenarios: kinds, forms, faults and numbers.

mod choices;
mod mishaps;
mod numbers;

pub(crate) use choices::{BulkCostArg, LimiterArg, PublishArg, RetryAfterArg};
pub(crate) use mishaps::{FAULT_HELP, FaultArg, OutageArg, fault_kind, outage_kind, share};
pub(crate) use numbers::{TooMany, ban, latency, model_rate, second_of};
