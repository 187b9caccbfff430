//! The SDKs' quota for retries: when it is used up, operations fail although they have attempts left.
//!
//! Source: aws-smithy-runtime 1.16.2, src/client/retries/token_bucket.rs, and `retry_permit` of strategy/standard.rs.

/// 500 to begin with; a retry costs 5 after throttling and 10 after another failure.
#[derive(Clone, Debug)]
pub(super) struct RetryQuota {
    available: u32,
    /// What the latest retry paid. One strategy serves all operations of a client and has one place for it: the next retry
    /// overwrites it, and then it never comes back.
    paid: Option<u32>,
}

impl Default for RetryQuota {
    fn default() -> Self {
        Self { available: CAPACITY, paid: None }
    }
}

impl RetryQuota {
    /// Pays for a retry, if there is enough.
    pub(super) fn try_acquire(&mut self, is_throttled: bool) -> bool {
        let cost = if is_throttled { THROTTLING_COST } else { TRANSIENT_COST };
        let Some(rest) = self.available.checked_sub(cost) else { return false };
        self.available = rest;
        self.paid = Some(cost);
        true
    }

    /// An attempt succeeded: the latest payment comes back, or 1 if there is none.
    pub(super) fn succeeded(&mut self) {
        self.available = (self.available + self.paid.take().unwrap_or(1)).min(CAPACITY);
    }
}

/// All of these are the original's.
const CAPACITY: u32 = 500;
const THROTTLING_COST: u32 = 5;
const TRANSIENT_COST: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_throttled_attempts_use_it_up_and_successes_bring_one_back_each() {
        let mut quota = RetryQuota::default();
        assert!((0..100).all(|_| quota.try_acquire(true)));
        assert!(!quota.try_acquire(true));
        // The first success brings the latest payment back, the others 1 each.
        quota.succeeded();
        assert_eq!(quota.available, 5);
        (0..4).for_each(|_| quota.succeeded());
        assert_eq!(quota.available, 9);
        assert!(quota.try_acquire(true) && !quota.try_acquire(false));
        (0..900).for_each(|_| quota.succeeded());
        assert_eq!(quota.available, CAPACITY);
    }
}
