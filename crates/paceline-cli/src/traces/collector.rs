//! The collector, as the exporter calls it: through our own connections, and past every pacer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Limited};
use opentelemetry_http::{HttpClient, HttpError};
use paceline::client::Timeouts;
use paceline::{Client, ScopeKind, ScopeSet};
use tokio::sync::OnceCell;

/// Calls with a header that nobody else is shown.
#[derive(Debug)]
pub(super) struct Collector {
    header: Option<(HeaderName, HeaderValue)>,
    timeout: Duration,
    /// Made in the runtime that calls.
    line: OnceCell<(Client, ScopeSet)>,
}

impl Collector {
    pub(super) fn new(header: Option<(HeaderName, HeaderValue)>, timeout: Duration) -> Self {
        Self { header, timeout, line: OnceCell::new() }
    }

    async fn line(&self) -> Result<&(Client, ScopeSet), HttpError> {
        let open = async {
            let timeouts = Timeouts { connect: self.timeout, attempt: self.timeout, ..Timeouts::default() };
            let client = Client::builder().timeouts(timeouts).build();
            // A call has a scope, whether it is paced or not.
            let scope = client.pacer().scope(ScopeKind::Credential, "collector").await?;
            Ok((client, ScopeSet::one(scope)))
        };
        self.line.get_or_try_init(|| open).await
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, scopes) = self.line().await?;
        let (head, body) = request.into_parts();
        let mut call = paceline::Request::new(head.method, head.uri, *scopes);
        call.headers = head.headers;
        call.body = body.into();
        if let Some((name, value)) = &self.header {
            call.headers.insert(name, value.clone());
        }
        let answered = client.stream_unpaced(call).await?;
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = answered.status;
        *response.headers_mut() = answered.headers;
        *response.body_mut() = Limited::new(answered.body, MOST_SAID).collect().await?.to_bytes();
        Ok(response)
    }
}

/// A collector answers with a few bytes, or with a page of whoever is in front of it.
const MOST_SAID: usize = 64 * 1024;
