//! One call, from the client's request to the answer that it gets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use paceline::client::{AttemptReport, CallError, GivenUp, Streamed};
use paceline::http::AttemptError;
use paceline_core::{Cost, GiveUp, OnUncertain, Priority, SubmitError, Weight};
use tokio::time::Instant;

use super::Proxy;
use super::board::{Seen, Tally};
use super::bounds::Share;
use super::clients::Client;
use super::compact;
use super::departing::Departing;
use super::downstream::{Answer, Visitor};
use super::own_answer::OwnAnswer;
use super::rules::{ClientBy, Routed, Rules, SentPath};
use super::scopes::Names;
use super::{hop, patience, tunnel};

/// Answers `request`, whatever becomes of it. What its connection takes of those that may be is `seat`.
pub(super) async fn answer(
    proxy: Arc<Proxy>,
    visitor: Visitor,
    seat: Arc<Share>,
    mut request: Request<Incoming>,
) -> Response<Answer> {
    proxy.tally.saw(Seen::Offered);
    let version = request.version();
    let asked = hop::upgrade(request.headers()).filter(|_| version == Version::HTTP_11);
    let downstream = asked.as_ref().map(|_| hyper::upgrade::on(&mut request));
    match forward(&proxy, visitor, request, asked).await {
        Ok(streamed) if streamed.status == StatusCode::SWITCHING_PROTOCOLS && downstream.is_none() => {
            let why = "it switched to another protocol, which nobody had asked for".to_owned();
            declined(&proxy, &OwnAnswer::InDoubt(why))
        }
        Ok(mut streamed) => {
            if let (Some(downstream), Some(upstream)) = (downstream, streamed.upgrade.take()) {
                proxy.tasks.spawn(tunnel::join(downstream, upstream, seat, proxy.drained.clone()));
            }
            passed_on(streamed)
        }
        Err(End::Last(last)) => last_reply(*last),
        Err(End::Own(own)) => declined(&proxy, &own),
    }
}

fn declined(proxy: &Proxy, own: &OwnAnswer) -> Response<Answer> {
    proxy.tally.saw(Seen::Declined);
    own.response().map(|text| Answer::Own(Full::new(text)))
}

/// How a call ends that no reply is streamed for.
enum End {
    Own(OwnAnswer),
    /// Its time is over, and this is what the platform said last.
    Last(Box<paceline::client::Response>),
}

impl From<OwnAnswer> for End {
    fn from(own: OwnAnswer) -> Self {
        Self::Own(own)
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
) -> Result<Streamed, End> {
    let arrived = Instant::now();
    let (mut head, body) = request.into_parts();
    check_framing(&head)?;
    if hop::is_at_its_end(&head.method, &mut head.headers) || head.method == Method::CONNECT {
        let why = format!("paceline forwards no {} like this one", head.method);
        return Err(OwnAnswer::Refused(StatusCode::METHOD_NOT_ALLOWED, why).into());
    }
    let plan = plan(proxy, visitor, &head).await?;
    let mut held = Held::new(proxy, &plan.client, arrived);
    let taken = tokio::select! {
        taken = proxy.intake.take(body) => taken,
        () = proxy.drained.cancelled() => Err(OwnAnswer::Draining),
    };
    let taken = taken.inspect_err(|_| held.is_over = true)?;
    held.is_held = true;
    let (method, headers) = sent_on(head, visitor, upgrade);
    let mut call = paceline::Request::new(method, plan.uri, plan.scopes);
    (call.headers, call.body) = (headers, taken.body);
    (call.client, call.cost, call.on_uncertain) = (plan.client.id(), plan.cost, plan.on_uncertain);
    (call.weight, call.priority) = (plan.weight, plan.priority);
    // However long its body took: where nothing holds it, it goes.
    call.deadline = Some((arrived + plan.patience).max(Instant::now() + SHORTEST_PATIENCE));
    call.decline_late = true;
    let departing = Departing::default();
    call.on_attempt = Some(departing.after(proxy.counting(&plan.client)));
    call.before_departure = Some(departing.before(proxy.state.as_ref()));
    let streaming = async {
        match plan.is_paced {
            true => proxy.client.stream(call).await,
            false => proxy.client.stream_unpaced(call).await,
        }
    };
    let ended = tokio::select! {
        ended = streaming => ended.map_err(|error| end(proxy, error)),
        () = proxy.drained.cancelled() => Err(cut_off(proxy, &departing, plan.is_paced).into()),
    };
    held.is_over = true;
    drop(taken.share);
    let streamed = ended?;
    plan.client.waited(streamed.held);
    proxy.tally.held(u64::try_from(streamed.held.as_micros()).unwrap_or(u64::MAX));
    Ok(streamed)
}

/// Method and headers as the platform gets them. The rest of the head is let go: it would keep the buffer that it came in.
fn sent_on(head: Parts, visitor: Visitor, upgrade: Option<HeaderValue>) -> (Method, HeaderMap) {
    let mut headers = head.headers;
    hop::strip(&mut headers);
    hop::add_forwarded(&mut headers, head.version, visitor.address, visitor.is_tls);
    if let Some(protocol) = upgrade {
        hop::set_upgrade(&mut headers, protocol);
    }
    compact::headers(&mut headers);
    (head.method, headers)
}

async fn plan(proxy: &Proxy, visitor: Visitor, head: &Parts) -> Result<Plan, OwnAnswer> {
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
    let names = Names::new(&ruled, credential, proxy.everyone());
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

fn client_name(rules: &Rules, headers: &HeaderMap, visitor: Visitor, credential: &str) -> String {
    match &rules.client {
        ClientBy::Credential => credential.to_owned(),
        ClientBy::Address => visitor.address.to_canonical().to_string(),
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
    let hosts = head.headers.get_all(HOST).iter().count();
    if hosts > 1 || (hosts == 0 && head.version == Version::HTTP_11) {
        return Err(OwnAnswer::bad_request("a request has one Host header"));
    }
    Ok(())
}

/// What a call without a reply to stream is to its client.
fn end(proxy: &Proxy, error: CallError) -> End {
    match error {
        CallError::GaveUp(given_up) => match *given_up {
            GivenUp { detail: None, last: Some(last), .. } => End::Last(Box::new(last)),
            given_up => End::Own(given_up_answer(&given_up)),
        },
        other => End::Own(own_answer(proxy, other)),
    }
}

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

/// The proxy ends before the call does.
fn cut_off(proxy: &Proxy, departing: &Departing, is_paced: bool) -> OwnAnswer {
    if departing.is_under_way() {
        proxy.has_lost_reply.store(true, Ordering::Release);
    } else if is_paced {
        return OwnAnswer::Draining;
    }
    OwnAnswer::InDoubt("paceline was told to stop".to_owned())
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn passed_on(streamed: Streamed) -> Response<Answer> {
    let timing = server_timing(&streamed);
    let is_upgrade = streamed.status == StatusCode::SWITCHING_PROTOCOLS;
    let Streamed { status, mut headers, body, .. } = streamed;
    let protocol = hop::upgrade(&headers).filter(|_| is_upgrade);
    hop::strip(&mut headers);
    hop::add_via(&mut headers, Version::HTTP_11);
    if let Some(protocol) = protocol {
        hop::set_upgrade(&mut headers, protocol);
    }
    headers.append(SERVER_TIMING, timing);
    let mut response = Response::new(Answer::Reply(Box::new(body)));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A reply as far as it was kept while its call waited to be sent again.
fn last_reply(last: paceline::client::Response) -> Response<Answer> {
    let mut headers = last.headers;
    hop::strip(&mut headers);
    headers.remove(CONTENT_LENGTH);
    hop::add_via(&mut headers, Version::HTTP_11);
    let mut response = Response::new(Answer::Own(Full::new(last.body)));
    *response.status_mut() = last.status;
    *response.headers_mut() = headers;
    response
}

/// How long the call was held, and how long the platform took (W3C Server Timing), in milliseconds.
fn server_timing(streamed: &Streamed) -> HeaderValue {
    let millis = |span: Duration| span.as_secs_f64() * 1e3;
    let (held, upstream) = (millis(streamed.held), millis(streamed.answered_in));
    let text = format!("paceline-held;dur={held:.3}, upstream;dur={upstream:.3}");
    HeaderValue::try_from(text).expect("numbers and names are plain ASCII")
}

/// Knows when a client goes before its call is over.
struct Held<'a> {
    tally: &'a Tally,
    client: &'a Client,
    since: Instant,
    /// Whether it is the proxy that is waited for.
    is_held: bool,
    is_over: bool,
}

impl<'a> Held<'a> {
    fn new(proxy: &'a Proxy, client: &'a Client, since: Instant) -> Self {
        Self { tally: &proxy.tally, client, since, is_held: false, is_over: false }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tally.saw(Seen::HungUp);
            self.client.hung_up(self.is_held.then(|| self.since.elapsed()));
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
/// A call that nothing holds departs within this time on the busiest machine.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(100);
/// The longest that a client can ask for.
const LONGEST_PATIENCE: Duration = Duration::from_secs(3_600);
/// A call that was held in vain was forecast too early: nobody knows better yet.
const AFTER_EXPIRY: Duration = Duration::from_secs(5);
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
