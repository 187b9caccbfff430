//! A tower layer that paces whatever client it wraps, for programs that have one already.
//!
//! [`PacedLayer`] goes around any `Service<http::Request<B>, Response = http::Response<T>>`. Each call waits in the
//! [`Pacer`] for its permit, each reply teaches it, and a refusal with `Retry-After` closes the gate for every
//! clone of every service on that pacer. A refused call is waited out and sent again; its caller sees the reply that counts.
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::Full;
//! use paceline::layer::{CallEnd, PacedLayer};
//! use paceline::{Bytes, Config, Pacer, ScopeKind, ScopeSet};
//! use tower::{ServiceBuilder, ServiceExt as _, service_fn};
//! # use std::sync::atomic::{AtomicBool, Ordering};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # static REFUSES: AtomicBool = AtomicBool::new(true);
//! // In the place of a real client: hyper's, or whatever you stack on it.
//! let client = service_fn(|_request: http::Request<Full<Bytes>>| async {
//!     let reply = http::Response::builder();
//!     # let reply = if REFUSES.swap(false, Ordering::Relaxed) { reply.status(429).header("retry-after", "30") } else { reply };
//!     Ok::<_, Infallible>(reply.body(Full::<Bytes>::default()).expect("a reply of parts that are valid"))
//! });
//!
//! let pacer = Pacer::start(Config::default());
//! let scope = pacer.scope(ScopeKind::Credential, "default").await?;
//! let paced = ServiceBuilder::new().layer(PacedLayer::new(pacer, ScopeSet::one(scope))).service(client);
//!
//! let request = http::Request::put("http://localhost/records/1").body(Full::from("{}"))?;
//! // The platform refuses with "Retry-After: 30" first; nobody here has to know.
//! let response = paced.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.extensions().get(), Some(&CallEnd { attempts: 2, given_up: None }));
//! # Ok(())
//! # }
//! ```
//!
//! # What a call promises
//! - It ends once. Where its last attempt was answered, the reply is delivered, whatever its status, with a [`CallEnd`]
//!   among its extensions; where not, its end is an [`Error`].
//! - What happens after a reply or a failure is the machine's verdict, as with [`Client`](crate::Client). There is one retry
//!   loop: put no other one above or below.
//! - Every attempt sends the same request ([`Replay`]). A request that cannot be copied is sent once; its refusal still closes
//!   the gate, and is delivered as it is.
//! - An error of the service below counts as [lost](crate::Reply::Lost): it may have been applied, so it is repeated only
//!   where the call's [`OnUncertain`](crate::OnUncertain) says so; or as [never sent](crate::Reply::NotSent) where
//!   [`PacedLayer::never_sent`] recognises it.
//! - The call is in flight until the reply's body has ended or was dropped ([`PacedBody`]). A body that breaks off is its reader's to see:
//!   the machine has been told by then.
//! - Dropped at any step, a call gives back what it holds.
//! - A 401 closes the scope until [`Pacer::reopen`], and the call waits so long, or until its deadline. Where a profile's
//!   disguise gives 401 the meaning of a rejection, it is delivered at once.
//!
//! # Where it stands
//! Above what must happen anew for every attempt (credentials, signatures, a time-out per attempt) and below what happens
//! once per call. A time-out above it includes the wait for the permit; the call's deadline is the better way to bound that.

mod body;
mod course;
mod error;
mod replay;
mod service;
mod terms;

use std::error::Error as StdError;
use std::sync::Arc;

use http::request::Parts;
use paceline_core::{GiveUp, Profile, ScopeSet};
use tower_layer::Layer;

use crate::driver::{CallSpec, Pacer};

pub use body::PacedBody;
pub use error::Error;
pub use replay::{Cloned, Replay, SentOnce};
pub use service::{Paced, PacedFuture};
pub use terms::call_spec;

#[cfg(feature = "reqwest")]
pub(crate) use course::{Course, Failed, Outbound, Progress};
use terms::Terms;

/// Wraps services so that their calls are paced: see [the module](self).
#[derive(Clone, Debug)]
pub struct PacedLayer<R = Cloned> {
    terms: Terms,
    replay: R,
}

impl PacedLayer {
    /// Paces every request under `scopes`, as [`call_spec`] says. Requests are cloned for each attempt.
    #[must_use]
    pub fn new(pacer: Pacer, scopes: ScopeSet) -> Self {
        Self { terms: Terms::new(pacer, scopes), replay: Cloned }
    }
}

impl<R> PacedLayer<R> {
    /// Paces every request so. A request with a [`CallSpec`] among its extensions is paced as that says instead.
    #[must_use]
    pub fn spec(self, spec: CallSpec) -> Self {
        self.spec_of(move |_| spec)
    }

    /// Paces each request as `spec_of` says of it: its scopes, its client, its cost, its deadline. A request with a
    /// [`CallSpec`] among its extensions is paced as that says instead.
    #[must_use]
    pub fn spec_of(mut self, spec_of: impl Fn(&Parts) -> CallSpec + Send + Sync + 'static) -> Self {
        self.terms.spec_of = Arc::new(spec_of);
        self
    }

    /// The habits of the platform that is called; those of any platform by default. Where only a body tells what
    /// a reply means, up to its first 64 KiB are read before the reply is delivered.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<Arc<Profile>>) -> Self {
        self.terms.profile = profile.into();
        self
    }

    /// Which errors of the service below prove that no byte of the request was written. None by default: a wrong yes
    /// sends a call twice.
    #[must_use]
    pub fn never_sent(
        mut self,
        never_sent: impl Fn(&(dyn StdError + 'static)) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.terms.never_sent = Arc::new(never_sent);
        self
    }

    /// Copies requests so, instead of cloning them.
    #[must_use]
    pub fn replay<T>(self, replay: T) -> PacedLayer<T> {
        PacedLayer { terms: self.terms, replay }
    }
}

impl<S, R: Clone> Layer<S> for PacedLayer<R> {
    type Service = Paced<S, R>;

    fn layer(&self, inner: S) -> Paced<S, R> {
        Paced::new(inner, Arc::new(self.terms.clone()), self.replay.clone())
    }
}

/// How the call of a delivered reply has ended; among the reply's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallEnd {
    /// How many attempts were made.
    pub attempts: u32,
    /// Why it was given up; `None`: the platform accepted it. [`GiveUp::Cancelled`]: it should have been sent again,
    /// and its request could not be copied.
    pub given_up: Option<GiveUp>,
}
