//! `RateLimit` and its siblings (draft-ietf-httpapi-ratelimit-headers), in all forms that are deployed.
//!
//! - Draft 8 and later: `RateLimit: "default";r=50;t=30` and `RateLimit-Policy: "default";q=100;w=60`, lists of items
//!   that belong together by name.
//! - Draft 7: `RateLimit: limit=100, remaining=50, reset=30` and `RateLimit-Policy: 100;w=60`.
//! - Before: `RateLimit-Limit: 100, 100;w=60`, `RateLimit-Remaining: 50` and `RateLimit-Reset: 30`.
//!
//! A field that is not written as its draft says is ignored as a whole; parameters that are not known are comments.

use std::time::Duration;

use super::structured::{self, Bare, Item};
use super::{Published, PublishedLimit, QuotaUnit};

/// The fields of one reply; the lines of one field are joined by commas. None: the reply has no such field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields<'a> {
    /// `RateLimit`
    pub rate_limit: Option<&'a str>,
    /// `RateLimit-Policy`
    pub policy: Option<&'a str>,
    /// `RateLimit-Limit`
    pub limit: Option<&'a str>,
    /// `RateLimit-Remaining`
    pub remaining: Option<&'a str>,
    /// `RateLimit-Reset`
    pub reset: Option<&'a str>,
}

/// The limits that the fields publish. None of them says whose it is.
#[must_use]
pub fn read(fields: &Fields<'_>) -> Published {
    let mut published = Published::NONE;
    let named = fields.rate_limit.and_then(named);
    let limits = named
        .map(|states| with_policies(states, fields.policy))
        .or_else(|| Some(vec![draft_7(fields.rate_limit?, fields.policy)?]))
        .or_else(|| Some(vec![draft_6(fields)?]))
        .unwrap_or_default();
    limits.into_iter().for_each(|limit| published.add(limit));
    published
}

/// How a named limit stands.
struct State {
    name: String,
    remaining: u64,
    reset: Option<Duration>,
}

/// `RateLimit` as drafts 8 and later write it.
fn named(text: &str) -> Option<Vec<State>> {
    let state = |item: Item<'_>| {
        let Bare::String(name) = &item.value else { return None };
        let remaining = count(item.parameter("r")?)?;
        let reset = item.parameter("t").map_or(Some(None), |t| count(t).map(Some))?;
        Some(State { name: name.clone().into_owned(), remaining, reset: reset.and_then(delta) })
    };
    structured::list(text)?.into_iter().map(state).collect()
}

/// What a policy says of its limit.
struct Policy {
    name: Option<String>,
    count: u64,
    period: Option<Duration>,
    unit: QuotaUnit,
}

fn with_policies(states: Vec<State>, policy: Option<&str>) -> Vec<PublishedLimit> {
    let policies = policy.and_then(policies).unwrap_or_default();
    let limit = |state: State| {
        let policy = policies.iter().find(|policy| policy.name.as_deref() == Some(&state.name));
        PublishedLimit {
            scope: None,
            unit: policy.map_or(QuotaUnit::Requests, |policy| policy.unit),
            count: policy.map(|policy| policy.count),
            period: policy.and_then(|policy| policy.period),
            remaining: Some(state.remaining),
            reset: state.reset,
        }
    };
    states.into_iter().map(limit).collect()
}

/// `RateLimit-Policy`: items are strings with `q` from draft 8 on, and counts before.
fn policies(text: &str) -> Option<Vec<Policy>> {
    structured::list(text)?.iter().map(policy).collect()
}

fn policy(item: &Item<'_>) -> Option<Policy> {
    let (name, count) = match &item.value {
        Bare::String(name) => (Some(name.clone().into_owned()), count(item.parameter("q")?)?),
        value => (None, count(value)?),
    };
    // The first drafts called it `window`.
    let window = item.parameter("w").or_else(|| item.parameter("window"));
    let window = window.map_or(Some(None), |window| self::count(window).map(Some))?;
    if window == Some(0) {
        return None;
    }
    let unit = match item.parameter("qu") {
        None => QuotaUnit::Requests,
        Some(Bare::String(unit)) => unit_of(unit),
        Some(_) => return None,
    };
    Some(Policy { name, count, period: window.map(Duration::from_secs), unit })
}

/// A unit that no draft knows is one of the platform's own: what a call costs.
fn unit_of(name: &str) -> QuotaUnit {
    match name {
        "requests" => QuotaUnit::Requests,
        "content-bytes" => QuotaUnit::Bytes,
        "concurrent-requests" => QuotaUnit::Concurrent,
        _ => QuotaUnit::Cost,
    }
}

fn draft_7(text: &str, policy: Option<&str>) -> Option<PublishedLimit> {
    let members = structured::dictionary(text)?;
    let member = |name: &str| {
        let item = members.iter().rev().find(|(key, _)| *key == name);
        item.map_or(Some(None), |(_, item)| count(&item.value).map(Some))
    };
    let (limit, remaining, reset) = (member("limit")?, member("remaining")?, member("reset")?);
    Some(unnamed(limit, remaining?, reset, &policy.and_then(policies).unwrap_or_default()))
}

fn draft_6(fields: &Fields<'_>) -> Option<PublishedLimit> {
    let remaining = single(fields.remaining?)?;
    let reset = fields.reset.and_then(single);
    let limits = fields.limit.and_then(policies).unwrap_or_default();
    let limit = limits.first().map(|limit| limit.count);
    let separate = fields.policy.and_then(policies).unwrap_or_default();
    let policies: Vec<Policy> = limits.into_iter().chain(separate).collect();
    Some(unnamed(limit, remaining, reset, &policies))
}

/// Of the policies, the one with a period that allows as much as the limit says is meant; or the only one.
fn unnamed(count: Option<u64>, remaining: u64, reset: Option<u64>, policies: &[Policy]) -> PublishedLimit {
    let mut windows = policies.iter().filter(|policy| policy.period.is_some());
    let same = windows.clone().find(|policy| Some(policy.count) == count);
    let only = windows.next().filter(|_| windows.next().is_none());
    let policy = same.or_else(|| only.filter(|_| count.is_none()));
    PublishedLimit {
        scope: None,
        unit: QuotaUnit::Requests,
        count: count.or_else(|| policy.map(|policy| policy.count)),
        period: policy.and_then(|policy| policy.period),
        remaining: Some(remaining),
        reset: reset.and_then(delta),
    }
}

/// The one item of a field, as a count.
fn single(text: &str) -> Option<u64> {
    match structured::list(text)?.as_slice() {
        [item] => count(&item.value),
        _ => None,
    }
}

fn count(value: &Bare<'_>) -> Option<u64> {
    match value {
        Bare::Integer(number) => u64::try_from(*number).ok(),
        Bare::String(_) | Bare::Other => None,
    }
}

/// Seconds from receipt. What is more than a year is a date that somebody wrote in spite of the draft: it is not known
/// against which clock.
fn delta(seconds: u64) -> Option<Duration> {
    (seconds <= YEAR).then(|| Duration::from_secs(seconds))
}

const YEAR: u64 = 366 * 86_400;

#[cfg(test)]
mod tests;
