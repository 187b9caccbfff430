//! What a probe found out.

use std::time::Duration;

use paceline_core::{Belief, Quota, Source};
use serde_json::{Value, json};

use super::conclusion::Conclusion;
use super::configuration;
use super::ending::Ending;
use super::inference::{Inference, candidates};
use super::plan::{Bounds, ProbePlan};
use super::published;
use super::reading::{reached, told, words};
use super::tally::Tally;
use crate::learned::{ToldLimits, with_evidence};
use crate::units;

/// What was asked, what came, and what is believed.
#[derive(Clone, Debug)]
pub struct Findings {
    called: String,
    bounds: Bounds,
    ending: Ending,
    elapsed: Duration,
    tally: Tally,
    /// What the machine believes; None: nothing was refused or published, so it believes in no limit.
    belief: Option<Belief>,
    inference: Inference,
}

impl Findings {
    pub(super) fn of(
        plan: &ProbePlan,
        mut tally: Tally,
        elapsed: Duration,
        belief: Option<Belief>,
        ending: Ending,
    ) -> Self {
        let mut samples = std::mem::take(&mut tally.samples);
        samples.sort_by_key(|sample| sample.sent);
        let play = |tell: &mut dyn FnMut(_)| {
            samples.iter().for_each(|sample| tell(*sample));
            Ok::<(), std::convert::Infallible>(())
        };
        let inference = match candidates(play) {
            Ok(inference) => inference,
            Err(never) => match never {},
        };
        // Before the first refusal the machine's pace is its own, not the platform's.
        let has_grounds = |belief: &Belief| tally.refused > 0 || belief.source == Source::Published;
        let belief = belief.filter(has_grounds);
        Self { called: plan.called(), bounds: plan.bounds, ending, elapsed, tally, belief, inference }
    }

    /// The program's exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.ending.exit_code()
    }

    /// For people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.asked(), self.came()];
        lines.extend(self.published());
        lines.extend(self.believed());
        lines.push(self.ending.message(&self.bounds));
        if self.tally.departed > 0 {
            lines.push(SHARED.to_owned());
        }
        lines.join("\n")
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> Value {
        let Tally { departed, accepted, refused, episodes, others, statuses, .. } = &self.tally;
        json!({
            "called": self.called,
            "attempts": departed,
            "accepted": accepted,
            "refused": refused,
            "refusals": episodes,
            "other_answers": others,
            "statuses": statuses,
            "longest_retry_after_s": self.tally.longest_retry_after.map(|wait| wait.as_secs_f64()),
            "seconds": self.elapsed.as_secs_f64(),
            "published": self.published_words(),
            "believed": self.belief.as_ref().and_then(ToldLimits::of),
            "candidates": told(&self.inference),
            "reached": self.inference.highest,
            "most_in_flight": self.inference.most_in_flight,
            "exit_reason": self.ending.name(),
            "resume_at": match &self.ending {
                Ending::Suspended { resume_at, .. } => Some(super::ending::civil(*resume_at)),
                _ => None,
            },
            "toml": self.toml(),
        })
    }

    /// `[limits]` of what is believed; None: no limit is.
    #[must_use]
    pub fn toml(&self) -> Option<String> {
        let (belief, Conclusion { learned, trust, by }) = self.conclusion()?;
        let evidence = by.map_or_else(|| with_evidence(belief), |candidate| Some(words(candidate)));
        let mut remarks =
            vec![format!("Found by `paceline probe`, {}: {}.", self.called, evidence.unwrap_or_default())];
        remarks.push(
            "The quota is shared with everything else that uses it: leave some of it with `reserve`."
                .to_owned(),
        );
        configuration::limits(&learned, trust, &remarks)
    }

    /// What is believed, and what follows.
    fn conclusion(&self) -> Option<(&Belief, Conclusion<'_>)> {
        self.belief.as_ref().map(|belief| (belief, Conclusion::of(belief, &self.inference)))
    }

    /// Whether the machine only paces so, and knows no more.
    fn is_first_guess(&self) -> bool {
        let is_pace = |belief: &Belief| matches!(belief.learned.quota, Some(Quota::Pace { .. }));
        self.belief.is_some_and(|belief| {
            belief.source == Source::Seen && belief.bounds.is_none() && is_pace(&belief)
        })
    }

    fn asked(&self) -> String {
        let Tally { departed, .. } = self.tally;
        let took = Duration::from_millis(u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX));
        format!("asked: {}, {departed} times in {}", self.called, units::spelled(took))
    }

    fn came(&self) -> String {
        let Tally { accepted, refused, episodes, others, statuses, .. } = &self.tally;
        let statuses: Vec<String> =
            statuses.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        let mut text = format!("came: {accepted} accepted, {refused} refused");
        if *refused > 0 {
            text.push_str(&format!(" ({episodes} apart from those already under way)"));
        }
        if *others > 0 {
            text.push_str(&format!(", {others} other"));
        }
        if !statuses.is_empty() {
            text.push_str(&format!("; {}", statuses.join(", ")));
        }
        match self.tally.longest_retry_after {
            Some(wait) => text.push_str(&format!("; longest Retry-After {}", units::spelled(wait))),
            None if self.tally.refused_without_wait > 0 => text.push_str("; no Retry-After"),
            None => {}
        }
        text
    }

    fn published_words(&self) -> Vec<String> {
        self.tally.published.as_ref().map(|(first, _)| published::in_words(first)).unwrap_or_default()
    }

    fn published(&self) -> Vec<String> {
        let first = self.published_words();
        if first.is_empty() {
            return vec!["published: nothing about limits in the headers of its replies".to_owned()];
        }
        first.into_iter().map(|limit| format!("published: {limit}")).collect()
    }

    fn believed(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            reached(&self.inference).into_iter().map(|line| format!("reached: {line}")).collect();
        match self.belief.as_ref().and_then(with_evidence) {
            Some(words) if self.is_first_guess() => {
                lines.push(format!(
                    "believed: {words}; a first guess, for what was refused bounds no rate yet: ask with more --max-calls"
                ));
            }
            Some(words) => lines.push(format!("believed: {words}")),
            None if self.tally.accepted > 0 => lines.push(format!("no limit met up to {}", self.pace())),
            None => {}
        }
        if self.tally.refused > 0 {
            let candidates = self.inference.candidates.iter();
            lines.extend(candidates.map(|candidate| format!("the calls fit: {}", words(candidate))));
            if self.conclusion().is_some_and(|(belief, conclusion)| conclusion.overrules(belief)) {
                lines.push(
                    "so the belief is not certain: what is written is slower, and where a run begins to learn".to_owned(),
                );
            }
            if self.inference.candidates.len() > 1 {
                lines.push(
                    "so few calls do not tell these apart: ask with more --max-refusals and --max-calls"
                        .to_owned(),
                );
            }
        }
        lines
    }

    /// The highest rate that was accepted.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    fn pace(&self) -> String {
        match self.inference.highest.iter().find(|highest| highest.period_s == 1) {
            Some(highest) => {
                format!("{}/s, with {} in flight", highest.accepted, self.inference.most_in_flight)
            }
            None => {
                let per_second = self.tally.accepted as f64 / self.elapsed.as_secs_f64().max(0.001);
                format!("{per_second:.0}/s, in less than a second")
            }
        }
    }
}

const SHARED: &str = "warning: the quota is shared with everything else that uses it, before and after this probe: what others \
                      took looks like a lower limit, and what this probe took was theirs";
