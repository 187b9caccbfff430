//! How the requests that pass a layer are paced.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use http::Method;
use http::request::Parts;
use paceline_core::{OnUncertain, Profile, ScopeSet};

use super::course::Failed;
use crate::driver::{CallSpec, Pacer};
use crate::http::BoxError;

/// How a request is paced, of those that go under `scopes`: of cost 1, without a deadline. An uncertain attempt
/// is repeated when the method is idempotent (RFC 9110 9.2.2), else the call is held.
#[must_use]
pub fn call_spec(method: &Method, scopes: ScopeSet) -> CallSpec {
    let on_uncertain = if method.is_idempotent() { OnUncertain::Retry } else { OnUncertain::Hold };
    CallSpec { on_uncertain, ..CallSpec::new(scopes) }
}

/// Tells of an error whether no byte of the request can have been written.
type NeverSent = dyn Fn(&(dyn StdError + 'static)) -> bool + Send + Sync;

/// What all calls of a layer have in common.
#[derive(Clone)]
pub(super) struct Terms {
    pub(super) pacer: Pacer,
    pub(super) profile: Arc<Profile>,
    pub(super) spec_of: Arc<dyn Fn(&Parts) -> CallSpec + Send + Sync>,
    pub(super) never_sent: Arc<NeverSent>,
}

impl Terms {
    pub(super) fn new(pacer: Pacer, scopes: ScopeSet) -> Self {
        Self {
            pacer,
            profile: Arc::default(),
            spec_of: Arc::new(move |parts| call_spec(&parts.method, scopes)),
            // Whatever failed may have been applied: nobody is doubled by a guess.
            never_sent: Arc::new(|_| false),
        }
    }

    /// How this request is paced; it may say so itself.
    pub(super) fn spec(&self, parts: &Parts) -> CallSpec {
        parts.extensions.get().copied().unwrap_or_else(|| (self.spec_of)(parts))
    }

    pub(super) fn failed(&self, error: BoxError) -> Failed {
        let was_never_sent = (self.never_sent)(&*error);
        Failed { error, was_never_sent }
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("pacer", &self.pacer)
            .field("profile", &self.profile.name)
            .finish_non_exhaustive()
    }
}
