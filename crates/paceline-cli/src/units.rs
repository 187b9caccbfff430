//! Rates, spans of time, sizes and shares, as people write them. What each displays, it reads back.

mod percent;
mod rate;
mod size;
mod span;

pub use percent::Percent;
pub use rate::Rate;
pub use size::Size;
pub use span::{span, spelled};

/// What was written is not a number with a unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a rate.
    #[error("`{0}` is not a rate; write a number and a time, such as 120/s, 2500/min or 1200/10s")]
    Rate(String),
    /// Not a span of time.
    #[error("`{0}` is not a time; write a number and a unit, such as 30ms, 180s, 2m or 1h30m")]
    Span(String),
    /// Not a size.
    #[error(
        "`{0}` is not a size; write a number and a unit, such as 512B, 2KB (2,000 bytes) or 1MiB (1,048,576 bytes)"
    )]
    Size(String),
    /// Not a share.
    #[error("`{0}` is not a share; write a number from 0% to 100%, such as 20% or 0.5%")]
    Percent(String),
}
