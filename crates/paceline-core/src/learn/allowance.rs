//! How many attempts may be in flight while nothing better is known, and the limit on it that is found.

use std::num::NonZeroU32;

/// Attempts in flight that a scope is allowed.
///
/// It starts small, so that the first refusal has few echoes, and doubles as long as that lets more through; where it
/// only makes answers slower, the platform queues (as Vegas and BBR have it). Where how many were in flight tells the
/// refused attempts from the accepted ones, and no rate explains them, it falls below that, and stays.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    most: u32,
    /// Whether concurrency, not rate, was found to be what is limited.
    is_limit: bool,
    /// Refusals of concurrency.
    refusals: u32,
    trial: Trial,
    next_try: f64,
    tries: u32,
    /// What the limit was when it was found.
    found: u32,
    was_wrong: bool,
    /// Answers by how many were in flight at the departure; the last place stands for all above.
    accepted: [f32; SEEN],
    refused: [f32; SEEN],
}

/// What one allowance lets through.
#[derive(Clone, Copy, Debug, Default)]
struct Trial {
    began: f64,
    accepted: f64,
    departures: u32,
    at_most: u32,
    /// What the allowance before let through, units per second.
    before: Option<f64>,
}

impl Allowance {
    pub(crate) const fn new() -> Self {
        Self {
            most: START,
            is_limit: false,
            refusals: 0,
            trial: Trial { began: 0.0, accepted: 0.0, departures: 0, at_most: 0, before: None },
            next_try: 0.0,
            tries: 0,
            found: START,
            was_wrong: false,
            accepted: [0.0; SEEN],
            refused: [0.0; SEEN],
        }
    }

    pub(crate) const fn most(&self) -> u32 {
        self.most
    }

    /// The limit that was found.
    pub(crate) fn limit(&self) -> Option<NonZeroU32> {
        if self.is_limit { NonZeroU32::new(self.most) } else { None }
    }

    pub(crate) const fn refusals(&self) -> u32 {
        self.refusals
    }

    pub(crate) fn restore(&mut self, limit: NonZeroU32, now: f64) {
        self.most = limit.get();
        self.found = self.most;
        self.is_limit = true;
        self.next_try = now + FIRST_TRY;
    }

    /// The pace is to be found anew: what `in_flight` calls in flight need is allowed.
    pub(crate) fn begin_search(&mut self, in_flight: f64, now: f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive; saturates")]
        let needed = (2.0 * in_flight).ceil() as u32;
        if !self.is_limit {
            self.most = START.max(needed);
        }
        self.begin_trial(now, 0.0, None);
    }

    /// An attempt departed, with which `in_flight` are. `accepted`: units so far.
    pub(crate) fn depart(&mut self, now: f64, in_flight: u32, accepted: f64, round_trip: f64) {
        self.trial.departures += 1;
        self.trial.at_most += u32::from(in_flight >= self.most);
        let lasted = now - self.trial.began;
        if lasted < LEAST_TRIAL.max(8.0 * round_trip) {
            return;
        }
        let is_used_up = self.trial.at_most * 2 > self.trial.departures;
        let passed = (accepted - self.trial.accepted) / lasted;
        let helped = self.trial.before.is_none_or(|before| passed > WORTH_IT * before);
        if !is_used_up || now < self.next_try {
            self.begin_trial(now, accepted, if is_used_up { Some(passed) } else { None });
        } else if self.is_limit {
            self.tries += 1;
            self.most += 1;
            self.wait_before_next_try(now);
            self.begin_trial(now, accepted, None);
        } else if helped {
            self.most = (self.most + self.most / 2).min(MOST);
            self.begin_trial(now, accepted, Some(passed));
        } else {
            self.most = (self.most - self.most / 3).max(START);
            self.tries += 1;
            self.wait_before_next_try(now);
            self.begin_trial(now, accepted, None);
        }
    }

    /// An attempt that departed as the `in_flight`th was refused. Returns whether that was for the limit found.
    pub(crate) fn refuse(&mut self, now: f64, in_flight: u32) -> bool {
        if !self.is_limit || in_flight < self.most {
            return false;
        }
        self.refusals += 1;
        self.most = (self.most - 1).max(1);
        // Nor does the only attempt in flight meet one.
        if in_flight <= 1 || 4 * self.most <= 3 * self.found {
            // It was no limit of concurrency after all: less in flight did not help.
            *self = Self { was_wrong: true, ..Self::new() };
            return false;
        }
        self.wait_before_next_try(now);
        true
    }

    /// An answer to an attempt that departed as the `in_flight`th.
    pub(crate) fn observe(&mut self, in_flight: u32, is_refused: bool) {
        let place = (in_flight as usize).min(SEEN - 1);
        let seen = if is_refused { &mut self.refused } else { &mut self.accepted };
        seen[place] += 1.0;
    }

    /// What was seen before says nothing about what comes.
    pub(crate) fn forget(&mut self) {
        self.accepted = [0.0; SEEN];
        self.refused = [0.0; SEEN];
    }

    /// How many in flight tell the refused from the accepted, if that does.
    pub(crate) fn threshold(&self) -> Option<u32> {
        let (accepted, refused) = (self.accepted.iter().sum::<f32>(), self.refused.iter().sum::<f32>());
        if self.was_wrong || self.is_limit || refused < LEAST_REFUSED || accepted < LEAST_ACCEPTED {
            return None;
        }
        let (mut above_accepted, mut above_refused) = (self.accepted[SEEN - 1], self.refused[SEEN - 1]);
        let mut best = (TELLING, None);
        for place in (2..SEEN - 1).rev() {
            above_accepted += self.accepted[place];
            above_refused += self.refused[place];
            let (of_refused, of_accepted) = (above_refused / refused, above_accepted / accepted);
            if of_refused >= NEARLY_ALL && of_refused - of_accepted > best.0 {
                best = (of_refused - of_accepted, u32::try_from(place).ok());
            }
        }
        best.1
    }

    /// Fewer than `threshold` pass.
    pub(crate) fn limit_below(&mut self, threshold: u32, now: f64) {
        self.most = (threshold - 1).max(1);
        self.found = self.most;
        self.is_limit = true;
        self.refusals += 1;
        self.forget();
        self.wait_before_next_try(now);
    }

    fn wait_before_next_try(&mut self, now: f64) {
        self.next_try = now + FIRST_TRY * f64::from(1_u32 << self.tries.min(4));
    }

    fn begin_trial(&mut self, now: f64, accepted: f64, before: Option<f64>) {
        self.trial = Trial { began: now, accepted, before, ..Trial::default() };
    }
}

/// Of so many in flight a first refusal has few echoes.
const START: u32 = 12;
const MOST: u32 = 1 << 20;
/// Seconds: shorter ones measure nothing.
const LEAST_TRIAL: f64 = 2.0;
/// Half as many more in flight must let through so much more.
const WORTH_IT: f64 = 1.15;
/// Seconds until one more is tried; doubles with every try.
const FIRST_TRY: f64 = 60.0;
/// More in flight than that are not told apart.
const SEEN: usize = 64;
const LEAST_REFUSED: f32 = 3.0;
const LEAST_ACCEPTED: f32 = 50.0;
/// The share of the refused that must have been above a threshold, and by how much that must exceed the share of the
/// accepted.
const NEARLY_ALL: f32 = 0.95;
const TELLING: f32 = 0.75;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// For `seconds`, 20 departures a second that use up what is allowed; `passes` units per second do.
    fn use_up(allowance: &mut Allowance, seconds: u32, passes: impl Fn(u32) -> f64) -> u32 {
        let (mut accepted, mut highest) = (0.0, allowance.most());
        for tick in 0..seconds * 20 {
            let most = allowance.most();
            accepted += passes(most) / 20.0;
            allowance.depart(f64::from(tick) / 20.0, most, accepted, 0.05);
            highest = highest.max(allowance.most());
        }
        highest
    }

    proptest! {
        #[test]
        fn a_limit_of_concurrency_is_told_by_what_it_refuses(
            limit in 1_u32..60, above in 1_u32..20, answers in 200_usize..2_000, seed in any::<u64>(),
        ) {
            let most = (limit + above).min(62);
            let mut random = fastrand::Rng::with_seed(seed);
            let mut allowance = Allowance::new();
            (0..answers).for_each(|_| {
                let in_flight = random.u32(1..=most);
                allowance.observe(in_flight, in_flight > limit);
            });
            // Enough of both, and every number in flight among them.
            (0..50).for_each(|_| allowance.observe(limit, false));
            (limit + 1..=most).for_each(|in_flight| (0..3).for_each(|_| allowance.observe(in_flight, true)));
            prop_assert_eq!(allowance.threshold(), Some(limit + 1));
        }

        #[test]
        fn refusals_that_do_not_depend_on_what_is_in_flight_are_no_limit_of_it(
            most in 2_u32..62, share in 0.01_f64..0.9, seed in any::<u64>(),
        ) {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut allowance = Allowance::new();
            let mut refused = 0;
            while refused < 40 {
                let is_refused = random.f64() < share;
                refused += u32::from(is_refused);
                allowance.observe(random.u32(1..=most), is_refused);
            }
            (0..50).for_each(|index| allowance.observe(1 + index % most, false));
            prop_assert_eq!(allowance.threshold(), None);
        }

        #[test]
        fn only_what_departed_as_the_limit_says_lowers_it(
            threshold in 10_u32..60, in_flights in prop::collection::vec(1_u32..80, 1..3),
        ) {
            let mut allowance = Allowance::new();
            allowance.limit_below(threshold, 0.0);
            prop_assert_eq!(allowance.limit().map(NonZeroU32::get), Some(threshold - 1));
            for in_flight in in_flights {
                let before = allowance.most();
                let is_crowd = allowance.refuse(1.0, in_flight);
                prop_assert_eq!(is_crowd, in_flight >= before);
                prop_assert_eq!(allowance.most(), before - u32::from(is_crowd));
            }
        }

        #[test]
        fn a_limit_that_less_in_flight_does_not_help_is_given_up_for_good(threshold in 3_u32..64) {
            let mut allowance = Allowance::new();
            allowance.limit_below(threshold, 0.0);
            let needed = (1..threshold).find(|_| !allowance.refuse(1.0, 1_000));
            prop_assert!(needed.is_some_and(|needed| needed <= threshold.div_ceil(4) + 1), "{needed:?}");
            prop_assert_eq!(allowance.limit(), None);
            (0..100).for_each(|_| allowance.observe(2, false));
            (0..100).for_each(|_| allowance.observe(9, true));
            prop_assert_eq!(allowance.threshold(), None);
        }

        #[test]
        fn it_grows_while_that_lets_more_through(each in 0.5_f64..20.0, capacity in 100_u32..2_000) {
            let mut allowance = Allowance::new();
            let highest = use_up(&mut allowance, 60, |most| each * f64::from(most.min(capacity)));
            prop_assert!(highest >= capacity, "{highest}");
            prop_assert!(highest <= 3 * capacity, "{highest}");
        }

        #[test]
        fn it_does_not_grow_where_answers_only_become_slower(passes in 0.5_f64..1_000.0) {
            let mut allowance = Allowance::new();
            let highest = use_up(&mut allowance, 600, |_| passes);
            prop_assert!(highest <= START * 3, "{highest}");
        }

        #[test]
        fn what_is_not_used_up_does_not_grow(share in 0.0_f64..0.9, passes in 1.0_f64..1_000.0) {
            let mut allowance = Allowance::new();
            for tick in 0..20_000_u32 {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
                let in_flight = (share * f64::from(allowance.most())) as u32;
                let at = f64::from(tick) / 50.0;
                allowance.depart(at, in_flight, at * passes, 0.05);
                prop_assert_eq!(allowance.most(), START);
            }
        }
    }

    #[test]
    fn a_restored_limit_holds_until_one_more_is_tried() {
        let mut allowance = Allowance::new();
        allowance.restore(NonZeroU32::new(7).unwrap(), 0.0);
        assert_eq!(use_up(&mut allowance, 59, |_| 10.0), 7);
        assert_eq!(allowance.limit().map(NonZeroU32::get), Some(7));
    }

    #[test]
    fn a_limit_of_one_that_does_not_help_is_given_up() {
        let mut allowance = Allowance::new();
        allowance.limit_below(2, 0.0);
        assert!((0..1_000).any(|_| !allowance.refuse(1.0, 1)));
    }

    #[test]
    fn a_limit_met_with_very_many_in_flight_is_told() {
        let mut allowance = Allowance::new();
        (0..200).for_each(|_| allowance.observe(20, false));
        (0..50).for_each(|_| allowance.observe(100, true));
        assert!(allowance.threshold().is_some());
    }
}
