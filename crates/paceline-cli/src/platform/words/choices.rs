//! The words that flags and scenarios choose from.

use clap::ValueEnum;
use paceline_sim::platform::{BulkCost, RetryAfterForm};

/// `--limiter`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimiterArg {
    /// Tokens accrue at the rate up to the burst
    TokenBucket,
    /// So many in each window
    FixedWindow,
    /// So many in any window
    SlidingLog,
    /// The last window, weighted, and this one
    SlidingCounter,
    /// Calls drain at the rate, some wait, the rest are refused
    LeakyBucket,
}

/// `--retry-after`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RetryAfterArg {
    /// Whole seconds, rounded up
    Seconds,
    /// Seconds with decimals
    Decimal,
    /// An HTTP date
    Date,
    /// Whole seconds, longer the harder the platform is pressed
    Scaled,
    /// Always 0
    Zero,
    /// No header
    None,
}

impl From<RetryAfterArg> for RetryAfterForm {
    fn from(arg: RetryAfterArg) -> Self {
        match arg {
            RetryAfterArg::Seconds => Self::Seconds,
            RetryAfterArg::Decimal => Self::Decimal,
            RetryAfterArg::Date => Self::Date,
            RetryAfterArg::Scaled => Self::Scaled,
            RetryAfterArg::Zero => Self::Zero,
            RetryAfterArg::None => Self::Absent,
        }
    }
}

/// `--bulk-cost`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BulkCostArg {
    /// As much as any call
    Call,
    /// One for each item
    Item,
}

impl From<BulkCostArg> for BulkCost {
    fn from(arg: BulkCostArg) -> Self {
        match arg {
            BulkCostArg::Call => Self::Call,
            BulkCostArg::Item => Self::Item,
        }
    }
}
