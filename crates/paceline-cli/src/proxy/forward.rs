//! One call, from the client's request to the answer that it gets.

use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use paceline::client::{AttemptReport, Streamed};
use tokio::time::Instant;

use super::Proxy;
use super::board::{Seen, Tally};
use super::bounds::Share;
use super::clients::Client;
use super::departing::Departing;
use super::downstream::{Answer, Visitor};
use super::ending::End;
use super::own_answer::OwnAnswer;
use super::plan::Plan;
use super::tallies::Tallies;
use super::{compact, framing, hop, reply, traced, tunnel};
use crate::traces::CallSpans;

/// Answers `request`, whatever becomes of it. What its connection takes of those that may be is `seat`.
pub(super) async fn answer(
    proxy: Arc<Proxy>,
    visitor: Visitor,
    seat: Arc<Share>,
    mut request: Request<Incoming>,
) -> Response<Answer> {
    proxy.tally.saw(Seen::Offered);
    let spans = proxy.traces.as_ref().map(|traces| traced::begin(traces, &visitor, &request));
    let version = request.version();
    let asked = hop::upgrade(request.headers()).filter(|_| version == Version::HTTP_11);
    let downstream = asked.as_ref().map(|_| hyper::upgrade::on(&mut request));
    let ended = forward(&proxy, visitor, request, asked.clone(), spans.as_ref()).await;
    let passed = ended.and_then(|streamed| Ok(reply::pass_back(streamed, asked.as_ref())?));
    match passed {
        Ok((response, upstream)) => {
            if let (Some(downstream), Some(upstream)) = (downstream, upstream) {
                proxy.tasks.spawn(tunnel::join(downstream, upstream, seat, proxy.drained.clone()));
            }
            traced::pass_back(spans, response)
        }
        Err(End::Last(last)) => traced::pass_back(spans, reply::last(*last)),
        Err(End::Own(own)) => {
            traced::declined(spans.as_ref(), &own);
            declined(&proxy, &own)
        }
    }
}

fn declined(proxy: &Proxy, own: &OwnAnswer) -> Response<Answer> {
    proxy.tally.saw(Seen::Declined);
    own.response().map(|text| Answer::Own(Full::new(text)))
}

async fn forward(
    proxy: &Proxy,
    visitor: Visitor,
    request: Request<Incoming>,
    upgrade: Option<HeaderValue>,
    spans: Option<&CallSpans>,
) -> Result<Streamed, End> {
    let arrived = Instant::now();
    let (mut head, body) = request.into_parts();
    framing::check(&head)?;
    let is_ours = [Method::CONNECT, Method::TRACE].contains(&head.method);
    let is_asked_of_us = head.method == Method::OPTIONS && head.uri.path() == "*";
    if is_ours || hop::is_at_its_end(&head.method, &mut head.headers) || is_asked_of_us {
        return Err(OwnAnswer::to_method(&head.method).into());
    }
    let wants_trailers = hop::wants_trailers(&head.headers);
    // Before anything is made of them: what is not sent on must not decide about what is.
    hop::strip(&mut head.headers);
    let plan = Plan::of(proxy, &visitor, &head, spans).await?;
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
    let ended = send(proxy, head, body, plan, arrived, spans).await;
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
    spans: Option<&CallSpans>,
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
    if let Some(spans) = spans {
        spans.watch(&mut call, plan.is_paced);
    }
    let streaming = async {
        match plan.is_paced {
            true => proxy.client.stream(call).await,
            false => proxy.client.stream_unpaced(call).await,
        }
    };
    let ended = tokio::select! {
        ended = streaming => ended.map_err(|error| End::of(proxy, error)),
        () = proxy.drained.cancelled() => Err(End::cut_off(proxy, &departing, plan.is_paced)),
    };
    held.is_over = true;
    drop(taken.share);
    ended
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

/// A call that nothing holds departs within this time on the busiest machine.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(100);
