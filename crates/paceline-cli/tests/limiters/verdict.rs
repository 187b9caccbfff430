//! What must hold of a run against any limiter.

use serde_json::Value;

/// What the server saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Calls it took.
    pub(crate) accepted: u64,
    /// Records among them.
    pub(crate) distinct: u64,
    /// Calls it refused.
    pub(crate) refused: u64,
    /// Calls that came before a wait was over.
    pub(crate) early_returns: u64,
    /// What was taken in relation to the most that could have been.
    pub(crate) goodput_ratio: f64,
}

/// Judges a run by what the tool says and by what the server saw.
pub(crate) fn judge(name: &str, records: usize, (code, told): &(Option<i32>, Value), seen: &Seen) {
    let per_1000 = 1_000.0 * number(seen.refused) / number(seen.accepted.max(1));
    let found = format!(
        "{name}: goodput ratio {:.3}, {per_1000:.2} refusals per 1,000\n{seen:?}\nexit code {code:?}: {told}",
        seen.goodput_ratio
    );
    eprintln!("{found}");
    let count = |key: &str| told[key].as_u64().unwrap_or_else(|| panic!("no `{key}` in {told}"));
    let records = u64::try_from(records).unwrap();
    assert_eq!(*code, Some(0), "not everything was delivered: {found}");
    assert_eq!(
        (count("delivered"), seen.distinct),
        (records, records),
        "not everything was delivered: {found}"
    );
    assert_eq!(seen.accepted, records, "records were sent twice: {found}");
    assert_eq!(count("attempts"), seen.accepted + seen.refused, "the tool counts other attempts: {found}");
    assert_eq!((count("early_returns"), seen.early_returns), (0, 0), "{found}");
    assert!(per_1000 <= MOST_REFUSALS, "more than {MOST_REFUSALS} refusals per 1,000: {found}");
    assert!(seen.goodput_ratio >= LEAST_RATIO, "less than {LEAST_RATIO} of what the limit admits: {found}");
}

#[expect(clippy::cast_precision_loss, reason = "no run has 2^52 of anything")]
pub(crate) const fn number(count: u64) -> f64 {
    count as f64
}

/// Per 1,000 accepted calls, of a client that knows nothing of the limit.
const MOST_REFUSALS: f64 = 3.0;
/// Of what the limit admits.
const LEAST_RATIO: f64 = 0.97;
