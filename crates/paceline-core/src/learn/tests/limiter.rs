//! Limiters as plain as can be, that share nothing with the models.

use std::collections::VecDeque;

/// A platform's limiter of calls that cost one unit. Times are seconds and never go back.
#[derive(Clone, Debug)]
pub(in crate::learn) enum Limiter {
    Bucket { rate: f64, burst: f64, tokens: f64, at: f64 },
    Window { count: u32, period: f64, phase: f64, index: f64, used: u32 },
    Log { count: usize, period: f64, calls: VecDeque<f64> },
}

impl Limiter {
    pub(in crate::learn) const fn bucket(rate: f64, burst: f64) -> Self {
        Self::Bucket { rate, burst, tokens: burst, at: 0.0 }
    }

    pub(in crate::learn) const fn window(count: u32, period: f64, phase: f64) -> Self {
        Self::Window { count, period, phase, index: f64::NEG_INFINITY, used: 0 }
    }

    pub(in crate::learn) const fn log(count: usize, period: f64) -> Self {
        Self::Log { count, period, calls: VecDeque::new() }
    }

    /// Units per second in the long run.
    pub(in crate::learn) fn rate(&self) -> f64 {
        match self {
            Self::Bucket { rate, .. } => *rate,
            Self::Window { count, period, .. } => f64::from(*count) / period,
            #[expect(clippy::cast_precision_loss, reason = "few")]
            Self::Log { count, period, .. } => *count as f64 / period,
        }
    }

    /// A call arrives: None when it is admitted, else for how many seconds it must wait.
    pub(in crate::learn) fn refuse(&mut self, now: f64) -> Option<f64> {
        match self {
            Self::Bucket { rate, burst, tokens, at } => {
                *tokens = (*tokens + (now - *at) * *rate).min(*burst);
                *at = now;
                if *tokens < 1.0 {
                    return Some((1.0 - *tokens) / *rate);
                }
                *tokens -= 1.0;
            }
            Self::Window { count, period, phase, index, used } => {
                let current = ((now - *phase) / *period).floor();
                *used = if current > *index { 0 } else { *used };
                *index = current;
                if *used == *count {
                    return Some(*phase + (current + 1.0) * *period - now);
                }
                *used += 1;
            }
            Self::Log { count, period, calls } => {
                while calls.front().is_some_and(|&at| at + *period <= now) {
                    calls.pop_front();
                }
                if calls.len() == *count {
                    return calls.front().map(|&at| at + *period - now);
                }
                calls.push_back(now);
            }
        }
        None
    }
}
