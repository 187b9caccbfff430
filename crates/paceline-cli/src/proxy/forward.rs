//! One call, from the client's request to the answer that it gets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, Version};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
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
use super::resting::Rest;
use super::tallies::Tallies;
use super::{compact, framing, hop, reply, traced, tunnel};
use crate::traces::CallSpans;

/// Answers `request`, whatever becomes of it. What its connection takes of those that may be is `seat`,
/// and `rest` that it may rest while the call waits.
///
/// Part by part, each in a box that is gone when it is over: a call that waits makes room for its wait alone.
pub(super) fn answer(
    proxy: Arc<Proxy>,
    visitor: Visitor,
    seat: Arc<Share>,
    mut request: Request<Incoming>,
    rest: Option<Rest>,
) -> impl Future<Output = Response<Answer>> + Send {
    proxy.tally.saw(Seen::Offered);
    // From here: what nobody polls was offered, too.
    let coming = Coming { tally: Arc::clone(&proxy.tally), is_early: true };
    let spans = proxy.traces.as_ref().map(|traces| traced::begin(traces, &visitor, &request));
    let upgrading = Upgrading::asked(&mut request, seat).map(Box::new);
    let asked = upgrading.as_ref().map(|upgrading| upgrading.asked.clone());
    let taking_in =
        Box::pin(take_in(Arc::clone(&proxy), visitor, request, asked, rest, coming, spans.clone()));
    async move {
        let ended = match taking_in.await {
            Ok(admitted) => forward(&proxy, admitted).await,
            Err(end) => Err(end),
        };
        let asked = upgrading.as_ref().map(|upgrading| &upgrading.asked);
        let passed = ended.and_then(|streamed| Ok(reply::pass_back(streamed, asked)?));
        match passed {
            Ok((response, upstream)) => {
                if let (Some(upgrading), Some(upstream)) = (upgrading, upstream) {
                    let Upgrading { downstream, seat, .. } = *upgrading;
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
}

fn declined(proxy: &Proxy, own: &OwnAnswer) -> Response<Answer> {
    proxy.tally.saw(Seen::Declined);
    own.response().map(|text| Answer::Own(Full::new(text)))
}

/// A connection that its client wants to become something else.
struct Upgrading {
    asked: HeaderValue,
    downstream: OnUpgrade,
    seat: Arc<Share>,
}

impl Upgrading {
    fn asked(request: &mut Request<Incoming>, seat: Arc<Share>) -> Option<Self> {
        let asked = hop::upgrade(request.headers()).filter(|_| request.version() == Version::HTTP_11)?;
        Some(Self { asked, downstream: hyper::upgrade::on(request), seat })
    }
}

/// A call that is taken in, ready to be sent.
struct Admitted {
    call: Box<paceline::Request>,
    held: Held,
    departing: Departing,
    is_paced: bool,
    /// What its body takes of what may be held.
    share: Option<Share>,
}

/// From a request to a call.
async fn take_in(
    proxy: Arc<Proxy>,
    visitor: Visitor,
    request: Request<Incoming>,
    upgrade: Option<HeaderValue>,
    rest: Option<Rest>,
    mut coming: Coming,
    spans: Option<CallSpans>,
) -> Result<Admitted, End> {
    // What goes wrong here is answered.
    coming.is_early = false;
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
    coming.is_early = true;
    let plan = Plan::of(&proxy, &visitor, &head, spans.as_ref()).await;
    coming.is_early = false;
    let plan = plan?;
    let headers = &mut head.headers;
    hop::join_cookies(headers);
    hop::add_forwarded(headers, head.version, head.uri.authority(), &visitor.address, visitor.is_tls);
    if let Some(protocol) = upgrade {
        hop::set_upgrade(headers, protocol);
    }
    if wants_trailers {
        hop::set_wants_trailers(headers);
    }
    plan.tallies.saw(Seen::Offered);
    let mut admitted = admit(&proxy, head, body, plan, rest, arrived).await?;
    if let Some(spans) = spans {
        spans.watch(&mut admitted.call, admitted.is_paced);
    }
    Ok(admitted)
}

/// Reads the body of a call, and makes of it what is sent.
async fn admit(
    proxy: &Proxy,
    head: Parts,
    body: Incoming,
    plan: Plan,
    rest: Option<Rest>,
    arrived: Instant,
) -> Result<Admitted, OwnAnswer> {
    let mut held = Held::new(proxy, &plan, arrived);
    let is_small = proxy.is_crowded();
    let taken = tokio::select! {
        biased;
        taken = proxy.intake.take(body, is_small) => taken,
        () = proxy.drained.cancelled() => Err(OwnAnswer::Draining),
    };
    let taken = taken.inspect_err(|_| held.decline())?;
    held.is_held = true;
    // hyper has more to read else.
    let rest = rest.filter(|_| taken.is_whole());
    let (method, headers) = compact::head(head, is_small);
    let mut call = Box::new(paceline::Request::new(method, plan.uri, plan.scopes));
    (call.headers, call.body) = (headers, taken.body);
    (call.client, call.cost, call.on_uncertain) = (plan.client.id(), plan.cost, plan.on_uncertain);
    (call.weight, call.priority) = (plan.weight, plan.priority);
    // However long its body took: where nothing holds it, it goes.
    call.deadline = Some((arrived + plan.patience).max(Instant::now() + SHORTEST_PATIENCE));
    call.decline_late = true;
    let departing = Departing::new(&proxy.tally, plan.tallies.clone(), rest, plan.is_paced);
    call.on_attempt = Some(departing.after(proxy.counting(plan.tallies)));
    call.before_departure = Some(departing.before(proxy.state.as_ref()));
    Ok(Admitted { call, held, departing, is_paced: plan.is_paced, share: taken.share })
}

/// From a call to the platform's reply.
async fn forward(proxy: &Proxy, admitted: Admitted) -> Result<Streamed, End> {
    let Admitted { call, mut held, departing, is_paced, share } = admitted;
    let streaming = match is_paced {
        true => Either::Left(proxy.client.stream(*call)),
        false => Either::Right(proxy.client.stream_unpaced(*call)),
    };
    let ended = tokio::select! {
        ended = streaming => ended.map_err(|error| End::of(proxy, error)),
        () = proxy.drained.cancelled() => Err(End::cut_off(proxy, &departing, is_paced)),
    };
    drop(share);
    held.is_over = true;
    match &ended {
        Ok(streamed) => {
            held.client.waited(streamed.held);
            proxy.timings.saw(streamed);
            let micros = u64::try_from(streamed.held.as_micros()).unwrap_or(u64::MAX);
            proxy.tally.held(micros);
            held.tallies.held(micros);
        }
        Err(End::Own(_)) => held.decline(),
        Err(End::Last(_)) => {}
    }
    ended
}

/// Knows when a client goes before anybody knows who it is.
struct Coming {
    tally: Arc<Tally>,
    /// Whether nothing has been made of its call yet.
    is_early: bool,
}

impl Drop for Coming {
    fn drop(&mut self) {
        if self.is_early {
            self.tally.saw(Seen::HungUp);
        }
    }
}

/// Knows when a client goes before its call is over.
struct Held {
    tally: Arc<Tally>,
    client: Arc<Client>,
    tallies: Tallies,
    since: Instant,
    /// Whether it is the proxy that is waited for.
    is_held: bool,
    is_over: bool,
}

impl Held {
    fn new(proxy: &Proxy, plan: &Plan, since: Instant) -> Self {
        let (tally, client, tallies) =
            (Arc::clone(&proxy.tally), Arc::clone(&plan.client), plan.tallies.clone());
        Self { tally, client, tallies, since, is_held: false, is_over: false }
    }

    /// The proxy answers by itself.
    fn decline(&mut self) {
        self.is_over = true;
        self.tallies.saw(Seen::Declined);
    }
}

impl Drop for Held {
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
