//! From settings to a plan.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use http::{HeaderName, Method};
use paceline_core::{BatchLimits, KnownRate, Limits, OnUncertain, Rate, Reserve, ScopeKind};

use super::CommandError;
use super::flags::SyncArgs;
use crate::origin::Origin;
use crate::records::{Location, SourceSpec};
use crate::settings::{IdempotencyKey, Loaded, ScopeLimit, Settings};
use crate::sync::{BatchPlan, JournalPlan, RetryPlan, ScopeLimits, StartError, SyncPlan};
use crate::template::{RequestSpec, TargetUrl};
use crate::units::{self, Percent};

/// Where a rehearsal takes place.
pub(super) struct Place {
    /// The stand-in's root.
    pub(super) rehearsal: Option<String>,
    /// The rehearsal's journal.
    pub(super) scratch: Option<PathBuf>,
}

/// Resolves everything that a run needs to know.
pub(super) fn plan(args: &SyncArgs, loaded: &Loaded, place: &Place) -> Result<SyncPlan, CommandError> {
    let settings = &loaded.settings;
    let source = SourceSpec::named(&args.records).with_format(settings.records.format);
    let is_batch = settings.batch.count.get() > 1;
    let request = request(args, loaded, place, is_batch)?;
    // A rehearsal needs no secret, so it is not told one.
    let auth = settings.auth.as_ref().filter(|_| args.scene().is_none() && !args.dry_run);
    let (limits, other_limits) = limits(settings, &request);
    Ok(SyncPlan {
        journal: journal(args, settings, place, &source)?,
        source,
        key: settings.records.key.clone(),
        order_by: settings.records.order_by.clone(),
        batch: is_batch.then(|| batch(settings)),
        credential: auth.map(crate::settings::Auth::read).transpose()?,
        timeouts: settings.target.timeouts,
        workers: settings.run.workers,
        limits,
        other_limits,
        retry: retry(settings),
        max_dead: settings.run.max_dead.fraction(),
        keep_headers: KEPT_HEADERS.map(HeaderName::from_static).to_vec(),
        request,
    })
}

fn request(
    args: &SyncArgs,
    loaded: &Loaded,
    place: &Place,
    is_batch: bool,
) -> Result<RequestSpec, CommandError> {
    let asked = loaded.request();
    if args.scene().is_none() {
        return asked.ok_or(CommandError::NoTarget);
    }
    // The path of a template is rehearsed too; its host is replaced by the stand-in's.
    let root = place.rehearsal.as_deref().unwrap_or("http://127.0.0.1");
    let default_path = if is_batch { "/records/bulk" } else { "/records" };
    let path = asked.as_ref().map_or(default_path, |spec| path_of(&spec.url));
    let url: TargetUrl =
        format!("{root}{path}").parse().expect("a loopback root and a path of a URL are a URL");
    let spec = asked.unwrap_or_else(|| RequestSpec::post(url.clone(), Origin::Flag("--rehearse")));
    Ok(RequestSpec { url, ..spec })
}

/// What follows the host.
fn path_of(url: &TargetUrl) -> &str {
    let text = url.as_str();
    let after_scheme = text.find("://").map_or(0, |at| at + 3);
    text[after_scheme..].find(['/', '?']).map_or("/", |at| &text[after_scheme + at..])
}

fn journal(
    args: &SyncArgs,
    settings: &Settings,
    place: &Place,
    source: &SourceSpec,
) -> Result<JournalPlan, CommandError> {
    let path = match (&settings.journal.path, &place.scratch, &source.location) {
        (Some(path), None, _) => path.clone(),
        (_, Some(scratch), _) => scratch.clone(),
        (None, None, Location::Stdin) => return Err(StartError::PipeWithoutJournal.into()),
        (None, None, Location::File(path)) => {
            let mut name = path.clone().into_os_string();
            name.push(".journal");
            name.into()
        }
    };
    Ok(JournalPlan { path, start_over: args.start_over })
}

fn batch(settings: &Settings) -> BatchPlan {
    let batch = &settings.batch;
    let pointer = |text: &str| text.parse().expect("a constant that is a JSON pointer");
    BatchPlan {
        limits: BatchLimits {
            count: batch.count,
            bytes: batch.bytes.map_or(BATCH_BYTES, |size| usize::try_from(size.0).unwrap_or(usize::MAX)),
            linger: batch.linger,
        },
        items: batch.items.clone(),
        item_key: batch.item_key.clone().unwrap_or_else(|| pointer("/id")),
        item_retryable: batch.item_retryable.clone().unwrap_or_else(|| pointer("/retryable")),
        key_field: Some(settings.records.key.clone().unwrap_or_else(|| "id".to_owned())),
    }
}

fn retry(settings: &Settings) -> RetryPlan {
    let retry = &settings.retry;
    RetryPlan {
        max_wait: retry.max_wait,
        max_attempts: retry.max_attempts,
        repeat: retry.on_uncertain.map(|choice| choice == OnUncertain::Retry),
        idempotency_header: match &retry.idempotency_key {
            IdempotencyKey::Off => None,
            IdempotencyKey::Header(name) => Some(name.clone()),
        },
    }
}

/// The limits that these calls fall under: the credential's, and of each other kind at most one.
fn limits(settings: &Settings, request: &RequestSpec) -> (Limits, Vec<ScopeLimits>) {
    let mut credential = Limits::default();
    let mut others: Vec<ScopeLimits> = Vec::new();
    for limit in settings.limits.iter().filter(|limit| applies(limit, request)) {
        let limits = known_limits(limit, settings);
        if limit.kind == ScopeKind::Credential {
            credential = limits;
        } else if others.iter().all(|known| known.kind != limit.kind) {
            // Of several integrations a run is one: the first that is named.
            others.push(ScopeLimits { kind: limit.kind, name: scope_name(limit, request), limits });
        }
    }
    (with_ceilings(credential, settings), others)
}

fn applies(limit: &ScopeLimit, request: &RequestSpec) -> bool {
    let Some(name) = limit.name.as_deref().filter(|_| limit.kind == ScopeKind::Endpoint) else { return true };
    let path = path_of(&request.url);
    let path = path.split('?').next().unwrap_or(path);
    let method: &Method = &request.method;
    name == format!("{method} {path}")
}

fn scope_name(limit: &ScopeLimit, request: &RequestSpec) -> String {
    limit.name.clone().unwrap_or_else(|| request.url.host().to_owned())
}

fn known_limits(limit: &ScopeLimit, settings: &Settings) -> Limits {
    let rate = limit.rate.and_then(core_rate);
    let known = rate.filter(|_| limit.known).map(|rate| {
        let burst = limit.burst.unwrap_or(NonZeroU32::MIN);
        KnownRate { rate, burst }
    });
    Limits {
        known,
        start: rate.filter(|_| !limit.known),
        ceiling: None,
        in_flight: limit.in_flight,
        reserve: reserve(settings.run.reserve.or(limit.reserve)),
    }
}

/// What the user allows, whatever the platform would: on the credential, which every call has.
fn with_ceilings(limits: Limits, settings: &Settings) -> Limits {
    let run = &settings.run;
    let most = run.max_in_flight.and_then(|most: NonZeroUsize| NonZeroU32::try_from(most).ok());
    Limits {
        ceiling: run.max_rate.and_then(core_rate),
        in_flight: limits.in_flight.into_iter().chain(most).min(),
        reserve: run.reserve.map_or(limits.reserve, |share| reserve(Some(share))),
        ..limits
    }
}

fn reserve(share: Option<Percent>) -> Reserve {
    share.and_then(|share| Reserve::share(share.fraction())).unwrap_or_default()
}

fn core_rate(rate: units::Rate) -> Option<Rate> {
    Rate::per(rate.count.get(), rate.per)
}

/// Bytes of a batch where nothing is configured: below the 512,000 that a large platform documents.
const BATCH_BYTES: usize = 500_000;
/// Headers by which a platform's support finds a call again, and those that tell of limits.
/// Where a redirect points says what is wrong with the URL.
const KEPT_HEADERS: [&str; 6] =
    ["x-request-id", "x-correlation-id", "inin-correlation-id", "retry-after", "content-type", "location"];
