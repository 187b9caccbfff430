//! The one loop of a probe: one call first, to hear what the platform says by itself; then as many as the pacer lets through.

use std::sync::Arc;
use std::time::Duration;

use paceline::driver::Stopped;
use paceline::{CallError, Client};
use paceline_core::{Config, GateCause, GiveUp, ScopeId, ScopeKind, ScopeSet, WaitReason};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::ending::Ending;
use super::findings::Findings;
use super::plan::ProbePlan;
use super::settling::Settling;
use super::tally::Tally;
use crate::sync::{Progress, wait_reason};
use crate::wall_clock::wall_now;

/// Probes a platform. Returns when enough is known, when a bound is reached, or when `stop` asks to stop; what is under way
/// then has come back.
///
/// # Errors
/// When the pacer has stopped, which is a defect.
pub async fn probe(
    plan: ProbePlan,
    watchers: &watch::Sender<Progress>,
    stop: CancellationToken,
) -> Result<Findings, Stopped> {
    let mut probe = Probe::start(plan).await?;
    let ending = probe.ask(watchers, &stop).await;
    probe.finish(ending).await
}

struct Probe {
    caller: Arc<Caller>,
    scope: ScopeId,
    under_way: JoinSet<Option<Result<(), CallError>>>,
    settling: Settling,
    began: Instant,
    deadline: Instant,
}

impl Probe {
    async fn start(plan: ProbePlan) -> Result<Self, Stopped> {
        let machine = Config { seed: fastrand::u64(..), ..Config::default() };
        let client = Client::builder().machine(machine).timeouts(plan.timeouts).build();
        let scope = client.pacer().set_limits(ScopeKind::Credential, "probed", plan.limits).await?;
        let began = Instant::now();
        let deadline = began.checked_add(plan.bounds.time).unwrap_or_else(|| began + LONGEST);
        let tally = Tally::new(began, Duration::from_millis(wall_now().as_unix_millis()));
        let caller = Arc::new(Caller::new(client, plan, ScopeSet::one(scope), tally));
        Ok(Self { caller, scope, under_way: JoinSet::new(), settling: Settling::default(), began, deadline })
    }

    async fn ask(&mut self, watchers: &watch::Sender<Progress>, stop: &CancellationToken) -> Ending {
        let mut look_around = tokio::time::interval(LOOK_AROUND);
        look_around.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.send_off();
            let caller = Arc::clone(&self.caller);
            let ending = tokio::select! {
                Some(landed) = self.under_way.join_next() => self.land(landed),
                () = caller.noted.notified() => None,
                _ = look_around.tick() => self.look_around(watchers),
                () = tokio::time::sleep_until(self.deadline) => Some(Ending::Time),
                () = stop.cancelled() => Some(Ending::Interrupted),
            };
            let ending = match ending {
                Some(ending) => Some(ending),
                None => self.weigh().await,
            };
            if let Some(ending) = ending {
                return ending;
            }
        }
    }

    /// One call until the platform has taken one or named a limit, then as many as there are workers.
    fn send_off(&mut self) {
        let tally = self.caller.tally();
        let is_welcome = tally.accepted + tally.refused > 0;
        let wanted = if is_welcome { self.caller.plan.workers.get() } else { 1 };
        // More would wait for a departure that they may not have.
        let left = self.caller.plan.bounds.calls.get().saturating_sub(tally.departed);
        drop(tally);
        let wanted = wanted.min(self.under_way.len() + usize::try_from(left).unwrap_or(usize::MAX));
        while self.under_way.len() < wanted {
            self.under_way.spawn(Arc::clone(&self.caller).call());
        }
    }

    fn land(&self, landed: Result<Option<Result<(), CallError>>, JoinError>) -> Option<Ending> {
        let error = match landed {
            Err(error) => return Some(Ending::Broken(error.to_string())),
            Ok(None | Some(Ok(()))) => return None,
            Ok(Some(Err(error))) => error,
        };
        match &error {
            // Enough departed; what else is under way comes back first.
            CallError::HeldBack { .. } => None,
            CallError::GaveUp(given_up) => {
                let is_first = self.caller.tally().accepted == 0;
                let words = match (&given_up.last, given_up.why) {
                    (Some(last), GiveUp::Rejected) => last.status.to_string(),
                    _ => self.caller.without_secrets(&error.to_string()),
                };
                is_first.then_some(Ending::Refused(words))
            }
            CallError::Target(_) => Some(Ending::Unreachable(error.to_string())),
            _ => Some(Ending::Broken(error.to_string())),
        }
    }

    /// Whether it is enough.
    async fn weigh(&mut self) -> Option<Ending> {
        let bounds = self.caller.plan.bounds;
        let (is_used_up, episodes, failure) = {
            let tally = self.caller.tally();
            let is_used_up = tally.departed >= bounds.calls.get() && tally.in_flight() == 0;
            (is_used_up, tally.episodes, tally.last_failure.clone().filter(|_| !tally.is_answered()))
        };
        if let Some(failure) = failure {
            return Some(Ending::Unreachable(failure));
        }
        if episodes > 0 {
            let belief = self.caller.client.pacer().belief(self.scope).await.ok().flatten();
            if belief.is_some_and(|belief| self.settling.note(episodes, &belief)) {
                return Some(Ending::Settled);
            }
        }
        if episodes >= bounds.refusals.get() {
            return Some(Ending::Refusals);
        }
        is_used_up.then_some(Ending::Calls)
    }

    fn look_around(&self, watchers: &watch::Sender<Progress>) -> Option<Ending> {
        let pacer = self.caller.client.pacer();
        let (status, now) = (*pacer.status().borrow(), Instant::now());
        self.publish(watchers, &status, now);
        let (at, why) = status.wait?;
        let WaitReason::Gate { cause, .. } = why else { return None };
        match cause {
            GateCause::Banned => Some(Ending::Banned),
            GateCause::Unauthorized => Some(Ending::Unauthorized),
            GateCause::RetryAfter if pacer.tokio_instant(at) > self.deadline => Some(Ending::Suspended {
                resume_at: pacer.wall_time(at),
                wait: pacer.tokio_instant(at).saturating_duration_since(now),
            }),
            GateCause::RetryAfter | GateCause::Backoff | GateCause::Outage => None,
        }
    }

    fn publish(&self, watchers: &watch::Sender<Progress>, status: &paceline::driver::Status, now: Instant) {
        let tally = self.caller.tally();
        let wait = status.wait.and_then(|(at, why)| {
            let at = self.caller.client.pacer().tokio_instant(at);
            Some((at.saturating_duration_since(now), wait_reason(why)?))
        });
        watchers.send_replace(Progress {
            total: Some(self.caller.plan.bounds.calls.get()),
            settled: tally.departed,
            attempts: tally.departed,
            throttled: tally.refused,
            in_flight: status.in_flight,
            wait,
            ..Progress::default()
        });
    }

    /// Takes back what waits, waits for what is under way, and sums up.
    async fn finish(mut self, ending: Ending) -> Result<Findings, Stopped> {
        let belief = self.caller.client.pacer().belief(self.scope).await?;
        let elapsed = self.began.elapsed();
        self.caller.ended.cancel();
        let all_back = async { while self.under_way.join_next().await.is_some() {} };
        // What takes longer than any platform should is not waited for.
        let _ = tokio::time::timeout(GRACE, all_back).await;
        let tally = self.caller.tally().clone();
        Ok(Findings::of(&self.caller.plan, tally, elapsed, belief, ending))
    }
}

/// Often enough for a smooth bar and a prompt end.
const LOOK_AROUND: Duration = Duration::from_millis(50);
/// A bound in time that no clock can hold is none.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);
/// For answers that are owed when a probe ends.
const GRACE: Duration = Duration::from_secs(10);
