//! What a report says without being asked for particular records.

use std::path::PathBuf;
use std::time::Duration;

use paceline_core::{GateCause, WallTime};

use super::fate::Fate;
use super::groups::Groups;
use super::next_step::{self, NextStep};
use super::subject::Subject;
use super::tally::Tally;
use super::target::{self, Shown};
use super::{Clock, ReportError};
use crate::journal::{Run, SavedScope, ScopeName, State};
use crate::learned::{self, ToldLimits};

/// All of it, before it is written one way or another.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    pub(super) journal: PathBuf,
    pub(super) source: String,
    pub(super) target: Shown,
    pub(super) key_field: Option<String>,
    pub(super) tally: Tally,
    /// Why the number of records is not known, and what to do.
    pub(super) unread: Option<String>,
    pub(super) run: Option<Run>,
    pub(super) run_state: RunState,
    /// Those that are closed now.
    pub(super) gates: Vec<ClosedGate>,
    pub(super) learned: Vec<Learned>,
    pub(super) dead: Groups,
    pub(super) in_doubt: Groups,
    pub(super) next_steps: Vec<NextStep>,
}

/// How the latest run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunState {
    /// It ended in good order.
    Ended,
    /// It holds the journal.
    UnderWay,
    /// It is gone and said nothing.
    Crashed,
}

/// A gate that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClosedGate {
    pub(super) scope: ScopeName,
    pub(super) cause: GateCause,
    /// `None`: running again opens it, which is a person's decision.
    pub(super) opens: Option<WallTime>,
}

/// What was learned about the limits of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Learned {
    pub(super) scope: ScopeName,
    /// As the journal keeps them.
    pub(super) limits: Option<String>,
    pub(super) longest_retry_after: Option<Duration>,
}

impl Learned {
    /// What the limits say, as far as this version reads them.
    pub(super) fn told(&self) -> Option<ToldLimits> {
        ToldLimits::without_evidence(&learned::read(self.limits.as_deref()?))
    }

    /// For people; what a later version wrote, as it stands.
    pub(super) fn words(&self) -> Option<String> {
        self.told().map(|told| told.words).or_else(|| self.limits.clone())
    }
}

impl Summary {
    /// Sums up `subject`: reads the source, if it is there, and all letters.
    pub(super) fn of(subject: &Subject, clock: &Clock) -> Result<Self, ReportError> {
        let (tally, unread) = Tally::of(subject)?;
        let scopes = subject.reader.scopes()?;
        let binding = subject.reader.binding();
        let mut summary = Self {
            journal: subject.path.clone(),
            source: binding.source.clone(),
            target: target::shown(&binding.target),
            key_field: binding.key_field.clone(),
            tally,
            unread: unread.map(|error| error.to_string()),
            run: subject.run.clone(),
            run_state: run_state(subject),
            gates: scopes.iter().filter_map(|scope| closed_gate(scope, clock.now)).collect(),
            learned: scopes.into_iter().filter_map(remembered).collect(),
            dead: Groups::of(subject.letters(State::Dead)?)?,
            in_doubt: Groups::of(subject.letters(State::InDoubt)?)?,
            next_steps: Vec::new(),
        };
        summary.next_steps = next_step::of(&summary, clock);
        Ok(summary)
    }
}

fn run_state(subject: &Subject) -> RunState {
    match &subject.run {
        Some(run) if run.ended.is_some() => RunState::Ended,
        _ if subject.fate == Fate::UnderWay => RunState::UnderWay,
        _ => RunState::Crashed,
    }
}

fn closed_gate(saved: &SavedScope, now: WallTime) -> Option<ClosedGate> {
    let (until, cause) = saved.closed.filter(|(until, _)| *until > now)?;
    let opens = (until != WallTime::FAR_FUTURE).then_some(until);
    Some(ClosedGate { scope: saved.scope.clone(), cause, opens })
}

fn remembered(saved: SavedScope) -> Option<Learned> {
    let SavedScope { scope, learned: limits, longest_retry_after, .. } = saved;
    let is_known = limits.is_some() || longest_retry_after.is_some();
    is_known.then_some(Learned { scope, limits, longest_retry_after })
}
