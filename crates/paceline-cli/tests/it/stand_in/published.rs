//! What replies say about limits, read as Paceline reads it.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use paceline::signals;
use paceline_core::headers::{PublishedLimit, QuotaUnit};
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, PublishedForm, Rate};

use super::wire::{Wire, only, start};

fn publishing(published: PublishedForm, count: u32) -> PlatformConfig {
    let rate = Rate::new(NonZeroU32::new(count).unwrap(), Duration::from_secs(3_600)).unwrap();
    let kind = LimiterKind::SlidingLog { rate };
    PlatformConfig { published, limits: vec![LimitConfig::per_credential(kind)], ..only(1) }
}

/// The status of a reply and the limits that `signals` finds in it.
async fn post(wire: &mut Wire) -> (u16, Vec<PublishedLimit>) {
    let reply = wire.post("1").await;
    let mut headers = HeaderMap::new();
    for name in ["ratelimit", "ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]
    {
        if let Some(value) = reply.header(name) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
    }
    let answered = signals::answered(StatusCode::from_u16(reply.status).unwrap(), &headers);
    (reply.status, answered.published.iter().copied().collect())
}

#[tokio::test(start_paused = true)]
async fn what_the_model_means_is_found_in_the_headers_of_every_form() {
    for form in [PublishedForm::Draft6, PublishedForm::Draft7, PublishedForm::Draft8] {
        let stand_in = start(publishing(form, 2)).await;
        let mut wire = Wire::open(stand_in.address()).await;
        for (status, remaining) in [(201, 1), (201, 0), (429, 0)] {
            let limit = PublishedLimit {
                scope: None,
                unit: QuotaUnit::Requests,
                count: Some(2),
                period: Some(Duration::from_secs(3_600)),
                remaining: Some(remaining),
                reset: Some(Duration::from_secs(3_600)),
            };
            assert_eq!(post(&mut wire).await, (status, vec![limit]), "{form:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_publishes_nothing_has_none_of_the_headers() {
    let stand_in = start(publishing(PublishedForm::Absent, 2)).await;
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(post(&mut wire).await, (201, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn slots_are_published_with_their_unit() {
    let kind = LimiterKind::Concurrency { slots: NonZeroU32::new(7).unwrap() };
    let limits = vec![LimitConfig::per_credential(kind)];
    let stand_in = start(PlatformConfig { limits, ..publishing(PublishedForm::Draft8, 2) }).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let (_, limits) = post(&mut wire).await;
    assert_eq!(
        (limits[0].unit, limits[0].count, limits[0].remaining),
        (QuotaUnit::Concurrent, Some(7), Some(6))
    );
}
