//! One call, from the client's request to the answer that it gets.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
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
use super::board::{Seen, Tally};
use super::bounds::Share;
use super::clients::Client;
use super::compact;
use super::departing::Departing;
use super::downstream::{Answer, Visitor};
use super::own_answer::OwnAnswer;
use super::rules::{ClientBy, Routed, Rules, SentPath};
use super::scopes::Names;
use super::tallies::Tallies;
use super::{hop, patience, reply, tunnel};

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
    let ended = forward(&proxy, visitor, request, asked.clone()).await;
    let passed = ended.and_then(|streamed| Ok(reply::pass_back(streamed, asked.as_ref())?));
    match passed {
        Ok((response, upstream)) => {
            if let (Some(downstream), Some(upstream)) = (downstream, upstream) {
                proxy.tasks.spawn(tunnel::join(downstream, upstream, seat, proxy.drained.clone()));
            }
            response
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
    tallies: Tallies,
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
    let is_ours = [Method::CONNECT, Method::TRACE].contains(&head.method);
    if is_ours || hop::is_at_its_end(&head.method, &mut head.headers) {
        let why = format!("paceline forwards no {} like this one", head.method);
        return Err(OwnAnswer::Refused(StatusCode::METHOD_NOT_ALLOWED, why).into());
    }
    let wants_trailers = hop::wants_trailers(&head.headers);
    // Before anything is made of them: what is not sent on must not decide about what is.
    hop::strip(&mut head.headers);
    let plan = plan(proxy, &visitor, &head).await?;
    let headers = &mut head.headers;
    hop::join_cookies(headers);
    hop::add_forwarded(headers, head.version, head.uri.authority(), &visitor.address, visitor.is_tls);
    if let Some(protocol) = upgrade {
        hop::set_upgrade(headers, protocol);
    }
    if wants_trailers {
        hop::set_wants_trailers(headers);
    }
    let (client, tallies) = (Arc::clone(&plan.client), plan.tallies.clone());
    tallies.saw(Seen::Offered);
    let ended = send(proxy, head, body, plan, arrived).await;
    match &ended {
        Ok(streamed) => {
            client.waited(streamed.held);
            proxy.timings.saw(streamed);
            let micros = u64::try_from(streamed.held.as_micros()).unwrap_or(u64::MAX);
            proxy.tally.held(micros);
            tallies.held(micros);
        }
        Err(End::Own(_)) => tallies.saw(Seen::Declined),
        Err(End::Last(_)) => {}
    }
    ended
}

/// From a plan to the platform's reply.
async fn send(
    proxy: &Proxy,
    head: Parts,
    body: Incoming,
    plan: Plan,
    arrived: Instant,
) -> Result<Streamed, End> {
    let mut held = Held::new(&proxy.tally, &plan.client, &plan.tallies, arrived);
    let taken = tokio::select! {
        taken = proxy.intake.take(body) => taken,
        () = proxy.drained.cancelled() => Err(OwnAnswer::Draining),
    };
    let taken = taken.inspect_err(|_| held.is_over = true)?;
    held.is_held = true;
    // The rest of the head is let go: it would keep the buffer that it came in.
    let Parts { method, mut headers, .. } = head;
    compact::headers(&mut headers);
    let mut call = paceline::Request::new(method, plan.uri, plan.scopes);
    (call.headers, call.body) = (headers, taken.body);
    (call.client, call.cost, call.on_uncertain) = (plan.client.id(), plan.cost, plan.on_uncertain);
    (call.weight, call.priority) = (plan.weight, plan.priority);
    // However long its body took: where nothing holds it, it goes.
    call.deadline = Some((arrived + plan.patience).max(Instant::now() + SHORTEST_PATIENCE));
    call.decline_late = true;
    let departing = Departing::new(plan.tallies.clone(), plan.is_paced);
    call.on_attempt = Some(departing.after(proxy.counting(plan.tallies.clone())));
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
    ended
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
    let names = Names::new(&ruled, credential, proxy.everyone());
    let found =
        proxy.scopes.find(&names).await.map_err(|stopped| OwnAnswer::Internal(stopped.to_string()))?;
    // What goes past the pacer falls under no limit.
    let counted = if is_paced { found.tallies } else { Vec::new() };
    let (scopes, tallies) = (found.set, Tallies::new(client.tally(), counted));
    let told = patience::preferred(&head.headers).map(|told| told.min(LONGEST_PATIENCE));
    let patience = told.unwrap_or_else(|| {
        client.learned_patience().map_or(ruled.patience, |learned| learned.min(ruled.patience))
    });
    let on_uncertain = ruled.on_uncertain.unwrap_or_else(|| usual_on_uncertain(head));
    let (cost, priority) = (Cost(ruled.cost), ruled.priority);
    let weight = Weight::new(ruled.weight.get()).unwrap_or(Weight::MAX);
    Ok(Plan { uri, is_paced, scopes, client, tallies, cost, weight, priority, patience, on_uncertain })
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

/// Knows when a client goes before its call is over.
struct Held<'a> {
    tally: &'a Tally,
    client: &'a Client,
    tallies: &'a Tallies,
    since: Instant,
    /// Whether it is the proxy that is waited for.
    is_held: bool,
    is_over: bool,
}

impl<'a> Held<'a> {
    const fn new(tally: &'a Tally, client: &'a Client, tallies: &'a Tallies, since: Instant) -> Self {
        Self { tally, client, tallies, since, is_held: false, is_over: false }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.tally.saw(Seen::HungUp);
            self.tallies.saw(Seen::HungUp);
            self.client.hung_up(self.is_held.then(|| self.since.elapsed()));
        }
    }
}

impl Proxy {
    fn counting(&self, tallies: Tallies) -> paceline::client::OnAttempt {
        let tally = Arc::clone(&self.tally);
        Box::new(move |attempt: AttemptReport| {
            tally.attempted(&attempt.reply);
            tallies.attempted(&attempt.reply);
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
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
