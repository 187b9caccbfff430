//! From a scenario's text to its world.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use paceline_core::WallTime;
use paceline_sim::platform::{BulkCost, LatencyRange, PlatformConfig, Rate};
use paceline_sim::scenario::{Arrivals, Bulk, Callers, Scenario};

use super::believed::{Believed, tightest};
use super::keys::LIST;
use super::limits::{Limits, changes, limits};
use super::mishaps::{faults, outages};
use super::values::{any_count, arrival_rate, choice, count, latency, name, size, time, truth};
use crate::platform::words::{self, BulkCostArg, PublishArg, RetryAfterArg};
use crate::units::Size;
use crate::written::{Notes, Problems, Section, Source};

/// All that a text says.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) name: Option<String>,
    pub(super) about: String,
    pub(super) scenario: Scenario,
    pub(super) believed: Option<Believed>,
    pub(super) linger: Duration,
}

/// Reads a text.
pub(super) fn read(source: &Source) -> Result<Reading, Problems> {
    let notes = Notes::new(source, LIST);
    let table = source.table();
    let reading = match &table {
        Ok(table) => reading(&Section::whole(&notes, table.get_ref())),
        Err((message, span)) => {
            notes.note(span.clone(), message, "");
            None
        }
    };
    notes.judge(reading)
}

// Every part is read before the first that is missing ends the reading: all problems are told at once.
fn reading(top: &Section<'_>) -> Option<Reading> {
    let (name, about) = (top.optional("name", name), top.required("about", name));
    let is_repeatable = top.optional("repeatable", truth).unwrap_or(true);
    let arrivals = arrivals(top);
    let records = records(top, arrivals);
    let callers = callers(top);
    let network = network(top);
    let limits = limits(top);
    let foreign = foreign(top, limits.as_ref());
    let believed = limits.as_ref().map(|limits| believed(top, limits, callers.unwrap_or_default()));
    let platform = platform(top, limits.as_ref());
    let body_limit = platform.as_ref().map_or(u64::MAX, |platform| platform.body_limit);
    let record_bytes = payload(top, body_limit);
    let bulked = bulked(top, u64::from(record_bytes.unwrap_or(1)), body_limit);
    let (uplink, downlink) = network?;
    let Bulked { bulk, cost, linger } = bulked?;
    let scenario = Scenario {
        arrivals: arrivals?,
        records: records?,
        record_bytes: record_bytes?,
        callers: callers?,
        platform: PlatformConfig { bulk_cost: cost, ..platform? },
        uplink,
        downlink,
        bulk,
        foreign,
        is_repeatable,
    };
    Some(Reading { name, about: about?, scenario, believed: believed?, linger })
}

fn arrivals(top: &Section<'_>) -> Option<Arrivals> {
    match (top.section("users"), top.section("arrivals")) {
        (Some(users), None) => {
            let think = users.optional("think", latency).unwrap_or_default();
            let users = users.required("count", |value| count(value, MOST_WAITING))?;
            Some(Arrivals::Closed { users, think })
        }
        (None, Some(arrivals)) => Some(Arrivals::Open { rate: arrivals.required("rate", arrival_rate)? }),
        (Some(_), Some(arrivals)) => {
            let message = "records come from [users] or at the rate of [arrivals], not both";
            arrivals.refuse("", message, "leave one of them out");
            None
        }
        (None, None) => {
            if !top.has("users") && !top.has("arrivals") {
                let message = "nobody calls: there is neither [users] nor [arrivals]";
                top.refuse("", message, "write [users] and below it count = 500");
            }
            None
        }
    }
}

fn records(top: &Section<'_>, arrivals: Option<Arrivals>) -> Option<u64> {
    let most = match arrivals {
        Some(Arrivals::Open { .. }) => MOST_WAITING,
        _ => MOST_RECORDS,
    };
    top.required("records", |value| count(value, most)).map(|records| u64::from(records.get()))
}

fn payload(top: &Section<'_>, body_limit: u64) -> Option<u32> {
    let bytes = top.required("payload", size)?.get();
    if bytes > body_limit {
        let message = format!("one record is more than a body of {} may hold", Size(body_limit));
        top.refuse("payload", message, "write a smaller one, or a larger body_limit under [platform]");
    }
    let fitting = u32::try_from(bytes);
    if fitting.is_err() {
        top.refuse("payload", "a record of more than 4 GB", "write a smaller one");
    }
    fitting.ok()
}

fn callers(top: &Section<'_>) -> Option<Callers> {
    let Some(section) = top.section("callers") else { return Some(Callers::default()) };
    let number = |key| section.optional(key, |value| count(value, MOST_LANES)).unwrap_or(NonZeroU32::MIN);
    let callers = Callers {
        credentials: number("credentials"),
        integrations: number("integrations"),
        endpoints: number("endpoints"),
    };
    let lanes = callers.credentials.saturating_mul(callers.integrations).saturating_mul(callers.endpoints);
    if lanes.get() > MOST_LANES {
        let message = format!("these are {lanes} combinations, more than a world keeps apart");
        section.refuse("", message, format!("write numbers whose product is at most {MOST_LANES}"));
    }
    Some(callers)
}

fn foreign(top: &Section<'_>, limits: Option<&Limits>) -> Option<Rate> {
    let foreign = top.section("foreign")?;
    if limits.is_some_and(|limits| limits.configs.is_empty()) {
        let message = "the calls of others change nothing where nothing is limited";
        foreign.refuse("", message, "add a [[limit]], or leave [foreign] out");
    }
    foreign.required("rate", arrival_rate)
}

/// Uplink and downlink.
fn network(top: &Section<'_>) -> Option<(LatencyRange, LatencyRange)> {
    let Some(network) = top.section("network") else { return Some(Default::default()) };
    if network.has("round_trip") && (network.has("uplink") || network.has("downlink")) {
        let message = "a round trip is an uplink and a downlink";
        network.refuse("round_trip", message, "write either it or the two");
    }
    let way = |key| network.optional(key, latency);
    let half = way("round_trip")
        .map(|whole| LatencyRange::between(whole.shortest() / 2, whole.longest() / 2))
        .unwrap_or_default();
    Some((way("uplink").unwrap_or(half), way("downlink").unwrap_or(half)))
}

fn platform(top: &Section<'_>, limits: Option<&Limits>) -> Option<PlatformConfig> {
    let section = top.section("platform");
    let section = section.as_ref();
    let defaults = PlatformConfig::default();
    let latency = section.and_then(|section| section.optional("latency", latency));
    let form = section.and_then(|section| section.optional("retry_after", choice::<RetryAfterArg>));
    let published = section.and_then(|section| section.optional("publish", choice::<PublishArg>));
    let ban = section.and_then(|section| section.optional("ban", |value| words::ban(value.text()?)));
    let body_limit = section.and_then(|section| section.optional("body_limit", size));
    let clock_behind = section.and_then(|section| section.optional("clock_behind", time));
    let (faults, outages) = (faults(top), outages(top));
    let changes = limits.and_then(|limits| changes(top, limits));
    Some(PlatformConfig {
        limits: limits?.configs.clone(),
        changes: changes?,
        retry_after: form.map_or(defaults.retry_after, Into::into),
        published: published.map_or(defaults.published, Into::into),
        ban,
        latency: latency.unwrap_or_default(),
        faults: faults?,
        outages: outages?,
        body_limit: body_limit.map_or(defaults.body_limit, NonZeroU64::get),
        epoch: WallTime::from_unix_millis(EPOCH_MILLIS),
        clock_behind: clock_behind.unwrap_or_default(),
        ..defaults
    })
}

/// What one call may carry, what it costs, and how long it is waited for.
struct Bulked {
    bulk: Option<Bulk>,
    cost: BulkCost,
    linger: Duration,
}

fn bulked(top: &Section<'_>, record: u64, body_limit: u64) -> Option<Bulked> {
    let Some(section) = top.section("bulk") else {
        return Some(Bulked { bulk: None, cost: BulkCost::default(), linger: LINGER });
    };
    let cost = section.optional("cost", choice::<BulkCostArg>).map_or(BulkCost::default(), Into::into);
    let linger = section.optional("linger", time).unwrap_or(LINGER);
    let bytes = section.optional("bytes", size).map_or(body_limit, NonZeroU64::get);
    if bytes < record {
        let message = format!("a batch of {} cannot hold one record of {}", Size(bytes), Size(record));
        section.refuse("bytes", message, "write more bytes, or a smaller payload");
    }
    if bytes > body_limit {
        let message = format!("a batch is more than a body of {} may hold", Size(body_limit));
        section.refuse("bytes", message, "write fewer bytes, or a larger body_limit under [platform]");
    }
    let items = section.required("items", any_count)?;
    Some(Bulked { bulk: Some(Bulk { items, bytes }), cost, linger })
}

fn believed(top: &Section<'_>, limits: &Limits, callers: Callers) -> Option<Believed> {
    let derived = tightest(&limits.configs, callers).map(|(_, believed)| believed);
    let rate = top.optional("believed", |value| value.parse()).or(derived.map(|believed| believed.rate));
    let burst = top.optional("believed_burst", any_count);
    if burst.is_some() && rate.is_none() {
        top.refuse("believed_burst", "a burst without a rate", "add believed = \"120/s\"");
    }
    let burst = burst.or(derived.map(|believed| believed.burst)).unwrap_or(NonZeroU32::MIN);
    Some(Believed { rate: rate?, burst })
}

/// The same as for `paceline.toml`: long enough for company, short enough for people.
const LINGER: Duration = Duration::from_millis(200);
/// As many as the core lets wait: a world's users, or what comes in spite of a platform that is down.
const MOST_WAITING: u32 = 100_000;
/// The time of each is kept until the end: more would not fit into the memory of a small machine.
const MOST_RECORDS: u32 = 10_000_000;
/// Each combination has its own lane and its own batches.
const MOST_LANES: u32 = 10_000;
/// Some day: HTTP dates need one, and nothing else does.
const EPOCH_MILLIS: u64 = 1_760_000_000_000;
