//! How sure a mean is.

use super::outcome::Estimate;

/// The mean of the samples and the interval that it lies in with 95 % confidence, by Student's t. One sample is as sure as
/// it is: its interval is itself, which [`is_more`] does not take for certainty.
///
/// # Panics
/// Without samples.
#[must_use]
pub fn estimate(samples: &[f64]) -> Estimate {
    assert!(!samples.is_empty(), "a mean is of something");
    let count = count_of(samples);
    let mean = samples.iter().sum::<f64>() / count;
    let half = half_width(samples, mean);
    Estimate { mean, low: mean - half, high: mean + half }
}

/// Whether `left` is more than `right` with 95 % confidence. The samples are pairs: the nth of both had the same seed.
/// Of fewer than 2 pairs nothing is certain, unless they say that both are equal.
#[must_use]
pub fn is_more(left: &[f64], right: &[f64]) -> bool {
    let differences: Vec<f64> = left.iter().zip(right).map(|(left, right)| left - right).collect();
    if differences.len() < 2 {
        return false;
    }
    estimate(&differences).low > 0.0
}

fn half_width(samples: &[f64], mean: f64) -> f64 {
    let Some(freedom) = samples.len().checked_sub(1).filter(|freedom| *freedom > 0) else { return 0.0 };
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    let variance = squares / count_of(&samples[1..]);
    let quantile = T_975.get(freedom - 1).copied().unwrap_or(NORMAL_975);
    quantile * (variance / count_of(samples)).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "nobody plays 2^52 seeds")]
const fn count_of(samples: &[f64]) -> f64 {
    samples.len() as f64
}

/// Student's t, 0.975 quantile, for 1 to 30 degrees of freedom (any table of it; here R's `qt(0.975, 1:30)`).
const T_975: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/// Beyond those the normal distribution's is within 4 % of it.
const NORMAL_975: f64 = 1.96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_students() {
        // Mean 3, sample deviation sqrt(2.5), 4 degrees of freedom: 2.776 * sqrt(2.5 / 5).
        let estimate = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((estimate.mean - 3.0).abs() < 1e-12);
        assert!((estimate.high - 3.0 - 1.9629).abs() < 1e-3, "{estimate:?}");
        assert!((estimate.mean - estimate.low - 1.9629).abs() < 1e-3, "{estimate:?}");
    }

    #[test]
    fn noise_is_not_called_a_winner() {
        let steady = [10.0, 10.2, 9.9, 10.1, 10.0];
        let noisy = [10.1, 10.1, 10.0, 10.0, 10.1];
        let slower = [11.1, 11.2, 11.0, 11.1, 11.0];
        assert!(!is_more(&noisy, &steady) && !is_more(&steady, &noisy));
        assert!(is_more(&slower, &steady) && !is_more(&steady, &slower));
        assert!(!is_more(&slower[..1], &steady[..1]), "one seed proves nothing");
    }

    #[test]
    fn what_always_differs_by_the_same_differs() {
        assert!(is_more(&[2.0, 3.0, 4.0], &[1.0, 2.0, 3.0]));
        assert!(!is_more(&[2.0, 3.0], &[2.0, 3.0]));
    }
}
