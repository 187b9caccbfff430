//! Push calls through a rate-limited API as fast as the platform allows, and never faster.
//!
//! A [`Client`] is an HTTP client with a pacer in front: every call waits for its permit, every reply
//! teaches the pacer, and a refusal with `Retry-After` closes the gate for all calls of the same scope
//! until that wait has passed. One retry loop, in one place.
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
//! Underneath, and of use without HTTP:
//!
//! - [`driver`]: the machine of `paceline-core` on tokio; a [`Pacer`] hands out permits.
//! - [`http`]: connections, and on which side of the first byte an attempt failed.
//! - [`signals`]: the head of a response as the machine's typed [`Reply`].

pub mod client;
pub mod driver;
pub mod http;
pub mod signals;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
pub use bytes::Bytes;
pub use client::{CallError, Client, ClientBuilder, Request, Response, Streamed};
pub use driver::Pacer;
pub use http::RequestBody;
pub use paceline_core::{
    Answered, AttemptId, Backoff, Belief, CallId, ClientId, Config, Cost, Event, GateCause, GiveUp, Instant,
    Jitter, KnownRate, Learned, Limits, Meaning, OnUncertain, Outcome, Priority, Profile, Quota, Rate, Reply,
    Reserve, ScopeId, ScopeKind, ScopeSet, ScopeSnapshot, Snapshot, Source, SubmitError, WaitReason,
    WallTime, Weight,
};
