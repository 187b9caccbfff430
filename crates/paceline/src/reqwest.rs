//! A middleware that paces a client of `reqwest`; behind the feature `reqwest`.
//!
//! It promises what [the tower layer](crate::layer) does: one retry loop, the machine's verdicts, and a slot that is held until the
//! reply's body has ended. Requests are copied by [`Request::try_clone`]; one whose body is a stream cannot be, and is
//! sent once.
//!
//! ```
//! use paceline::reqwest::PacedMiddleware;
//! use paceline::{Config, Pacer, ScopeKind, ScopeSet};
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! # const REFUSED: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
//! # const ACCEPTED: &str = "HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! # let url = format!("http://{}/records", listener.local_addr()?);
//! # tokio::spawn(async move {
//! #     let (mut stream, _) = listener.accept().await?;
//! #     for reply in [REFUSED, ACCEPTED] {
//! #         let mut request = Vec::new();
//! #         while !request.ends_with(b"}") {
//! #             stream.read_buf(&mut request).await?;
//! #         }
//! #         stream.write_all(reply.as_bytes()).await?;
//! #     }
//! #     std::io::Result::Ok(())
//! # });
//!
//! let pacer = Pacer::start(Config::default());
//! let scope = pacer.scope(ScopeKind::Credential, "default").await?;
//! let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
//!     .with(PacedMiddleware::new(pacer, ScopeSet::one(scope)))
//!     .build();
//!
//! // The platform refuses with "Retry-After: 1" first; nobody here has to know.
//! let response = client.post(url).body(r#"{"name":"Ada"}"#).send().await?;
//! assert_eq!(response.status(), 201);
//! # Ok(())
//! # }
//! ```
//!
//! # Where it stands
//! Above every middleware that must run anew for each attempt (credentials, signatures), and beside no other that retries.
//!
//! # Redirects
//! `reqwest` follows them within one attempt. An attempt that failed to connect may then have been applied by the one who
//! redirected it; so every failure counts as [lost](crate::Reply::Lost) unless [`PacedMiddleware::never_sent`] says
//! otherwise. With `reqwest::redirect::Policy::none()` a failure to connect proves that nothing was sent.

use std::fmt;
use std::sync::Arc;

use ::reqwest::{Body, Request, Response, ResponseBuilderExt as _};
use http::Extensions;
use paceline_core::{Profile, ScopeSet};
use reqwest_middleware::{Error as ChainError, Middleware, Next};

use crate::driver::{CallSpec, Pacer};
use crate::http::BoxError;
use crate::layer::{Course, Error, Failed, Outbound, PacedBody, Progress, call_spec};

/// Paces the requests of a client: see [the module](self).
#[derive(Clone)]
pub struct PacedMiddleware {
    pacer: Pacer,
    profile: Arc<Profile>,
    spec_of: Arc<dyn Fn(&Request) -> CallSpec + Send + Sync>,
    never_sent: Arc<dyn Fn(&::reqwest::Error) -> bool + Send + Sync>,
}

impl PacedMiddleware {
    /// Paces every request under `scopes`, as [`call_spec`] says.
    #[must_use]
    pub fn new(pacer: Pacer, scopes: ScopeSet) -> Self {
        Self {
            pacer,
            profile: Arc::default(),
            spec_of: Arc::new(move |request| call_spec(request.method(), scopes)),
            never_sent: Arc::new(|_| false),
        }
    }

    /// Paces each request as `spec_of` says of it. A request that was built with a [`CallSpec`] as its extension
    /// (`RequestBuilder::with_extension`) is paced as that says instead.
    #[must_use]
    pub fn spec_of(mut self, spec_of: impl Fn(&Request) -> CallSpec + Send + Sync + 'static) -> Self {
        self.spec_of = Arc::new(spec_of);
        self
    }

    /// The habits of the platform that is called; those of any platform by default. Where only a body tells what
    /// a reply means, up to its first 64 KiB are read before the reply is delivered.
    #[must_use]
    pub fn profile(mut self, profile: impl Into<Arc<Profile>>) -> Self {
        self.profile = profile.into();
        self
    }

    /// Which errors prove that no byte of the request was written. None by default: a wrong yes sends a call twice.
    #[must_use]
    pub fn never_sent(
        mut self,
        never_sent: impl Fn(&::reqwest::Error) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.never_sent = Arc::new(never_sent);
        self
    }
}

#[async_trait::async_trait]
impl Middleware for PacedMiddleware {
    /// A last attempt that failed ends with the client's own error, any other end without a reply with an
    /// [`Error`] as the middleware's.
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, ChainError> {
        let spec = extensions.get().copied().unwrap_or_else(|| (self.spec_of)(&request));
        let course = Course {
            pacer: self.pacer.clone(),
            profile: Arc::clone(&self.profile),
            path: request.url().path().into(),
            outbound: Chain { request: Some(request), extensions, next, never_sent: &*self.never_sent },
            progress: Progress::default(),
        };
        course.run(spec).await.map(whole).map_err(chain_error)
    }
}

impl fmt::Debug for PacedMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacedMiddleware")
            .field("pacer", &self.pacer)
            .field("profile", &self.profile.name)
            .finish_non_exhaustive()
    }
}

/// One request on its way through the rest of the chain.
struct Chain<'a> {
    /// `None` once it was sent and could not be copied.
    request: Option<Request>,
    extensions: &'a mut Extensions,
    next: Next<'a>,
    never_sent: &'a (dyn Fn(&::reqwest::Error) -> bool + Send + Sync),
}

impl Outbound for Chain<'_> {
    type Ready = ();
    type Body = Body;

    async fn ready(&mut self) -> Result<(), BoxError> {
        Ok(())
    }

    async fn send(&mut self, _ready: ()) -> Result<http::Response<Body>, Failed> {
        let request = self.request.take().expect("only what is repeatable is sent again");
        let now = match request.try_clone() {
            Some(copy) => {
                self.request = Some(request);
                copy
            }
            None => request,
        };
        let reply = self.next.clone().run(now, self.extensions).await;
        reply.map(parts).map_err(|error| {
            let was_never_sent = matches!(&error, ChainError::Reqwest(error) if (self.never_sent)(error));
            Failed { error: error.into(), was_never_sent }
        })
    }

    fn is_repeatable(&self) -> bool {
        self.request.is_some()
    }
}

/// A response in its parts, among which its URL would not be.
fn parts(response: Response) -> http::Response<Body> {
    let url = http::Response::builder().url(response.url().clone()).body(());
    let marked = url.expect("a URL makes no response invalid");
    let mut response = http::Response::from(response);
    response.extensions_mut().extend(marked.into_parts().0.extensions);
    response
}

fn whole(response: http::Response<PacedBody<Body>>) -> Response {
    response.map(Body::wrap).into()
}

/// The chain's own errors pass as they are, so that their callers know them.
fn chain_error(error: Error) -> ChainError {
    match error {
        Error::Failed { why, attempts, source } => match source.downcast::<ChainError>() {
            Ok(error) => *error,
            Err(source) => ChainError::middleware(Error::Failed { why, attempts, source }),
        },
        error => ChainError::middleware(error),
    }
}
