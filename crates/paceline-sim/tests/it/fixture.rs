//! A platform and somebody who calls it.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_core::{Instant, ScopeKind};
use paceline_sim::platform::{
    Ending, Fingerprint, LatencyRange, LimitConfig, LimiterKind, Payload, Platform, PlatformConfig, Rate,
    Record, Reply, Request, Service,
};

pub(crate) fn some(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("tests ask for some")
}

pub(crate) fn at(millis: u64) -> Instant {
    Instant::EPOCH + Duration::from_millis(millis)
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn bucket(per_second: u32, burst: u32) -> LimiterKind {
    LimiterKind::TokenBucket { rate: Rate::per_second(some(per_second)), burst: some(burst) }
}

pub(crate) fn limit(scope: ScopeKind, kind: LimiterKind) -> LimitConfig {
    LimitConfig { scope, ..LimitConfig::per_credential(kind) }
}

/// 30 to 80 ms of latency and these limits per credential.
pub(crate) fn limited(kinds: &[LimiterKind]) -> PlatformConfig {
    PlatformConfig {
        limits: kinds.iter().copied().map(LimitConfig::per_credential).collect(),
        latency: LatencyRange::between(millis(30), millis(80)),
        ..PlatformConfig::default()
    }
}

pub(crate) fn record(number: u64) -> Record {
    Record::sound(Fingerprint::number(number))
}

/// A request for one record.
pub(crate) fn post(number: u64) -> Request<'static> {
    Request::bare(Payload::One(record(number)))
}

/// A request for one record under an idempotency key of its own.
pub(crate) fn keyed(number: u64) -> Request<'static> {
    Request { idempotency_key: Some(Fingerprint::number(number)), ..post(number) }
}

/// Calls; the ending happens when it is due, and its slots are free at once.
pub(crate) fn call_at(platform: &mut Platform, now: Instant, request: &Request<'_>) -> Service {
    let mut service = platform.arrive(now, request);
    platform.finish(service.at, std::mem::take(&mut service.ticket));
    service
}

pub(crate) fn call(platform: &mut Platform, millis: u64, request: &Request<'_>) -> Service {
    call_at(platform, at(millis), request)
}

/// Calls, and expects a whole reply.
pub(crate) fn reply(platform: &mut Platform, millis: u64, request: &Request<'_>) -> Reply {
    match call(platform, millis, request).ending {
        Ending::Reply(reply) => reply,
        ending => panic!("no reply: {ending:?}"),
    }
}

pub(crate) fn status(platform: &mut Platform, millis: u64, request: &Request<'_>) -> u16 {
    reply(platform, millis, request).status
}
