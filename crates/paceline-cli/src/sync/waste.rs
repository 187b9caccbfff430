//! What refusals cost.

/// Waste: refused attempts per 1,000 accepted calls; where none was accepted, as if one had been.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(super) fn per_thousand(refused: u64, accepted: u64) -> f64 {
    1_000.0 * refused as f64 / accepted.max(1) as f64
}
