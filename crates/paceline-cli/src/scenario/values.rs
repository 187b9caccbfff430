//! What the keys of a scenario take.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use clap::ValueEnum;
use paceline_core::ScopeKind;
use paceline_sim::platform::{LatencyRange, Rate};

use crate::platform::words;
use crate::units;
use crate::written::{Value, Written, no_choice};

/// A text that is not empty.
pub(super) fn name(value: Value<'_>) -> Result<String, String> {
    value.name()
}

/// True or false.
pub(super) fn truth(value: Value<'_>) -> Result<bool, String> {
    value.boolean()
}

/// A span of time.
pub(super) fn time(value: Value<'_>) -> Result<Duration, String> {
    value.span()
}

/// A whole number from 1 to `most`.
pub(super) fn count(value: Value<'_>, most: u32) -> Result<NonZeroU32, String> {
    let count: NonZeroU64 = value.count()?;
    let fitting = NonZeroU32::try_from(count).ok().filter(|count| count.get() <= most);
    fitting.ok_or_else(|| format!("`{count}` is too many; write at most {most}"))
}

/// A whole number from 1 on.
pub(super) fn any_count(value: Value<'_>) -> Result<NonZeroU32, String> {
    count(value, u32::MAX)
}

/// A whole number from 0 on.
pub(super) fn whole(value: Value<'_>) -> Result<u32, String> {
    match value.written {
        Written::Integer(0) => Ok(0),
        _ => any_count(value).map(NonZeroU32::get),
    }
}

/// A rate that a platform's limit may have.
pub(super) fn rate(value: Value<'_>) -> Result<Rate, String> {
    words::model_rate(value.parse()?).map_err(|error| error.to_string())
}

/// A rate of calls that a world can play.
pub(super) fn arrival_rate(value: Value<'_>) -> Result<Rate, String> {
    let rate: units::Rate = value.parse()?;
    if rate.per_second() > FASTEST_ARRIVALS {
        return Err(format!("`{rate}` is more than a world plays; write at most {FASTEST_ARRIVALS}/s"));
    }
    words::model_rate(rate).map_err(|error| error.to_string())
}

/// A time, or a range of times.
pub(super) fn latency(value: Value<'_>) -> Result<LatencyRange, String> {
    words::latency(value.text()?)
}

/// A number of bytes that is not 0.
pub(super) fn size(value: Value<'_>) -> Result<NonZeroU64, String> {
    let units::Size(bytes) = value.parse()?;
    NonZeroU64::new(bytes).ok_or_else(|| format!("no bytes at all; write, for instance, {}", value.example))
}

/// One of the scopes.
pub(super) fn scope(value: Value<'_>) -> Result<ScopeKind, String> {
    let text = value.text()?;
    ScopeKind::from_name(text).ok_or_else(|| no_choice(text, ScopeKind::ALL.map(ScopeKind::name)))
}

/// One of the words that a flag takes, too.
pub(super) fn choice<T: ValueEnum>(value: Value<'_>) -> Result<T, String> {
    let text = value.text()?;
    T::from_str(text, false).map_err(|_| no_choice(text, names::<T>()))
}

/// The words of such a flag.
pub(super) fn names<T: ValueEnum>() -> Vec<String> {
    let possible = T::value_variants().iter().filter_map(T::to_possible_value);
    possible.map(|value| value.get_name().to_owned()).collect()
}

/// A second of world time with more than so many calls takes longer to play than to wait for.
const FASTEST_ARRIVALS: f64 = 100_000.0;
