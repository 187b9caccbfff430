//! The shadow of one published limit.

use std::time::Duration;

use super::frontier::Frontier;
use super::ledger::Ledger;
use super::recovery::Recovery;
use super::silent::Silent;
use crate::call::Cost;
use crate::headers::{PublishedLimit, QuotaUnit};
use crate::time::Instant;

/// What the platform said of one limit, and what follows.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) unit: QuotaUnit,
    pub(super) count: Option<u64>,
    pub(super) period: Option<Duration>,
    frontier: Frontier,
    recovery: Recovery,
    /// Whether there was more without a reset, since the last one after which the budget was whole.
    trickles: bool,
    ledger: Ledger,
    /// Whether a refusal met what departed because the ledger said so.
    is_no_log: bool,
    /// No earlier than the platform's own reset: of all replies of an epoch the earliest counts, for each rounds up.
    resets_at: Option<Instant>,
    /// As the last reply names it, rounded as it is.
    last_reset: Option<Instant>,
    /// When the first reply named that reset.
    reset_told_at: Instant,
    /// Since when that reset is our own guess, which the first reply to what departs from then on overrules.
    guessed_at: Option<Instant>,
    told_at: Instant,
    silent: Silent,
    /// What has departed in an epoch that no reply has confirmed yet, and since when.
    assumed: Option<(Instant, u64)>,
    /// Whether that epoch began with a reset.
    awaits_whole: bool,
    /// Whether the whole budget was there after the last reset that was waited for; None before the first.
    pub(super) is_whole_at_reset: Option<bool>,
}

/// What the shadow of one limit says to units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Budget {
    /// They are left, to be spent at so many units per second.
    Left(f64),
    /// There may be more at that instant, unless an answer tells of more before.
    From(Instant),
    /// Only an answer can tell of more.
    Unknown,
}

/// What a scope knows of its attempts, in the unit of a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    pub(super) answered: u64,
    pub(super) unanswered: u64,
    /// Units answered before the attempt in question departed, if that is still known.
    pub(super) answered_before: u64,
    pub(super) round_trip: Duration,
    /// The share of each limit that may be used.
    pub(super) share: f64,
}

impl Policy {
    pub(super) fn new(limit: &PublishedLimit) -> Self {
        Self {
            unit: limit.unit,
            count: limit.count,
            period: limit.period,
            frontier: Frontier::default(),
            recovery: Recovery::default(),
            trickles: false,
            ledger: Ledger::default(),
            is_no_log: false,
            resets_at: None,
            last_reset: None,
            reset_told_at: Instant::EPOCH,
            guessed_at: None,
            told_at: Instant::EPOCH,
            silent: Silent::default(),
            assumed: None,
            awaits_whole: false,
            is_whole_at_reset: None,
        }
    }

    pub(super) fn is_of(&self, limit: &PublishedLimit) -> bool {
        (self.unit, self.count, self.period) == (limit.unit, limit.count, limit.period)
    }

    pub(super) fn units(&self, cost: Cost) -> u64 {
        let units = match self.unit {
            QuotaUnit::Requests | QuotaUnit::Concurrent => 1,
            QuotaUnit::Cost | QuotaUnit::Bytes => u64::from(cost.0.get()),
        };
        // What costs more than there ever is departs when all of it is there.
        units.min(self.count.unwrap_or(u64::MAX).max(1))
    }

    pub(super) fn budget(&self, now: Instant, cost: Cost, flow: &Flow) -> Budget {
        let units = self.units(cost);
        let left = self.left(flow);
        if left >= units {
            return Budget::Left(self.pace(now, left, flow));
        }
        match self.next_epoch(units, flow) {
            Some(at) if at <= now => Budget::Left(f64::INFINITY),
            Some(at) => Budget::From(at),
            None => Budget::Unknown,
        }
    }

    /// An attempt departs, in a new epoch if there was nothing left in this one.
    pub(super) fn depart(&mut self, now: Instant, cost: Cost, flow: &Flow) {
        let units = self.units(cost);
        if self.left(flow) < units && self.next_epoch(units, flow).is_some_and(|at| at <= now) {
            self.begin_epoch(now, flow);
        }
        if let Some((_, departed)) = &mut self.assumed {
            *departed += units;
        }
    }

    /// A reply to an attempt that departed then says how the limit stands. `flow` counts that attempt as answered.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        departed_at: Instant,
        cost: Cost,
        limit: &PublishedLimit,
        flow: &Flow,
    ) {
        let Some(remaining) = limit.remaining else { return };
        self.told_at = now;
        if let Some(period) = self.period {
            self.ledger.note(now, flow.answered, period);
        }
        self.silent.settle(departed_at);
        self.frontier.answer(departed_at, self.units(cost));
        let in_all = flow.answered + flow.unanswered;
        let is_news = self.frontier.tell(departed_at, now, remaining, flow.answered_before, in_all);
        if let Some((began_at, departed)) = self.assumed.filter(|&(began_at, _)| departed_at >= began_at) {
            debug_assert!(began_at <= now, "an epoch is not assumed before it began");
            let whole = self.count.unwrap_or(u64::MAX);
            if self.awaits_whole {
                let is_whole = remaining.saturating_add(departed) >= whole - whole / 10;
                self.is_whole_at_reset = Some(is_whole);
                self.trickles &= !is_whole;
            }
            self.assumed = None;
        }
        let most = LEAST_LEAP.max(flow.unanswered.saturating_mul(2));
        let known = self.frontier.remaining();
        let leapt = self.recovery.note(now, known, flow.answered, flow.unanswered, most);
        self.trickles |= self.recovery.per_second() > 0.0;
        if is_news {
            self.last_reset = limit.reset.map(|reset| now + reset);
            // The first attempt of an epoch leaves all but itself, however small the limit is.
            let is_first =
                self.count.is_some_and(|count| remaining.saturating_add(self.units(cost)) >= count);
            self.note_reset(now, departed_at, limit.reset, leapt || is_first);
        }
    }

    /// An attempt is over, and nobody knows whether it was handled, or what was left then.
    pub(super) fn fall_silent(&mut self, now: Instant, units: u64) {
        self.silent.add(now, units);
    }

    /// The platform refused: what was assumed is not so.
    pub(super) fn doubt_reset(&mut self) {
        self.is_no_log |= self.assumed.is_some();
        self.is_whole_at_reset = Some(false);
        self.assumed = None;
    }

    pub(super) const fn is_assumed(&self) -> bool {
        self.assumed.is_some()
    }

    /// Units per second in the long run, if anything tells.
    pub(super) fn per_second(&self) -> Option<f64> {
        let recovery = Some(self.recovery.per_second()).filter(|&rate| rate > 0.0);
        recovery.into_iter().chain(self.published_rate()).reduce(f64::max)
    }

    fn published_rate(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 53 bits")]
        self.count.zip(self.period).map(|(count, period)| count as f64 / period.as_secs_f64())
    }

    /// Units that may depart whatever the platform has handled by now.
    fn left(&self, flow: &Flow) -> u64 {
        let taken = flow.unanswered.saturating_add(self.silent.units()).saturating_add(self.kept_back(flow));
        self.frontier.remaining().saturating_sub(taken)
    }

    /// Units that are left to others.
    fn kept_back(&self, flow: &Flow) -> u64 {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a count, rounded up"
        )]
        self.count.map_or(0, |count| (count as f64 * (1.0 - flow.share)).ceil() as u64)
    }

    /// Units per second at which `left` is spent: evenly, so that it is gone a little before the reset; or, where it comes
    /// back by itself, at once, for a limit that lets calls through as they come has nothing to save up for.
    fn pace(&self, now: Instant, left: u64, flow: &Flow) -> f64 {
        let until = self.resets_at.map_or(Duration::ZERO, |at| at.saturating_since(now));
        let spent_by = until.saturating_sub(flow.round_trip * 2).max(flow.round_trip / 4).max(SHORTEST_SPAN);
        #[expect(clippy::cast_precision_loss, reason = "a pace needs no more than 53 bits")]
        let even = left as f64 / spent_by.as_secs_f64();
        let trickle = self.recovery.per_second() * EAGERNESS;
        let published =
            self.published_rate().filter(|_| self.is_whole_at_reset == Some(false)).unwrap_or(0.0);
        even.max(trickle).max(published)
    }

    /// When there may be `units` more without an answer that says so.
    fn next_epoch(&self, units: u64, flow: &Flow) -> Option<Instant> {
        let forgotten = self.forgotten_at(units, flow);
        let earliest = self.reset_at(flow).into_iter().chain(forgotten).min();
        let unnamed = self.told_at + self.period.unwrap_or(UNNAMED_RESET);
        earliest.or_else(|| (flow.unanswered == 0).then_some(unnamed))
    }

    fn reset_at(&self, flow: &Flow) -> Option<Instant> {
        // What is under way will tell soon; it is not waited for long.
        let patience = if flow.unanswered > 0 { flow.round_trip * 2 } else { Duration::ZERO };
        // Where there is more all the time, an earlier reset may be one that was used already.
        let reset = if self.trickles { self.last_reset } else { self.resets_at };
        reset.map(|at| at + patience)
    }

    /// What a log has forgotten is free, and so is what came back to a bucket or in a new window meanwhile.
    fn forgotten_at(&self, units: u64, flow: &Flow) -> Option<Instant> {
        let (period, count) = self.period.zip(self.count).filter(|_| !self.is_no_log)?;
        let wanted = (flow.answered + flow.unanswered + self.kept_back(flow) + units).checked_sub(count)?;
        self.ledger.old_at(wanted, period)
    }

    /// After a reset the budget is whole again if it was so after the last one; otherwise one attempt tries first.
    fn begin_epoch(&mut self, now: Instant, flow: &Flow) {
        let is_reset = self.reset_at(flow).is_some_and(|at| at <= now);
        self.assumed = Some((now, 0));
        self.awaits_whole = is_reset;
        self.told_at = now;
        if !is_reset {
            return;
        }
        if let Some(count) = self.count.filter(|_| self.is_whole_at_reset == Some(true)) {
            self.frontier.begin(now, count);
            self.silent = Silent::default();
        }
        self.recovery.begin();
        // A log forgets what it handled, which is later than what departed.
        self.resets_at = self.period.map(|period| now + period + flow.round_trip * 2);
        self.last_reset = self.resets_at;
        self.guessed_at = self.resets_at.map(|_| now);
    }

    /// Resets that differ by no more than their rounding are one: the earliest of them is the truest.
    fn note_reset(&mut self, now: Instant, departed_at: Instant, reset: Option<Duration>, is_new: bool) {
        let Some(told) = reset.map(|reset| now + reset) else { return };
        let was_guessed = self.guessed_at.is_some_and(|guessed_at| departed_at >= guessed_at);
        let known = self.resets_at.zip(Some(self.reset_told_at)).filter(|_| !is_new && !was_guessed);
        let Some((at, since)) = known else { return self.set_reset(now, told) };
        // What departed after the reset was handled after it; what only came back then, mostly before.
        let is_later = departed_at >= at || told > at + ROUNDING;
        // An earlier one counts unless the reply may be older than the one that said so.
        let is_earlier = told < at && (told + ROUNDING >= at || departed_at >= since);
        if is_later || is_earlier {
            self.set_reset(now, told);
        }
    }

    fn set_reset(&mut self, now: Instant, at: Instant) {
        if self.resets_at.is_none_or(|before| at > before) {
            self.reset_told_at = now;
        }
        self.resets_at = Some(at);
        self.guessed_at = None;
    }
}

/// More than this at once is a new epoch and no trickle.
const LEAST_LEAP: u64 = 8;
/// Resets are told in whole seconds, and the way to the client takes its time.
const ROUNDING: Duration = Duration::from_millis(1_500);
/// How much faster than it comes back is spent what is left: what is left in a bucket that fills is lost sooner or later,
/// and twice the rate that was seen finds a rate that is more than that.
const EAGERNESS: f64 = 2.0;
/// No shorter than timers can tell apart.
const SHORTEST_SPAN: Duration = Duration::from_millis(10);
/// A second is the grain of published resets.
const UNNAMED_RESET: Duration = Duration::from_secs(1);
