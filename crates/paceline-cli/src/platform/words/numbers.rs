//! Rates, latencies and bans, as the model counts them.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::{Ban, LatencyRange, Rate};

use crate::units;

/// More than the model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a limit of {0} calls is more than this platform counts: use at most 4294967295, or no limit")]
pub struct TooMany(pub u64);

/// The rate as the model counts it.
pub(crate) fn model_rate(rate: units::Rate) -> Result<Rate, TooMany> {
    let too_many = TooMany(rate.count.get());
    let count = NonZeroU32::try_from(rate.count).map_err(|_| too_many)?;
    Rate::new(count, rate.per).ok_or(too_many)
}

/// What a rate comes to in a second, rounded up: the burst that nobody named.
pub(crate) fn second_of(rate: Rate) -> NonZeroU32 {
    let nanos = rate.per().as_nanos();
    let in_a_second = (u128::from(rate.count().get()) * 1_000_000_000).div_ceil(nanos);
    u32::try_from(in_a_second).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX)
}

/// "30ms" or "30ms..80ms".
pub(crate) fn latency(text: &str) -> Result<LatencyRange, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let (from, to) = (end(from)?, end(to)?);
    Ok(LatencyRange::between(from, to))
}

/// "20/60s"
pub(crate) fn ban(text: &str) -> Result<Ban, String> {
    let error =
        || format!("`{text}` is not a number of early returns in a time: write, for instance, 20/60s");
    let rate: units::Rate = text.parse().map_err(|_| error())?;
    let early_returns = rate.count.try_into().map_err(|_| error())?;
    // A ban lasts as long as the time that its early returns are counted in.
    Ok(Ban { early_returns, within: rate.per, lasts: rate.per })
}

fn end(text: &str) -> Result<Duration, String> {
    let span = units::span(text).map_err(|error| error.to_string())?;
    if span <= LONGEST { Ok(span) } else { Err(format!("`{text}` is too long: write at most 1h")) }
}

/// Longer latencies the model does not have.
const LONGEST: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_one_time_or_a_range_in_any_order() {
        let ms = Duration::from_millis;
        assert_eq!(latency("30ms"), Ok(LatencyRange::between(ms(30), ms(30))));
        assert_eq!(latency("30ms..80ms"), Ok(LatencyRange::between(ms(30), ms(80))));
        assert_eq!(latency("80ms .. 30ms"), latency("30ms..80ms"));
        assert!(latency("2h").unwrap_err().contains("at most 1h"));
        assert!(latency("30..80").unwrap_err().contains("30ms"));
    }

    #[test]
    fn a_ban_is_a_number_of_early_returns_in_a_time() {
        let minute = Duration::from_secs(60);
        let early_returns = NonZeroU32::new(20).unwrap();
        assert_eq!(ban("20/60s"), Ok(Ban { early_returns, within: minute, lasts: minute }));
        for text in ["20", "0/60s", "99999999999/60s"] {
            assert!(ban(text).unwrap_err().contains("20/60s"), "{text}");
        }
    }
}
