//! One of the platform's limits.

use std::num::NonZeroU32;

use paceline_core::{KnownRate, Limits, Reserve, ScopeKind};

use super::keys::InnerKey;
use super::model::RunSettings;
use crate::units::{Percent, Rate};

/// `[limits.tenant]`, `[limits.credential]`, `[limits.integration.NAME]` or
/// `[limits.endpoint."METHOD /path"]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLimit {
    /// What the limit is attached to.
    pub kind: ScopeKind,
    /// Which one, where there are several: an integration's or an endpoint's name.
    pub name: Option<String>,
    /// So many calls in so long.
    pub rate: Option<Rate>,
    /// How many calls at once a rested limit allows.
    pub burst: Option<NonZeroU32>,
    /// How many calls may be in flight.
    pub in_flight: Option<NonZeroU32>,
    /// The share that is left to others.
    pub reserve: Option<Percent>,
    /// Whether the rate is the limit; otherwise it is where learning starts.
    pub known: bool,
}

impl ScopeLimit {
    pub(super) fn new(kind: ScopeKind, name: Option<&str>) -> Self {
        let name = name.map(str::to_owned);
        Self { kind, name, rate: None, burst: None, in_flight: None, reserve: None, known: true }
    }

    /// What the machine is told of it, within what `run` allows.
    #[must_use]
    pub fn known_limits(&self, run: &RunSettings) -> Limits {
        let rate = self.rate.and_then(core_rate);
        let known = rate.filter(|_| self.known).map(|rate| {
            let burst = self.burst.unwrap_or(NonZeroU32::MIN);
            KnownRate { rate, burst }
        });
        Limits {
            known,
            start: rate.filter(|_| !self.known),
            ceiling: None,
            in_flight: self.in_flight,
            reserve: core_reserve(run.reserve.or(self.reserve)),
        }
    }

    /// The limit's table as it stands in a file: `limits.tenant`, `limits.endpoint."POST /records"`.
    #[must_use]
    pub fn heading(&self) -> String {
        let is_bare = |name: &str| {
            !name.is_empty()
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
        };
        match &self.name {
            Some(name) if !is_bare(name) => format!("limits.{}.\"{name}\"", self.kind),
            _ => self.table(),
        }
    }

    /// The limit's table: `limits.tenant`, `limits.endpoint.POST /records`.
    pub(super) fn table(&self) -> String {
        match &self.name {
            Some(name) => format!("limits.{}.{name}", self.kind),
            None => format!("limits.{}", self.kind),
        }
    }
}

impl RunSettings {
    /// `limits`, and what the user allows, whatever the platform would: for a scope that every call has.
    #[must_use]
    pub fn with_ceilings(&self, limits: Limits) -> Limits {
        let most = self.max_in_flight.and_then(|most| NonZeroU32::try_from(most).ok());
        Limits {
            ceiling: self.max_rate.and_then(core_rate),
            in_flight: limits.in_flight.into_iter().chain(most).min(),
            ..self.with_reserve(limits)
        }
    }

    /// `limits`, and the share that the user leaves to others.
    #[must_use]
    pub fn with_reserve(&self, limits: Limits) -> Limits {
        Limits { reserve: self.reserve.map_or(limits.reserve, |share| core_reserve(Some(share))), ..limits }
    }
}

fn core_reserve(share: Option<Percent>) -> Reserve {
    share.and_then(|share| Reserve::share(share.fraction())).unwrap_or_default()
}

fn core_rate(rate: Rate) -> Option<paceline_core::Rate> {
    paceline_core::Rate::per(rate.count.get(), rate.per)
}

/// The keys of a limit.
pub(super) static LIMIT_KEYS: [InnerKey<ScopeLimit>; 5] = [
    InnerKey {
        name: "rate",
        kind: "rate",
        default: "",
        example: "\"2500/min\"",
        set: |limit, value| value.parse().map(|rate| limit.rate = Some(rate)),
        show: |limit| limit.rate.map(|rate| format!("\"{rate}\"")),
    },
    InnerKey {
        name: "burst",
        kind: "whole number",
        default: "",
        example: "50",
        set: |limit, value| value.count().map(|burst| limit.burst = Some(burst)),
        show: |limit| limit.burst.map(|burst| burst.to_string()),
    },
    InnerKey {
        name: "in_flight",
        kind: "whole number",
        default: "",
        example: "50",
        set: |limit, value| value.count().map(|in_flight| limit.in_flight = Some(in_flight)),
        show: |limit| limit.in_flight.map(|in_flight| in_flight.to_string()),
    },
    InnerKey {
        name: "reserve",
        kind: "share",
        default: "",
        example: "\"20%\"",
        set: |limit, value| value.reserve().map(|reserve| limit.reserve = Some(reserve)),
        show: |limit| limit.reserve.map(|reserve| format!("\"{reserve}\"")),
    },
    InnerKey {
        name: "known",
        kind: "true or false",
        default: "true",
        example: "false",
        set: |limit, value| value.boolean().map(|known| limit.known = known),
        show: |limit| Some(limit.known.to_string()),
    },
];
