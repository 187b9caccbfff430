//! Replies as the platforms send them, and what the shipped profiles make of them: one test for each platform.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use paceline::signals::Received;
use paceline_cli::profile;
use paceline_core::headers::{PublishedLimit, QuotaUnit};
use paceline_core::{Answered, Outcome, ScopeKind};

use ScopeKind::{Credential, Endpoint, Integration, Tenant};

/// 2026-07-01 12:00:00 UTC, as 1782907200.
const DATE: (&str, &str) = ("date", "Wed, 01 Jul 2026 12:00:00 GMT");

struct Platform(paceline_core::Profile);

/// What is made of a reply.
#[derive(Debug, PartialEq)]
struct Heard {
    outcome: Outcome,
    scope: Option<ScopeKind>,
    /// In milliseconds.
    wait: Option<u64>,
    cost: Option<u32>,
    published: Vec<PublishedLimit>,
}

impl Platform {
    fn named(name: &str) -> Self {
        Self(profile::named(name).expect("a shipped profile"))
    }

    fn hears(&self, status: u16, lines: &[(&'static str, &'static str)], body: &str) -> Heard {
        self.hears_at("/", status, lines, body)
    }

    fn hears_at(&self, path: &str, status: u16, lines: &[(&'static str, &'static str)], body: &str) -> Heard {
        let mut headers = HeaderMap::new();
        for (name, value) in lines.iter().chain([&DATE]) {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        let answered = Received { status, headers: &headers, path, body: body.as_bytes() }.read(&self.0);
        let outcome = Outcome::of_answer(&answered, false);
        let Answered { retry_after, named_scope, published, cost, .. } = answered;
        let wait = retry_after.map(|wait| u64::try_from(wait.as_millis()).expect("a wait"));
        Heard { outcome, scope: named_scope, wait, cost, published: published.iter().copied().collect() }
    }
}

/// An outcome, and nothing else.
fn only(outcome: Outcome) -> Heard {
    Heard { outcome, scope: None, wait: None, cost: None, published: Vec::new() }
}

fn refused(scope: Option<ScopeKind>, wait: Option<u64>) -> Heard {
    Heard { scope, wait, ..only(Outcome::Throttled) }
}

fn accepted(published: impl Into<Vec<PublishedLimit>>) -> Heard {
    Heard { published: published.into(), ..only(Outcome::Accepted) }
}

fn limit(scope: impl Into<Option<ScopeKind>>, count: u64, remaining: u64) -> PublishedLimit {
    PublishedLimit {
        scope: scope.into(),
        count: Some(count),
        remaining: Some(remaining),
        ..PublishedLimit::default()
    }
}

fn per(period: u64, limit: PublishedLimit) -> PublishedLimit {
    PublishedLimit { period: Some(Duration::from_secs(period)), ..limit }
}

fn resets(millis: u64, limit: PublishedLimit) -> PublishedLimit {
    PublishedLimit { reset: Some(Duration::from_millis(millis)), ..limit }
}

fn in_cost(limit: PublishedLimit) -> PublishedLimit {
    PublishedLimit { unit: QuotaUnit::Cost, ..limit }
}

#[test]
fn generic() {
    let platform = Platform::named("generic");
    assert_eq!(platform.hears(429, &[("retry-after", "2")], "{}"), refused(None, Some(2_000)));
    assert_eq!(platform.hears(403, &[("x-ratelimit-remaining", "0")], "secondary"), only(Outcome::Rejected));
    assert_eq!(platform.hears(200, &[("x-ratelimit-remaining", "7")], ""), accepted([]));
}

#[test]
fn genesys_cloud() {
    let platform = Platform::named("genesys-cloud");
    let body = r#"{"message":"Rate limit exceeded the maximum. Retry the request in [42] seconds",
        "code":"too.many.requests.retry.after","status":429,"contextId":"7d9f","details":[],"errors":[]}"#;
    assert_eq!(platform.hears(429, &[("retry-after", "42")], body), refused(None, Some(42_000)));
    let named = |key: &str, namespace: &str| {
        let body =
            format!(r#"{{"status":429,"limit":{{"key":"{key}","namespace":"{namespace}","value":300}}}}"#);
        platform.hears(429, &[("retry-after", "9")], &body).scope
    };
    assert_eq!(named("client.credentials.token.rate.per.minute", "platform.api"), Some(Credential));
    assert_eq!(named("actions.concurrent.executions.max", "dataactions"), Some(Integration));
    assert_eq!(named("another.key", "dataactions"), Some(Integration));
    assert_eq!(named("another.key", "another.namespace"), None);
    let oauth = r#"{"error":"invalid_request","description":"rate limit exceeded; try later"}"#;
    assert_eq!(platform.hears_at("/oauth/token", 400, &[], oauth), refused(None, None));
    assert_eq!(platform.hears_at("/oauth/token", 400, &[], "{}"), only(Outcome::Rejected));
    assert_eq!(platform.hears_at("/api/v2/users", 400, &[], oauth), only(Outcome::Rejected));
    let legacy =
        [("inin-ratelimit-count", "1"), ("inin-ratelimit-allowed", "180"), ("inin-ratelimit-reset", "61")];
    assert_eq!(platform.hears(200, &legacy, ""), accepted([resets(61_000, limit(Credential, 180, 179))]));
    assert_eq!(platform.hears(200, &[], ""), accepted([]));
}

#[test]
fn github() {
    let platform = Platform::named("github");
    let head = [
        ("x-ratelimit-limit", "5000"),
        ("x-ratelimit-remaining", "4987"),
        ("x-ratelimit-used", "13"),
        ("x-ratelimit-reset", "1782907260"),
        ("x-ratelimit-resource", "core"),
    ];
    let published = [resets(61_000, limit(Credential, 5_000, 4_987))];
    assert_eq!(platform.hears(200, &head, "[]"), accepted(published));
    let spent = [head[0], ("x-ratelimit-remaining", "0"), head[3]];
    let heard = platform.hears(403, &spent, r#"{"message":"API rate limit exceeded"}"#);
    let published = vec![resets(61_000, limit(Credential, 5_000, 0))];
    assert_eq!(heard, Heard { published, ..refused(None, Some(61_000)) });
    let secondary = r#"{"message":"You have exceeded a Secondary Rate Limit."}"#;
    assert_eq!(platform.hears(403, &[], secondary), refused(None, Some(60_000)));
    assert_eq!(platform.hears(403, &[("retry-after", "7")], "{}"), refused(None, Some(7_000)));
    assert_eq!(platform.hears(403, &[], r#"{"message":"Forbidden"}"#), only(Outcome::Rejected));
}

#[test]
fn shopify() {
    let platform = Platform::named("shopify");
    let rest = platform.hears(200, &[("x-shopify-shop-api-call-limit", "32/40")], "{}");
    assert_eq!(rest, accepted([limit(Credential, 40, 8)]));
    assert_eq!(platform.hears(429, &[("retry-after", "2.0")], ""), refused(None, Some(2_000)));
    let throttled = r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],
        "extensions":{"cost":{"requestedQueryCost":202,"actualQueryCost":null,
        "throttleStatus":{"maximumAvailable":1000.0,"currentlyAvailable":118,"restoreRate":50.0}}}}"#;
    assert_eq!(platform.hears(200, &[], throttled), refused(None, None));
    let done = r#"{"data":{"shop":{"name":"THROTTLED"}},"extensions":{"cost":{"actualQueryCost":46}}}"#;
    assert_eq!(platform.hears(200, &[], done), Heard { cost: Some(46), ..accepted([]) });
}

#[test]
fn hubspot() {
    let platform = Platform::named("hubspot");
    let head = [
        ("x-hubspot-ratelimit-daily", "250000"),
        ("x-hubspot-ratelimit-daily-remaining", "249000"),
        ("x-hubspot-ratelimit-interval-milliseconds", "10000"),
        ("x-hubspot-ratelimit-max", "100"),
        ("x-hubspot-ratelimit-remaining", "98"),
    ];
    let published = [per(10, limit(Credential, 100, 98)), per(86_400, limit(Tenant, 250_000, 249_000))];
    assert_eq!(platform.hears(200, &head, "{}"), accepted(published));
    let body =
        |policy: &str| format!(r#"{{"status":"error","errorType":"RATE_LIMIT","policyName":"{policy}"}}"#);
    assert_eq!(platform.hears(429, &[], &body("DAILY")), refused(Some(Tenant), None));
    let rolling = platform.hears(429, &[], &body("TEN_SECONDLY_ROLLING"));
    assert_eq!(rolling, refused(Some(Credential), None));
}

#[test]
fn zendesk() {
    let platform = Platform::named("zendesk");
    let head = [
        ("x-rate-limit", "700"),
        ("x-rate-limit-remaining", "699"),
        ("ratelimit-limit", "700"),
        ("ratelimit-remaining", "699"),
        ("ratelimit-reset", "41"),
        ("zendesk-ratelimit-tickets-index", "total=100; remaining=99; resets=41"),
    ];
    let account = per(60, limit(None, 700, 699));
    let index = resets(41_000, limit(Endpoint, 100, 99));
    assert_eq!(platform.hears(200, &head, "{}"), accepted([resets(41_000, account), account, index]));
    let edge = platform.hears(429, &[("retry-after", "30")], "<html>too many requests</html>");
    assert_eq!(edge, refused(None, Some(30_000)));
}

#[test]
fn salesforce() {
    let platform = Platform::named("salesforce");
    let published = vec![per(86_400, limit(Tenant, 5_000, 4_982))];
    let head = [("sforce-limit-info", "api-usage=18/5000")];
    assert_eq!(platform.hears(200, &head, ""), accepted(published));
    let body = r#"[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]"#;
    assert_eq!(platform.hears(403, &[], body), refused(None, None));
    let forbidden = r#"[{"message":"no access","errorCode":"INSUFFICIENT_ACCESS"}]"#;
    assert_eq!(platform.hears(403, &[], forbidden), only(Outcome::Rejected));
}

#[test]
fn slack() {
    let platform = Platform::named("slack");
    let heard = platform.hears(429, &[("retry-after", "30")], r#"{"ok":false,"error":"ratelimited"}"#);
    assert_eq!(heard, refused(None, Some(30_000)));
}

#[test]
fn discord() {
    let platform = Platform::named("discord");
    let head = [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "1782907201.25"),
        ("x-ratelimit-reset-after", "1.25"),
        ("x-ratelimit-bucket", "abcd1234"),
    ];
    let bucket = vec![resets(1_250, limit(Endpoint, 5, 0))];
    assert_eq!(platform.hears(200, &head, "{}"), accepted(bucket.clone()));
    let body = r#"{"message":"You are being rate limited.","retry_after":0.672,"global":false}"#;
    let user = [head[0], head[1], head[3], ("x-ratelimit-scope", "user"), ("retry-after", "2")];
    let heard = platform.hears(429, &user, body);
    assert_eq!(heard, Heard { published: bucket, ..refused(Some(Endpoint), Some(2_000)) });
    let global =
        platform.hears(429, &[("x-ratelimit-scope", "global"), ("x-ratelimit-global", "true")], body);
    assert_eq!(global, refused(Some(Credential), Some(672)));
    let shared = platform.hears(429, &[("x-ratelimit-scope", "shared"), ("retry-after", "1")], "");
    assert_eq!(shared, refused(Some(Endpoint), Some(1_000)));
}

#[test]
fn stripe() {
    let platform = Platform::named("stripe");
    let named = |reason: &'static str| platform.hears(429, &[("stripe-rate-limited-reason", reason)], "{}");
    assert_eq!(named("global-rate"), refused(Some(Credential), None));
    assert_eq!(named("global-concurrency"), refused(Some(Credential), None));
    assert_eq!(named("endpoint-rate"), refused(Some(Endpoint), None));
    assert_eq!(named("endpoint-concurrency"), refused(Some(Endpoint), None));
    assert_eq!(named("resource-specific"), refused(Some(Endpoint), None));
    let locked = platform.hears(429, &[], r#"{"error":{"code":"lock_timeout"}}"#);
    assert_eq!(locked, refused(None, None));
}

#[test]
fn nginx() {
    let platform = Platform::named("nginx");
    let page = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
    assert_eq!(platform.hears(503, &[], page), refused(None, None), "it passed nothing on");
    assert_eq!(platform.hears(200, &[], "{}"), accepted([]));
}

#[test]
fn express_rate_limit() {
    let platform = Platform::named("express-rate-limit");
    let head =
        [("x-ratelimit-limit", "120"), ("x-ratelimit-remaining", "7"), ("x-ratelimit-reset", "1782907230")];
    let published = platform.hears(200, &head, "{}").published;
    assert_eq!(published, vec![resets(31_000, limit(Credential, 120, 7))]);
}

#[test]
fn okta() {
    let platform = Platform::named("okta");
    let head = |limit, remaining| {
        let reset = ("x-rate-limit-reset", "1782907230");
        [("x-rate-limit-limit", limit), ("x-rate-limit-remaining", remaining), reset]
    };
    let published = |left| vec![per(60, resets(31_000, limit(Endpoint, 600, left)))];
    assert_eq!(platform.hears(200, &head("600", "599"), "{}"), accepted(published(599)));
    let body = r#"{"errorCode":"E0000047","errorSummary":"API call exceeded rate limit"}"#;
    let spent = platform.hears(429, &head("600", "0"), body);
    assert_eq!(spent, Heard { published: published(0), ..refused(Some(Endpoint), Some(31_000)) });
    let at_once = platform.hears(429, &head("0", "0"), body);
    assert_eq!(at_once, refused(Some(Tenant), None), "its reset is an estimate");
}

#[test]
fn microsoft_graph() {
    let platform = Platform::named("microsoft-graph");
    let body = r#"{"error":{"code":"TooManyRequests"}}"#;
    assert_eq!(platform.hears(429, &[("retry-after", "10")], body), refused(None, Some(10_000)));
    assert_eq!(platform.hears(429, &[], body), refused(None, None));
    let batch = r#"{"responses":[{"id":"1","status":429}]}"#;
    assert_eq!(platform.hears(200, &[], batch), accepted([]), "the items tell");
}

#[test]
fn openai() {
    let platform = Platform::named("openai");
    let head = [
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "59"),
        ("x-ratelimit-reset-requests", "1s"),
        ("x-ratelimit-limit-tokens", "150000"),
        ("x-ratelimit-remaining-tokens", "149984"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ];
    let tokens = in_cost(resets(360_000, limit(Credential, 150_000, 149_984)));
    let published = [resets(1_000, limit(Credential, 60, 59)), tokens];
    assert_eq!(platform.hears(200, &head, "{}"), accepted(published));
    assert_eq!(platform.hears(429, &[("retry-after-ms", "1250")], "{}"), refused(None, Some(1_250)));
    let spent = [head[0], ("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "250ms")];
    assert_eq!(platform.hears(429, &spent, "{}").wait, Some(250));
}

#[test]
fn anthropic() {
    let platform = Platform::named("anthropic");
    let head = [
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "49"),
        ("anthropic-ratelimit-requests-reset", "2026-07-01T12:00:02Z"),
        ("anthropic-ratelimit-input-tokens-limit", "40000"),
        ("anthropic-ratelimit-input-tokens-remaining", "39000"),
        ("anthropic-ratelimit-input-tokens-reset", "2026-07-01T12:00:01.500Z"),
    ];
    let tokens = in_cost(resets(1_500, limit(Credential, 40_000, 39_000)));
    assert_eq!(
        platform.hears(200, &head, "{}"),
        accepted([resets(3_000, limit(Credential, 50, 49)), tokens])
    );
    assert_eq!(platform.hears(429, &[("retry-after", "12")], "{}"), refused(None, Some(12_000)));
    let overloaded = platform.hears(529, &[], r#"{"error":{"type":"overloaded_error"}}"#);
    assert_eq!(overloaded, only(Outcome::Overloaded));
}

#[test]
fn atlassian() {
    let platform = Platform::named("atlassian");
    let head = [
        ("x-ratelimit-limit", "350"),
        ("x-ratelimit-remaining", "348"),
        ("x-ratelimit-reset", "2026-07-01T12:05Z"),
        ("x-ratelimit-nearlimit", "false"),
    ];
    assert_eq!(platform.hears(200, &head, "{}"), accepted([resets(301_000, limit(None, 350, 348))]));
    let named = |reason| platform.hears(429, &[("retry-after", "5"), ("ratelimit-reason", reason)], "");
    assert_eq!(named("jira-quota-tenant-based"), refused(Some(Credential), Some(5_000)));
    assert_eq!(named("jira-burst-based"), refused(Some(Endpoint), Some(5_000)));
    assert_eq!(named("jira-per-issue-on-write"), refused(Some(Endpoint), Some(5_000)));
    assert_eq!(named("something-new"), refused(None, Some(5_000)));
}

#[test]
fn servicenow() {
    let platform = Platform::named("servicenow");
    let head =
        [("x-ratelimit-limit", "1000"), ("x-ratelimit-reset", "1782910800"), ("x-ratelimit-rule", "hourly")];
    let mut published = per(3_600, resets(3_601_000, limit(Credential, 1_000, 0)));
    published.remaining = None;
    assert_eq!(platform.hears(200, &head, "{}"), accepted([published]));
    let refusal = platform.hears(429, &head, "{}");
    assert_eq!(refusal, Heard { published: vec![published], ..refused(None, Some(3_601_000)) });
}

#[test]
fn cloudflare() {
    let platform = Platform::named("cloudflare");
    let fields = [("ratelimit", "\"default\";r=50;t=30"), ("ratelimit-policy", "\"burst\";q=100;w=60")];
    assert_eq!(platform.hears(200, &fields, "{}").outcome, Outcome::Accepted);
    assert_eq!(platform.hears(429, &[("retry-after", "27")], "{}"), refused(None, Some(27_000)));
}
