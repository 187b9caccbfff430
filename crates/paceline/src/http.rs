//! HTTP/1.1 and HTTP/2 over hyper: connections that are kept, and attempts whose failures are told apart.
//!
//! The one question that decides about doubles is whether a request may have reached the platform. So an
//! attempt has two halves: a connection is found or made first (whatever fails there was
//! [never sent](crate::Reply::NotSent)), and only then is the request given to it. What fails later may have
//! been applied ([`Reply::Lost`](crate::Reply::Lost)), except when hyper hands the request back untouched.
//!
//! The connections are our own small pool instead of hyper-util's client, because that one hides where the
//! two halves meet, and races a new connection against a busy one on every call.

mod body;
mod connect;
mod connection;
mod error;
mod message;
mod outgoing;
mod pool;
mod target;
mod tls;
mod upgrade;

pub use error::{AttemptError, BoxError};
pub use outgoing::RequestBody;
pub use target::TargetError;
pub use tls::trusting_also;
pub use upgrade::{Upgrade, Upgraded};

pub(crate) use body::{BodyEnd, HalfRead, ReadBody};
pub(crate) use connect::Connector;
pub(crate) use connection::Connection;
pub(crate) use message::Message;
pub(crate) use pool::{Need, Pool};
pub(crate) use target::{Origin, Target, shown};
pub(crate) use tls::{Tls, TlsConfigs};
