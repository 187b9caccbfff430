//! Push calls through a rate-limited API as fast as the platform allows, and never faster.
//!
//! A [`Client`] is an HTTP client with a pacer in front: every call waits for its permit, every reply
//! teaches the pacer, and a refusal with `Retry-After` closes the gate for all calls of the same scope
//! until that wait has passed. Whether and when to retry is one machine's decision, whatever carries it out.
//!
//! ```
//! use paceline::{Client, Method, Request, ScopeKind, ScopeSet};
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
//! let client = Client::new();
//! // The calls of one credential share its limits.
//! let scope = client.pacer().scope(ScopeKind::Credential, "default").await?;
//!
//! let mut request = Request::new(Method::POST, url.parse()?, ScopeSet::one(scope));
//! request.body = r#"{"name":"Ada"}"#.into();
//! // The platform refuses with "Retry-After: 1" first; nobody here has to know.
//! let response = client.call(request).await?;
//! assert_eq!(response.status, 201);
//! assert_eq!(response.attempts, 2);
//! # Ok(())
//! # }
//! ```
//!
//! For programs that have a client already:
//!
//! - [`layer`]: a tower [`Layer`](dependencies::tower_layer::Layer) around any HTTP service, hyper's client among them.
//! - `reqwest`, with the feature of that name: a middleware for clients of `reqwest`.
//!
//! Underneath, and of use without HTTP:
//!
//! - [`driver`]: the machine of `paceline-core` on tokio; a [`Pacer`] hands out permits.
//! - [`http`]: connections, and on which side of the first byte an attempt failed.
//! - [`signals`]: the head of a response as the machine's typed [`Reply`].
//!
//! `examples/` has one program for each way, with a small platform that refuses.
//!
//! # Public dependencies
//! Types of these crates are in our signatures. They are re-exported in [`dependencies`], at the versions that fit; a new
//! major version of one of them is a new major version of this crate.
//!
//! | crate | for |
//! | --- | --- |
//! | `bytes`, `http`, `http-body` | requests, replies, bodies |
//! | `hyper` | its error, as the cause of an [`AttemptError`](http::AttemptError) |
//! | `paceline-core` | the machine's words: scopes, limits, replies, profiles |
//! | `rustls` | [`ClientBuilder::tls`] |
//! | `tokio` | instants of its clock, the receivers of [`Pacer::status`] and [`Pacer::subscribe`] |
//! | `tower-layer`, `tower-service` | [`layer`] |
//! | `reqwest`, `reqwest-middleware` | with the feature `reqwest` only |

pub mod client;
pub mod driver;
pub mod http;
pub mod layer;
#[cfg(feature = "reqwest")]
pub mod reqwest;
pub mod signals;

/// The crates whose types are in our signatures, in the versions that fit.
pub mod dependencies {
    pub use ::{bytes, http, http_body, hyper, paceline_core, rustls, tokio, tower_layer, tower_service};
    #[cfg(feature = "reqwest")]
    pub use ::{reqwest, reqwest_middleware};
}

pub use ::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
pub use bytes::Bytes;
pub use client::{CallError, Client, ClientBuilder, Request, Response, Streamed};
pub use driver::{CallSpec, Pacer};
pub use http::RequestBody;
pub use layer::PacedLayer;
pub use paceline_core::{
    Answered, AttemptId, Backoff, Belief, CallId, ClientId, Config, Cost, Event, GateCause, GiveUp, Instant,
    Jitter, KnownRate, Learned, Limits, Meaning, OnUncertain, Outcome, Priority, Profile, Quota, Rate, Reply,
    Reserve, ScopeId, ScopeKind, ScopeSet, ScopeSnapshot, Snapshot, Source, SubmitError, WaitReason,
    WallTime, Weight,
};
