//! From settings to a plan.

use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderName;
use paceline_core::{BatchLimits, OnUncertain};

use super::flags::SyncArgs;
use super::{CommandError, limiting};
use crate::origin::Origin;
use crate::records::{Location, SourceSpec};
use crate::settings::{IdempotencyKey, Loaded, Settings};
use crate::sync::{BatchPlan, JournalPlan, RetryPlan, StartError, SyncPlan};
use crate::template::{BatchTemplate, RequestSpec, RequestTemplate, TargetUrl};

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
    // Nor is a rehearsal told anything of the limit.
    let hints = if args.scene().is_none() { &*settings.profile.quotas } else { &[] };
    let (limits, other_limits) = limiting::limits(settings, &request, hints)?;
    Ok(SyncPlan {
        journal: journal(args, settings, place, &source)?,
        source,
        key: settings.records.key.clone(),
        order_by: settings.records.order_by.clone(),
        batch: is_batch.then(|| batch(settings)),
        credential: auth
            .map(|auth| auth.read().map(|credential| credential.called(settings.auth_name.clone())))
            .transpose()?,
        timeouts: settings.target.timeouts,
        profile: Arc::new(settings.profile.clone()),
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
    let path = asked.as_ref().map_or(default_path, |spec| spec.url.path_and_query());
    let url: TargetUrl =
        format!("{root}{path}").parse().expect("a loopback root and a path of a URL are a URL");
    let spec = asked.unwrap_or_else(|| loaded.request_to(url.clone(), Origin::Flag("--rehearse")));
    Ok(RequestSpec { url, ..spec })
}

/// Refuses a request that cannot be made, also where nothing is sent; without a URL, the rest of it.
pub(super) fn check_request(loaded: &Loaded) -> Result<(), CommandError> {
    let nowhere = || "http://127.0.0.1/".parse().expect("a constant that is a URL");
    let spec = loaded.request().unwrap_or_else(|| loaded.request_to(nowhere(), Origin::Default));
    let is_batch = loaded.settings.batch.count.get() > 1;
    let checked = if is_batch {
        BatchTemplate::compile(&spec).map(drop)
    } else {
        RequestTemplate::compile(&spec).map(drop)
    };
    Ok(checked.map_err(StartError::from)?)
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

/// Bytes of a batch where nothing is configured: below the 512,000 that a large platform documents.
const BATCH_BYTES: usize = 500_000;
/// Headers by which a platform's support finds a call again, and those that tell of limits.
/// Where a redirect points says what is wrong with the URL.
const KEPT_HEADERS: [&str; 6] =
    ["x-request-id", "x-correlation-id", "inin-correlation-id", "retry-after", "content-type", "location"];
