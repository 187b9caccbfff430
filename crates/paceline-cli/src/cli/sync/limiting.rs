//! Which of the configured limits hold for a run, and what is known of them.

use paceline_core::headers::QuotaUnit;
use paceline_core::profile::KnownQuota;
use paceline_core::{Limits, Rate, ScopeKind};

use crate::settings::{ScopeLimit, Settings};
use crate::sync::{ScopeLimits, SyncPlan};
use crate::template::RequestSpec;

/// Two limits of which a run can fall under one only.
#[derive(Debug, thiserror::Error)]
#[error(
    "[{first}] and [{second}] cannot both hold for this run: {reason}. Leave one of them out, or keep it in a \
     configuration of its own"
)]
pub(super) struct TwoLimits {
    first: String,
    second: String,
    reason: &'static str,
}

/// The limits that these calls fall under: the credential's, and of each other kind at most one. Where nothing is configured of
/// the credential's rate, learning starts from `hints`.
pub(super) fn limits(
    settings: &Settings,
    request: &RequestSpec,
    hints: &[KnownQuota],
) -> Result<(Limits, Vec<ScopeLimits>), TwoLimits> {
    let mut credential = Limits::default();
    let mut others: Vec<&ScopeLimit> = Vec::new();
    for limit in settings.limits.iter().filter(|limit| applies(limit, request)) {
        if limit.kind == ScopeKind::Credential {
            credential = limit.known_limits(&settings.run);
            continue;
        }
        if let Some(first) = others.iter().find(|known| known.kind == limit.kind) {
            let reason = one_of_a_kind(limit.kind);
            return Err(TwoLimits { first: first.heading(), second: limit.heading(), reason });
        }
        others.push(limit);
    }
    let others = others.into_iter().map(|limit| ScopeLimits {
        kind: limit.kind,
        name: limit.name.clone().unwrap_or_else(|| request.url.host().to_owned()),
        limits: limit.known_limits(&settings.run),
    });
    if credential.known.is_none() && credential.start.is_none() {
        credential.start = hinted(hints);
    }
    Ok((settings.run.with_ceilings(credential), others.collect()))
}

/// What is configured and holds no call of this run back; for people.
pub(super) fn idle<'a>(settings: &'a Settings, plan: &'a SyncPlan) -> impl Iterator<Item = String> + 'a {
    let request = &plan.request;
    let idle = settings.limits.iter().filter(|limit| !applies(limit, request));
    idle.map(|limit| {
        let (heading, called) = (limit.heading(), endpoint(request));
        let meant = literal(&called);
        format!(
            "[{heading}] applies to nothing: this run calls {called}, which is [limits.endpoint.\"{meant}\"]"
        )
    })
}

/// An endpoint is named by the whole path of the URL, or by what of it comes before the first value of a record.
fn applies(limit: &ScopeLimit, request: &RequestSpec) -> bool {
    let Some(name) = limit.name.as_deref().filter(|_| limit.kind == ScopeKind::Endpoint) else { return true };
    let endpoint = endpoint(request);
    name == endpoint || without_slash(name) == literal(&endpoint)
}

/// What of an endpoint comes before the first value of a record.
fn literal(endpoint: &str) -> &str {
    without_slash(endpoint.split('{').next().unwrap_or(endpoint))
}

fn without_slash(endpoint: &str) -> &str {
    endpoint.strip_suffix('/').filter(|rest| !rest.ends_with(' ')).unwrap_or(endpoint)
}

/// Method and path; the query may hold a secret, and names no endpoint.
fn endpoint(request: &RequestSpec) -> String {
    let path = request.url.path_and_query();
    format!("{} {}", request.method, path.split('?').next().unwrap_or(path))
}

const fn one_of_a_kind(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::Integration => "one run is one integration",
        ScopeKind::Endpoint => "all of its calls go to one endpoint",
        ScopeKind::Tenant | ScopeKind::Credential => "it has one of this kind",
    }
}

/// The slowest rate of requests that the credential is said to have.
fn hinted(hints: &[KnownQuota]) -> Option<Rate> {
    let is_meant =
        |hint: &&KnownQuota| hint.scope == ScopeKind::Credential && hint.unit == QuotaUnit::Requests;
    let rates = hints.iter().filter(is_meant).filter_map(|hint| Rate::per(hint.count.get(), hint.period?));
    rates.min_by(|a, b| a.as_per_second().total_cmp(&b.as_per_second()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::Origin;
    use crate::settings::{ConfigFile, Layers};

    fn settings(text: &str) -> Settings {
        Layers::new()
            .with_file(&ConfigFile::from_text("paceline.toml", text))
            .resolve()
            .expect("settings")
            .settings
    }

    fn request(url: &str) -> RequestSpec {
        let url = url.parse().expect("a URL");
        RequestSpec { method: http::Method::PUT, ..RequestSpec::post(url, Origin::Flag("--to")) }
    }

    fn names(text: &str, url: &str) -> Vec<String> {
        let (_, others) = limits(&settings(text), &request(url), &[]).expect("no two of a kind");
        others.into_iter().map(|limit| limit.name).collect()
    }

    #[test]
    fn an_endpoint_is_the_path_before_the_first_value_or_the_whole_of_it() {
        let limit = |name: &str| format!("[limits.endpoint.\"{name}\"]\nrate = \"20/s\"\n");
        let url = "https://h/v1/airports/{{ iata }}?token=x";
        for name in ["PUT /v1/airports", "PUT /v1/airports/", "PUT /v1/airports/{{ iata }}"] {
            assert_eq!(names(&limit(name), url), [name]);
        }
        for name in ["POST /v1/airports", "PUT /v1", "PUT /v1/airports/x", "PUT /v1/airport"] {
            assert_eq!(names(&limit(name), url), Vec::<String>::new(), "{name}");
        }
        assert_eq!(names(&limit("PUT /"), "https://h/{{ id }}"), ["PUT /"]);
    }

    #[test]
    fn of_two_limits_of_a_kind_no_run_takes_one_in_silence() {
        let integrations = "limits.integration.crm.in_flight = 5\nlimits.integration.erp.in_flight = 9\n";
        let error =
            limits(&settings(integrations), &request("https://h/"), &[]).expect_err("two").to_string();
        assert!(error.contains("[limits.integration.crm] and [limits.integration.erp]"), "{error}");
        assert!(error.contains("one run is one integration"), "{error}");
    }

    #[test]
    fn learning_starts_from_what_is_known_of_the_platform_unless_more_is_configured() {
        let hints = crate::profile::named("github").expect("shipped").quotas;
        let start = |text: &str, hints: &[KnownQuota]| {
            let (limits, _) = limits(&settings(text), &request("https://h/"), hints).expect("limits");
            (limits.start, limits.known.is_some())
        };
        let hourly = Rate::per(5_000, std::time::Duration::from_secs(3_600));
        assert_eq!(start("", &hints), (hourly, false));
        assert_eq!(start("", &[]), (None, false));
        assert_eq!(start("limits.credential.in_flight = 3", &hints), (hourly, false));
        assert_eq!(start("limits.credential.rate = \"9/s\"", &hints), (None, true));
        let own = start("[limits.credential]\nrate = \"9/s\"\nknown = false", &hints);
        assert_eq!(own, (Rate::per_second(9.0), false));
    }
}
