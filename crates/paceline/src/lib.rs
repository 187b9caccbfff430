//! Push calls through a rate-limited API.

pub mod client;
pub mod driver;
pub mod http;
pub mod signals;

pub use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
pub use bytes::Bytes;
pub use client::{CallError, Client, ClientBuilder, Request, Response};
pub use driver::Pacer;
pub use paceline_core::{
    Answered, AttemptId, Call, CallId, ClientId, Config, Controller, Cost, Event, GateCause, GiveUp, Instant,
    Limits, OnUncertain, Outcome, QueueFull, Reply, ScopeId, ScopeKind, ScopeSet, Snapshot, Verdict,
    WaitReason, WallTime,
};
