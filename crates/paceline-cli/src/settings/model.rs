//! The settings, resolved.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Method};
use paceline::client::Timeouts;
use paceline_core::{OnUncertain, Profile};

use super::auth::Auth;
use super::limit::ScopeLimit;
use super::pointer::JsonPointer;
use super::proxy::ProxySettings;
use super::traces::TracesSettings;
use crate::records::Format;
use crate::template::TargetUrl;
use crate::units::{Percent, Rate, Size};

/// All settings. What has a default is there; what has none is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// Where calls go, and what they are.
    pub target: TargetSettings,
    /// The platform's habits: what [`TargetSettings::profile`] names, with `[profile]` laid over it.
    pub profile: Profile,
    /// How calls prove who they are.
    pub auth: Option<Auth>,
    /// What the credential is called, so that its limits are found again when its secret is another.
    pub auth_name: Option<String>,
    /// How the source is read.
    pub records: RecordsSettings,
    /// How records share a call.
    pub batch: BatchSettings,
    /// The platform's limits, as far as they are known, in the order of their scopes.
    pub limits: Vec<ScopeLimit>,
    /// What happens when an attempt fails.
    pub retry: RetrySettings,
    /// Where progress is kept.
    pub journal: JournalSettings,
    /// How hard to push.
    pub run: RunSettings,
    /// What the proxy does.
    pub proxy: ProxySettings,
    /// Where spans of calls go.
    pub traces: TracesSettings,
}

/// `[target]`.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetSettings {
    /// The URL; its path and query may be a template.
    pub url: Option<TargetUrl>,
    /// The method.
    pub method: Method,
    /// Headers and their templates, in order.
    pub headers: Vec<(String, String)>,
    /// The template of the body for one record.
    pub body: Option<String>,
    /// What one call costs, or its template.
    pub cost: Option<String>,
    /// The name of the platform's profile, or the path of one.
    pub profile: Option<String>,
    /// How long an attempt may take.
    pub timeouts: Timeouts,
}

impl Default for TargetSettings {
    fn default() -> Self {
        Self {
            url: None,
            method: Method::POST,
            headers: Vec::new(),
            body: None,
            cost: None,
            profile: None,
            timeouts: Timeouts::default(),
        }
    }
}

/// `[records]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordsSettings {
    /// The format, where neither name nor first bytes should tell.
    pub format: Option<Format>,
    /// The field that identifies a record.
    pub key: Option<String>,
    /// The field whose equal values are sent in source order, one at a time.
    pub order_by: Option<String>,
}

/// `[batch]`.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchSettings {
    /// The most records of one call; 1 is no batching.
    pub count: NonZeroUsize,
    /// The most bytes of one call's body.
    pub bytes: Option<Size>,
    /// The longest that a record waits for others.
    pub linger: Duration,
    /// The template of the body for a batch.
    pub body: Option<String>,
    /// Where the reply lists the results of the items.
    pub items: Option<JsonPointer>,
    /// Where an item's result names its key.
    pub item_key: Option<JsonPointer>,
    /// Where an item's result says that it may be tried again.
    pub item_retryable: Option<JsonPointer>,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            count: NonZeroUsize::MIN,
            bytes: None,
            linger: LINGER,
            body: None,
            items: None,
            item_key: None,
            item_retryable: None,
        }
    }
}

/// `[retry]`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrySettings {
    /// The longest wait that is sat out; a longer one suspends the run.
    pub max_wait: Duration,
    /// How often a call may fail while others pass, or an item of a batch be asked again, before it is given up.
    pub max_attempts: NonZeroU32,
    /// What to do with a call that may have been applied; `None` lets method and key decide.
    pub on_uncertain: Option<OnUncertain>,
    /// Whether calls carry an idempotency key.
    pub idempotency_key: IdempotencyKey,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_wait: MAX_WAIT,
            max_attempts: MAX_ATTEMPTS,
            on_uncertain: None,
            idempotency_key: IdempotencyKey::Off,
        }
    }
}

/// Whether calls carry a key by which the platform knows a repeated one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IdempotencyKey {
    /// They do not.
    #[default]
    Off,
    /// They do, in this header.
    Header(HeaderName),
}

impl IdempotencyKey {
    /// The header of the IETF draft (draft-ietf-httpapi-idempotency-key-header).
    pub const USUAL_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
}

/// `[journal]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalSettings {
    /// Where the journal is; beside the source by default.
    pub path: Option<PathBuf>,
}

/// `[run]`: a user's ceilings, which nothing that is learned exceeds.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSettings {
    /// The most calls in flight.
    pub workers: NonZeroUsize,
    /// The most calls in a time, whatever the platform allows.
    pub max_rate: Option<Rate>,
    /// The most calls in flight, whatever the platform allows.
    pub max_in_flight: Option<NonZeroUsize>,
    /// The share of every limit that is left to others.
    pub reserve: Option<Percent>,
    /// The share of dead letters at which the run is wrong rather than the records.
    pub max_dead: Percent,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            workers: WORKERS,
            max_rate: None,
            max_in_flight: None,
            reserve: None,
            max_dead: Percent::new(5),
        }
    }
}

/// Long enough to fill a batch from a stream, short enough that nobody notices.
const LINGER: Duration = Duration::from_millis(200);

/// The common windows of platforms are a minute; three of them are waited out.
const MAX_WAIT: Duration = Duration::from_secs(180);

/// With the backoff's doubling this outlasts a restart of the platform.
const MAX_ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).expect("ten is not zero");

/// Fills 120 calls/s at half a second of latency, and bothers no platform.
const WORKERS: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");
