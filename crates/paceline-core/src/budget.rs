//! The retry budget of a scope: how many failures that are not refusals may be tried again.

/// Accepted calls deposit, repeated failures withdraw (as in Finagle's and tower's budgets). An empty budget
/// condemns no call: it says that the platform itself is failing, and the scope's gate closes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryBudget {
    tokens: u32,
}

impl RetryBudget {
    pub(crate) const fn full() -> Self {
        Self { tokens: CAPACITY }
    }

    pub(crate) fn deposit(&mut self) {
        self.tokens = (self.tokens + PER_ACCEPTED).min(CAPACITY);
    }

    /// Takes one retry; false when there is none.
    pub(crate) fn withdraw(&mut self) -> bool {
        let Some(left) = self.tokens.checked_sub(PER_RETRY) else { return false };
        self.tokens = left;
        true
    }
}

/// One retry for five accepted calls: 20 %, as Finagle, tower and Envoy have it.
const PER_RETRY: u32 = 5;
const PER_ACCEPTED: u32 = 1;
/// Ten retries in a row without a success, then the platform counts as down: few enough that an outage
/// leaves few calls in doubt, enough that one bad connection pool does not look like an outage.
const CAPACITY: u32 = 10 * PER_RETRY;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_failures_in_a_row_empty_it() {
        let mut budget = RetryBudget::full();
        assert_eq!((0..50).filter(|_| budget.withdraw()).count(), 10);
    }

    proptest! {
        #[test]
        fn withdrawals_never_exceed_capacity_and_a_fifth_of_the_deposits(
            steps in prop::collection::vec(any::<bool>(), 0..500)
        ) {
            let mut budget = RetryBudget::full();
            let (mut deposits, mut withdrawals) = (0_u32, 0_u32);
            for deposit in steps {
                if deposit {
                    budget.deposit();
                    deposits += 1;
                } else {
                    withdrawals += u32::from(budget.withdraw());
                }
                prop_assert!(withdrawals * PER_RETRY <= CAPACITY + deposits * PER_ACCEPTED);
            }
        }
    }
}
