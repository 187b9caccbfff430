//! One call, from the client's request to the answer that it gets.

use std::sync::Arc;
use std::time::Duration;

use http::header::{HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use paceline::client::{AttemptReport, CallError, GivenUp, Streamed};
use paceline::http::AttemptError;
use paceline_core::{Cost, GiveUp, OnUncertain, Priority, SubmitError, Weight};
use tokio::time::Instant;

use super::Proxy;
use super::board::Seen;
use super::clients::Client;
use super::downstream::{Answer, Visitor};
use super::own_answer::OwnAnswer;
use super::rules::{ClientBy, Routed, Rules, SentPath};
use super::scopes::Names;
use super::{hop, patience, reply, tunnel};

/// Answers `request`, whatever becomes of it.
pub(super) async fn answer(
    proxy: Arc<Proxy>,
    visitor: Visitor,
    mut request: Request<Incoming>,
) -> Response<Answer> {
    proxy.tally.saw(Seen::Offered);
    let version = request.version();
    let asked = hop::upgrade(request.headers()).filter(|_| version == Version::HTTP_11);
    let downstream = asked.as_ref().map(|_| hyper::upgrade::on(&mut request));
    let ended = forward(&proxy, visitor, request, asked.clone()).await;
    let passed = ended.and_then(|streamed| reply::pass_back(streamed, asked.as_ref()));
    match passed {
        Ok((response, upstream)) => {
            if let (Some(downstream), Some(upstream)) = (downstream, upstream) {
                proxy.tasks.spawn(tunnel::join(downstream, upstream, proxy.drained.clone()));
            }
            response
        }
        Err(own) => {
            proxy.tally.saw(Seen::Declined);
            own.response().map(|text| Answer::Own(Full::new(text)))
        }
    }
}

/// What is known of a call before it is sent.
struct Plan {
    uri: Uri,
    is_paced: bool,
    scopes: paceline::ScopeSet,
    client: Arc<Client>,
    cost: Cost,
    weight: Weight,
    priority: Priority,
    patience: Duration,
    on_uncertain: OnUncertain,
}

async fn forward(
    proxy: &Proxy,
    visitor: Visitor,
    request: Request<Incoming>,
    upgrade: Option<HeaderValue>,
) -> Result<Streamed, OwnAnswer> {
    let arrived = Instant::now();
    let (mut head, body) = request.into_parts();
    check_framing(&head)?;
    let is_ours = [Method::CONNECT, Method::TRACE].contains(&head.method);
    if is_ours || hop::is_at_its_end(&head.method, &mut head.headers) {
        let why = format!("paceline forwards no {} like this one", head.method);
        return Err(OwnAnswer::Refused(StatusCode::METHOD_NOT_ALLOWED, why));
    }
    let wants_trailers = hop::wants_trailers(&head.headers);
    // Before anything is made of them: what is not sent on must not decide about what is.
    hop::strip(&mut head.headers);
    let plan = plan(proxy, &visitor, &head).await?;
    let mut held = Held::new(&plan.client, arrived);
    let taken = proxy.intake.take(body).await?;
    let mut headers = head.headers;
    hop::join_cookies(&mut headers);
    hop::add_forwarded(&mut headers, head.version, head.uri.authority(), &visitor.address, visitor.is_tls);
    if let Some(protocol) = upgrade {
        hop::set_upgrade(&mut headers, protocol);
    }
    if wants_trailers {
        hop::set_wants_trailers(&mut headers);
    }
    let mut call = paceline::Request::new(head.method, plan.uri, plan.scopes);
    (call.headers, call.body) = (headers, taken.body);
    (call.client, call.cost, call.on_uncertain) = (plan.client.id(), plan.cost, plan.on_uncertain);
    (call.weight, call.priority) = (plan.weight, plan.priority);
    call.deadline = Some(arrived + plan.patience);
    call.decline_late = true;
    call.on_attempt = Some(proxy.counting(&plan.client));
    call.before_departure = proxy.saving();
    let ended = match plan.is_paced {
        true => proxy.client.stream(call).await,
        false => proxy.client.stream_unpaced(call).await,
    };
    held.is_answered = true;
    drop(taken.share);
    let streamed = ended.map_err(|error| own_answer(proxy, error))?;
    plan.client.waited(streamed.held);
    proxy.tally.held(u64::try_from(streamed.held.as_micros()).unwrap_or(u64::MAX));
    Ok(streamed)
}

async fn plan(proxy: &Proxy, visitor: &Visitor, head: &Parts) -> Result<Plan, OwnAnswer> {
    let rules = proxy.rules();
    let path = SentPath::read(head.uri.path()).map_err(OwnAnswer::bad_request)?;
    let Some(Routed { to, is_paced }) = rules.route(&path) else {
        return Err(OwnAnswer::Refused(
            StatusCode::NOT_FOUND,
            "no route of paceline has this path".to_owned(),
        ));
    };
    let uri = to.uri(&path, head.uri.query()).map_err(OwnAnswer::bad_request)?;
    let ruled = rules.of(&head.method, &path, &head.headers);
    let mut credential = proxy.credential(&rules, &head.headers);
    let client = proxy.clients.find(&client_name(&rules, &head.headers, visitor, &credential));
    if rules.to.as_ref() != Some(to) {
        // Another platform has limits of its own.
        credential = format!("{credential}@{}", uri.authority().map_or("", |authority| authority.as_str()));
    }
    let names = Names::new(&ruled, credential, proxy.everyone);
    let scopes =
        proxy.scopes.find(&names).await.map_err(|stopped| OwnAnswer::Internal(stopped.to_string()))?;
    let told = patience::preferred(&head.headers).map(|told| told.min(LONGEST_PATIENCE));
    let patience = told.unwrap_or_else(|| {
        client.learned_patience().map_or(ruled.patience, |learned| learned.min(ruled.patience))
    });
    let on_uncertain = ruled.on_uncertain.unwrap_or_else(|| usual_on_uncertain(head));
    let (cost, priority) = (Cost(ruled.cost), ruled.priority);
    let weight = Weight::new(ruled.weight.get()).unwrap_or(Weight::MAX);
    Ok(Plan { uri, is_paced, scopes, client, cost, weight, priority, patience, on_uncertain })
}

/// RFC 9110 9.2.2, and the draft of the IETF on idempotency keys: what may be sent twice.
fn usual_on_uncertain(head: &Parts) -> OnUncertain {
    let has_key = head.headers.contains_key(IDEMPOTENCY_KEY);
    if head.method.is_idempotent() || has_key { OnUncertain::Retry } else { OnUncertain::Hold }
}

fn client_name(rules: &Rules, headers: &HeaderMap, visitor: &Visitor, credential: &str) -> String {
    match &rules.client {
        ClientBy::Credential => credential.to_owned(),
        ClientBy::Address => visitor.address.to_str().unwrap_or(NOBODY).to_owned(),
        ClientBy::Header(name) => headers
            .get(name)
            .and_then(|value| super::rules::safe_name(value.as_bytes()))
            .map_or_else(|| NOBODY.to_owned(), |name| name.into_owned()),
    }
}

/// What hyper lets through and a second parser might read otherwise.
fn check_framing(head: &Parts) -> Result<(), OwnAnswer> {
    let codings: Vec<&HeaderValue> = head.headers.get_all(TRANSFER_ENCODING).iter().collect();
    let is_known = match codings.as_slice() {
        [] => true,
        [only] => only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    if !is_known {
        let why = "of transfer codings paceline knows `chunked`, once".to_owned();
        return Err(OwnAnswer::Refused(StatusCode::NOT_IMPLEMENTED, why));
    }
    // RFC 9112 3.2.
    let hosts: Vec<&HeaderValue> = head.headers.get_all(HOST).iter().collect();
    let is_named = match hosts.as_slice() {
        [] => head.version != Version::HTTP_11,
        [only] => is_host(only),
        _ => false,
    };
    if !is_named {
        return Err(OwnAnswer::bad_request("a request has one Host header, which names a host"));
    }
    // RFC 9110 4.2.4: a name and a password in a URL are there to mislead.
    if head.uri.authority().is_some_and(|named| named.as_str().contains('@')) {
        return Err(OwnAnswer::bad_request("the target of a request names no user"));
    }
    Ok(())
}

/// RFC 9110 7.2: a host, perhaps with a port, or nothing.
fn is_host(value: &HeaderValue) -> bool {
    let is_named = || Authority::try_from(value.as_bytes()).is_ok_and(|named| !named.as_str().contains('@'));
    value.is_empty() || is_named()
}

/// What the end of a call that brought no reply is to its client.
fn own_answer(proxy: &Proxy, error: CallError) -> OwnAnswer {
    match error {
        CallError::Late { expected } => {
            OwnAnswer::Late { retry_after: expected.saturating_duration_since(Instant::now()) }
        }
        CallError::NotTaken(SubmitError::QueueFull) => OwnAnswer::QueueFull,
        CallError::NotTaken(SubmitError::ForgottenScope(_)) => {
            proxy.scopes.forget_idle();
            OwnAnswer::QueueFull
        }
        CallError::GaveUp(given_up) => given_up_answer(&given_up),
        other => OwnAnswer::Internal(with_causes(&other)),
    }
}

fn given_up_answer(given_up: &GivenUp) -> OwnAnswer {
    let why = given_up.detail.as_ref().map_or_else(|| given_up.to_string(), |detail| with_causes(detail));
    match (&given_up.detail, given_up.why) {
        (Some(AttemptError::TimedOut { .. }), _) => OwnAnswer::TimedOut(why),
        (Some(detail), _) if detail.reply() == paceline_core::Reply::NotSent => OwnAnswer::Unreachable(why),
        (None, GiveUp::Expired) => OwnAnswer::Late { retry_after: AFTER_EXPIRY },
        _ => OwnAnswer::InDoubt(why),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Knows when a client goes before its call is answered.
struct Held<'a> {
    client: &'a Client,
    since: Instant,
    is_answered: bool,
}

impl<'a> Held<'a> {
    const fn new(client: &'a Client, since: Instant) -> Self {
        Self { client, since, is_answered: false }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.client.hung_up(self.since.elapsed());
        }
    }
}

impl Proxy {
    fn counting(&self, client: &Arc<Client>) -> paceline::client::OnAttempt {
        let (tally, client) = (Arc::clone(&self.tally), Arc::clone(client));
        Box::new(move |attempt: AttemptReport| {
            tally.attempted(&attempt.reply);
            client.tally().attempted(&attempt.reply);
        })
    }
}

/// Who sends nothing by which it could be told apart.
pub(super) const NOBODY: &str = "anonymous";
/// The longest that a client can ask for.
const LONGEST_PATIENCE: Duration = Duration::from_secs(3_600);
/// A call that was held in vain was forecast too early: nobody knows better yet.
const AFTER_EXPIRY: Duration = Duration::from_secs(5);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
