//! How fast what is left comes back while the reset has not come.

use crate::time::Instant;

/// Measures the budget in all: what is left, and what was answered. In a window it stands still; in a bucket and in a
/// log it grows as fast as they let calls through, and no faster than calls are made while they are full.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recovery {
    from: Option<Span>,
    last: i128,
    per_second: f64,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    began_at: Instant,
    budget: i128,
    answered: u64,
    /// By no more than these the budget was more than measured: some were handled, and their replies on their way.
    unanswered: u64,
}

impl Recovery {
    /// Units per second; 0 while nothing was seen to come back.
    pub(super) const fn per_second(&self) -> f64 {
        self.per_second
    }

    /// The budget is `remaining` beside what was `answered` so far. Returns whether it leapt: more came back at once
    /// than `most`.
    pub(super) fn note(
        &mut self,
        now: Instant,
        remaining: u64,
        answered: u64,
        unanswered: u64,
        most: u64,
    ) -> bool {
        let budget = i128::from(remaining) + i128::from(answered);
        let leapt = self.from.is_some() && budget - self.last > i128::from(most);
        self.last = budget;
        let Some(from) = self.from.filter(|_| !leapt) else {
            self.from = Some(Span { began_at: now, budget, answered, unanswered });
            return leapt;
        };
        let error = from.unanswered.max(unanswered);
        if answered - from.answered >= LEAST_ANSWERED.max(error.saturating_mul(4)) {
            let seconds = now.saturating_since(from.began_at).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "an estimate needs no more than 53 bits")]
            let grown = (budget - from.budget - i128::from(error)).max(0) as f64;
            self.per_second = if seconds > 0.0 { grown / seconds } else { 0.0 };
            self.from = Some(Span { began_at: now, budget, answered, unanswered });
        }
        false
    }

    /// A new epoch began: what comes back at once now was not seen to come.
    pub(super) fn begin(&mut self) {
        self.from = None;
    }
}

/// Fewer tell nothing.
const LEAST_ANSWERED: u64 = 8;
