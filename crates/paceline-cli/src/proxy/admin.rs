//! The admin port: what the proxy does, for people and for programs that watch it.
//!
//! | path | what it answers |
//! | --- | --- |
//! | `/` | a page that shows the rest as it changes |
//! | `/status` | everything, as JSON |
//! | `/metrics` | numbers, for Prometheus |
//! | `/healthz` | 200 as long as the proxy lives |
//! | `/readyz` | 200, and 503 once it takes no new calls |

mod access;
mod exposition;
mod glance;
mod metrics;
mod page;
mod status;
mod waits;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::Proxy;
use super::bounds::{Bound, Share};
use super::downstream::ACCEPT_PAUSE;
use super::start::Running;
use access::{Access, Denied};
use glance::Glance;

impl Running {
    /// Shows what the proxy does on a socket that listens already, and returns its URL. Goes on while the proxy drains, and ends
    /// with it. With a token, all but `/healthz` and `/readyz` asks for it; without one, only callers that name an IP address or
    /// `localhost` are answered, so that no page elsewhere reads it by a name of its own.
    ///
    /// # Panics
    /// Outside a tokio runtime with its clock and its sockets enabled, and where the socket has no address.
    pub fn serve_admin(&self, listener: TcpListener, token: Option<String>) -> String {
        let address = listener.local_addr().expect("a socket that listens has an address");
        let proxy = Arc::clone(&self.proxy);
        let access = Access::new(token.as_deref());
        let port = Arc::new(Port {
            proxy,
            access,
            connections: Bound::of(MOST_CONNECTIONS),
            glance: Glance::default(),
        });
        self.proxy.admin_tasks.spawn(accept(listener, port));
        format!("http://{address}")
    }
}

/// What the connections of the port share.
struct Port {
    proxy: Arc<Proxy>,
    access: Access,
    connections: Bound,
    glance: Glance,
}

/// The body of an answer, and what it is.
struct Page {
    content_type: &'static str,
    policy: HeaderValue,
    text: String,
}

async fn accept(listener: TcpListener, port: Arc<Port>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = port.proxy.drained.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                // One more would be one too many: closed, it may come again.
                let Some(share) = port.connections.try_hold(1) else { continue };
                let tasks = port.proxy.admin_tasks.clone();
                tasks.spawn(converse(stream, Arc::clone(&port), share));
            }
            // Out of file descriptors, mostly.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn converse(stream: TcpStream, port: Arc<Port>, _share: Share) {
    let drained = port.proxy.drained.clone();
    let mut builder = http1::Builder::new();
    let head_timeout = port.proxy.head_timeout;
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(MAX_HEAD);
    let service = service_fn(move |request: Request<Incoming>| {
        let port = Arc::clone(&port);
        async move { Ok::<_, Infallible>(port.answer(&request).await) }
    });
    tokio::select! {
        // How a connection ends is told to its client, and to nobody else.
        ended = builder.serve_connection(TokioIo::new(stream), service) => drop(ended),
        () = drained.cancelled() => {}
    }
}

impl Port {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = self.routed(request).await;
        if !request.body().is_end_stream() {
            // Nobody reads it, so nothing else can follow it.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        response
    }

    async fn routed(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let is_open = ["/healthz", "/readyz"].contains(&path);
        if !is_open && let Err(denied) = self.access.check(request.uri(), request.headers()) {
            return refused(denied);
        }
        if !["/", "/status", "/metrics", "/healthz", "/readyz"].contains(&path) {
            return said(StatusCode::NOT_FOUND, "there is nothing here: try /, /status, /metrics");
        }
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            let mut response = said(StatusCode::METHOD_NOT_ALLOWED, "this port only tells: GET or HEAD");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        if !request.body().is_end_stream() {
            return said(StatusCode::PAYLOAD_TOO_LARGE, "this port takes no bodies");
        }
        match path {
            "/" => page::fresh().response(),
            "/healthz" => said(StatusCode::OK, "ok"),
            "/readyz" if self.proxy.draining.is_cancelled() => {
                said(StatusCode::SERVICE_UNAVAILABLE, "draining")
            }
            "/readyz" => said(StatusCode::OK, "ready"),
            told => match self.glance.of(&self.proxy).await {
                Ok(status) if told == "/status" => status.page().response(),
                Ok(status) => metrics::page(&status, &self.proxy).response(),
                Err(stopped) => said(StatusCode::SERVICE_UNAVAILABLE, &stopped.to_string()),
            },
        }
    }
}

impl Page {
    fn response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::from(self.text));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(CONTENT_SECURITY_POLICY, self.policy);
        response
    }
}

fn refused(denied: Denied) -> Response<Full<Bytes>> {
    match denied {
        Denied::Host => said(
            StatusCode::FORBIDDEN,
            "without a token this port is called by an IP address or as localhost: it may be a page elsewhere that asks",
        ),
        Denied::Token => {
            let mut response =
                said(StatusCode::UNAUTHORIZED, "name the admin token: as a bearer token, or as a password");
            let headers = response.headers_mut();
            for scheme in [r#"Basic realm="paceline", charset="UTF-8""#, r#"Bearer realm="paceline""#] {
                headers.append(WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
            }
            response
        }
    }
}

fn said(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let policy = nothing_to_load();
    let page = Page { content_type: "text/plain; charset=utf-8", policy, text: format!("{text}\n") };
    let mut response = page.response();
    *response.status_mut() = status;
    response
}

/// The policy of what is no page.
const fn nothing_to_load() -> HeaderValue {
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Some people who look, and some programs: none needs more than a few.
const MOST_CONNECTIONS: u64 = 64;
/// The head of a request, give or take one read: twice what browsers send to a host without cookies.
const MAX_HEAD: usize = 16 * 1024;
