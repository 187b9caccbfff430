//! The limits of a scenario's platform, and how they change.

use std::num::NonZeroU32;

use clap::ValueEnum;
use paceline_core::ScopeKind;
use paceline_sim::platform::{Change, LimitConfig, LimiterKind};

use super::values::{any_count, choice, name, names, rate, scope, time, truth, whole};
use crate::platform::words::{LimiterArg, second_of};
use crate::written::{Section, Value, Written, no_choice};

/// The limits, and the name of each that has one.
#[derive(Debug, Default)]
pub(super) struct Limits {
    pub(super) configs: Vec<LimitConfig>,
    names: Vec<Option<String>>,
}

/// Reads the limits; None where one of them is wrong.
pub(super) fn limits(top: &Section<'_>) -> Option<Limits> {
    let mut names = Vec::new();
    let configs = top.each("limit", |section| {
        let name = section.optional("name", name);
        if name.is_some() && names.contains(&name) {
            section.refuse("name", "two limits have this name", "name one of them otherwise");
        }
        names.push(name);
        if names.len() == MOST_LIMITS + 1 {
            section.refuse("", format!("more than {MOST_LIMITS} limits"), "leave the looser ones out");
        }
        limit(section)
    })?;
    Some(Limits { configs, names })
}

/// Reads the changes, in the order in which they happen.
pub(super) fn changes(top: &Section<'_>, limits: &Limits) -> Option<Vec<Change>> {
    let sections = top.sections("change")?;
    let timed = sections.iter().map(|section| Some((section.required("at", time)?, section)));
    let mut timed = timed.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    timed.sort_by_key(|(at, _)| *at);
    // What a change does not name stays as the one before left it.
    let mut kinds: Vec<LimiterKind> = limits.configs.iter().map(|limit| limit.kind).collect();
    let changes = timed.into_iter().map(|(at, section)| {
        let limit = changed_limit(section, limits)?;
        kinds[limit] = changed(section, kinds[limit]);
        Some(Change { at, limit, kind: kinds[limit] })
    });
    let changes: Vec<Option<Change>> = changes.collect();
    changes.into_iter().collect()
}

fn limit(section: &Section<'_>) -> Option<LimitConfig> {
    let scope = section.optional("scope", scope).unwrap_or(ScopeKind::Credential);
    let counts_refused = section.optional("counts_refused", truth).unwrap_or(false);
    let word = match section.has("kind") {
        true => section.optional("kind", kind_word)?,
        false => Word::Rate(LimiterArg::TokenBucket),
    };
    Some(LimitConfig { scope, only: None, kind: kind(section, word)?, counts_refused })
}

/// A kind as it is written.
#[derive(Clone, Copy)]
enum Word {
    Rate(LimiterArg),
    Concurrency,
}

fn kind_word(value: Value<'_>) -> Result<Word, String> {
    match value.text()? {
        CONCURRENCY => Ok(Word::Concurrency),
        text => choice(value)
            .map(Word::Rate)
            .map_err(|_| no_choice(text, names::<LimiterArg>().into_iter().chain([CONCURRENCY.to_owned()]))),
    }
}

fn kind(section: &Section<'_>, word: Word) -> Option<LimiterKind> {
    let Word::Rate(limiter) = word else {
        refuse_others(section, CONCURRENCY, &["slots"]);
        return Some(LimiterKind::Concurrency { slots: section.required("slots", any_count)? });
    };
    let possible = limiter.to_possible_value().expect("no kind is hidden");
    refuse_others(section, possible.get_name(), numbers(limiter));
    let rate = section.required("rate", rate)?;
    Some(match limiter {
        LimiterArg::TokenBucket => {
            let burst = section.optional("burst", any_count).unwrap_or_else(|| second_of(rate));
            LimiterKind::TokenBucket { rate, burst }
        }
        LimiterArg::FixedWindow => {
            let phase = section.optional("phase", time).unwrap_or_default();
            LimiterKind::FixedWindow { rate, phase }
        }
        LimiterArg::SlidingLog => LimiterKind::SlidingLog { rate },
        LimiterArg::SlidingCounter => LimiterKind::SlidingCounter { rate },
        LimiterArg::LeakyBucket => {
            let queue = section.optional("queue", whole).unwrap_or_else(|| second_of(rate).get());
            LimiterKind::LeakyBucket { rate, queue }
        }
    })
}

/// The keys with numbers that a kind takes.
const fn numbers(limiter: LimiterArg) -> &'static [&'static str] {
    match limiter {
        LimiterArg::TokenBucket => &["rate", "burst"],
        LimiterArg::FixedWindow => &["rate", "phase"],
        LimiterArg::SlidingLog | LimiterArg::SlidingCounter => &["rate"],
        LimiterArg::LeakyBucket => &["rate", "queue"],
    }
}

/// What `before` becomes by a change.
fn changed(section: &Section<'_>, before: LimiterKind) -> LimiterKind {
    let (name, taken): (&str, &[&str]) = match before {
        LimiterKind::TokenBucket { .. } => ("token-bucket", &["rate", "burst"]),
        LimiterKind::FixedWindow { .. } => ("fixed-window", &["rate"]),
        LimiterKind::SlidingLog { .. } => ("sliding-log", &["rate"]),
        LimiterKind::SlidingCounter { .. } => ("sliding-counter", &["rate"]),
        LimiterKind::LeakyBucket { .. } => ("leaky-bucket", &["rate", "queue"]),
        LimiterKind::Concurrency { .. } => (CONCURRENCY, &["slots"]),
    };
    refuse_others(section, name, taken);
    if !NUMBERS.iter().any(|key| section.has(key)) {
        section.refuse("", "nothing changes", format!("say what the limit's {} becomes", taken.join(" or ")));
    }
    let count = |key, before: NonZeroU32| section.optional(key, any_count).unwrap_or(before);
    let new_rate = |before| section.optional("rate", rate).unwrap_or(before);
    match before {
        LimiterKind::TokenBucket { rate, burst } => {
            LimiterKind::TokenBucket { rate: new_rate(rate), burst: count("burst", burst) }
        }
        LimiterKind::FixedWindow { rate, phase } => LimiterKind::FixedWindow { rate: new_rate(rate), phase },
        LimiterKind::SlidingLog { rate } => LimiterKind::SlidingLog { rate: new_rate(rate) },
        LimiterKind::SlidingCounter { rate } => LimiterKind::SlidingCounter { rate: new_rate(rate) },
        LimiterKind::LeakyBucket { rate, queue } => LimiterKind::LeakyBucket {
            rate: new_rate(rate),
            queue: section.optional("queue", whole).unwrap_or(queue),
        },
        LimiterKind::Concurrency { slots } => LimiterKind::Concurrency { slots: count("slots", slots) },
    }
}

/// The place of the limit that a change is of: the one that it names, or the only one.
fn changed_limit(section: &Section<'_>, limits: &Limits) -> Option<usize> {
    if !section.has("limit") && limits.configs.len() == 1 {
        return Some(0);
    }
    section.required("limit", |value| {
        let place = match value.written {
            Written::Integer(place) => usize::try_from(*place).ok().and_then(|place| place.checked_sub(1)),
            _ => {
                let name = value.name()?;
                limits.names.iter().position(|limit| limit.as_deref() == Some(name.as_str()))
            }
        };
        place.filter(|&place| place < limits.configs.len()).ok_or_else(|| limits.absent())
    })
}

impl Limits {
    /// What to say when a limit is named that is not there.
    fn absent(&self) -> String {
        let place = |at: usize| (at + 1).to_string();
        let names = self.names.iter().enumerate().map(|(at, name)| match name {
            Some(name) => format!("{} (\"{name}\")", place(at)),
            None => place(at),
        });
        match names.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "there is no such limit, for there is no [[limit]]".to_owned(),
            there => format!("there is no such limit; there is {there}"),
        }
    }
}

/// Notes every number that a kind does not take.
fn refuse_others(section: &Section<'_>, kind: &str, taken: &[&str]) {
    for key in NUMBERS.iter().filter(|key| section.has(key) && !taken.contains(key)) {
        let message = format!("a limit of kind {kind} has no `{key}` to set here");
        section.refuse(key, message, format!("leave it out; what it takes is {}", taken.join(" and ")));
    }
}

/// The word for what limits calls being served at once.
const CONCURRENCY: &str = "concurrency";
/// Keys of a limit or a change that some kinds take and others do not.
const NUMBERS: [&str; 5] = ["rate", "burst", "queue", "phase", "slots"];
/// The model tells apart which of so many limits refused.
const MOST_LIMITS: usize = 64;
