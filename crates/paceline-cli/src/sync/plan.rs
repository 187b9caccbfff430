//! What a run is told: everything resolved, nothing to be asked later.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use paceline::client::Timeouts;
use paceline_core::{BatchLimits, Limits, Profile, ScopeKind};

use crate::records::SourceSpec;
use crate::settings::{Credential, JsonPointer};
use crate::template::RequestSpec;

/// A run of `paceline sync`.
#[derive(Clone, Debug)]
pub struct SyncPlan {
    /// Where the records come from.
    pub source: SourceSpec,
    /// The field that identifies a record; None: position and content do.
    pub key: Option<String>,
    /// At most one record of each value of this field is in flight, in the order of the source.
    pub order_by: Option<String>,
    /// What is sent for a record, or for a batch.
    pub request: RequestSpec,
    /// How records are sent together; None: one call for each.
    pub batch: Option<BatchPlan>,
    /// How long an attempt may take.
    pub timeouts: Timeouts,
    /// The platform's habits.
    pub profile: Arc<Profile>,
    /// Who sends.
    pub credential: Option<Credential>,
    /// The most calls that are under way, in flight or waiting for their turn.
    pub workers: NonZeroUsize,
    /// What is known of the credential's limits, under which every call falls.
    pub limits: Limits,
    /// What is known of other limits that these calls fall under; of each kind at most one.
    pub other_limits: Vec<ScopeLimits>,
    /// When to try again, and when not.
    pub retry: RetryPlan,
    /// The share of dead records, of those that a verdict was reached on, above which the run is at fault.
    pub max_dead: f64,
    /// Headers of a reply that are kept with a dead or doubtful record.
    pub keep_headers: Vec<HeaderName>,
    /// Where the journal is.
    pub journal: JournalPlan,
}

/// How records are sent together.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchPlan {
    /// When a batch is closed.
    pub limits: BatchLimits,
    /// JSON pointer (RFC 6901) to the array of per-item results in a reply; None: `/results`, and where there is none
    /// the reply's status speaks for all.
    pub items: Option<JsonPointer>,
    /// JSON pointer, inside an item's result, to the key that tells whose it is.
    pub item_key: JsonPointer,
    /// JSON pointer, inside an item's result, to whether it may be sent again.
    pub item_retryable: JsonPointer,
    /// The field of a record whose text an item's key repeats.
    pub key_field: Option<String>,
}

/// What is known of one limit.
#[derive(Clone, Debug, PartialEq)]
pub struct ScopeLimits {
    /// What it is attached to.
    pub kind: ScopeKind,
    /// Which of that kind.
    pub name: String,
    /// What is known.
    pub limits: Limits,
}

/// When to try again, and when not.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPlan {
    /// A longer wait suspends the run.
    pub max_wait: Duration,
    /// Attempts of a record that fails while others pass.
    pub max_attempts: NonZeroU32,
    /// Whether a record may be sent again when nobody knows whether it was applied; None: if its method
    /// is idempotent or an idempotency key goes with it.
    pub repeat: Option<bool>,
    /// The header that carries an idempotency key; None: none is sent.
    pub idempotency_header: Option<HeaderName>,
}

/// Where the journal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalPlan {
    /// Its file.
    pub path: PathBuf,
    /// Whether an old one is put aside.
    pub start_over: bool,
}

impl SyncPlan {
    /// Whether a call of this run may be sent again when nobody knows whether it was applied.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        let is_harmless = self.request.method.is_idempotent() || self.retry.idempotency_header.is_some();
        self.retry.repeat.unwrap_or(is_harmless)
    }

    /// Whether nothing but its idempotency key makes a call repeatable: then it is only under the same key.
    #[must_use]
    pub fn rests_on_key(&self) -> bool {
        let is_keyed = self.retry.idempotency_header.is_some();
        self.retry.repeat.is_none() && is_keyed && !self.request.method.is_idempotent()
    }
}
