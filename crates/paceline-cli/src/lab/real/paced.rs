//! The product as a player: `paceline::Client`, one call for each call of a user.

use std::collections::HashMap;
use std::net::SocketAddr;

use paceline::{CallError, Client, Method, Request, ScopeId, ScopeKind, ScopeSet};
use paceline_core::{CallId, Cost, GiveUp, OnUncertain};
use paceline_sim::scenario::Callers;
use paceline_sim::strategy::{Fate, Lane, Submission};

use super::Paceline;
use super::message::Message;
use super::tally::Watch;

/// A client, and the scopes of its calls.
#[derive(Debug)]
pub(super) struct Paced {
    client: Client,
    address: SocketAddr,
    kinds: Vec<ScopeKind>,
    scopes: HashMap<(ScopeKind, u32), ScopeId>,
    watch: Watch,
}

impl Paced {
    /// A client of the platform at `address`, with a scope for whatever `callers` have of each kind.
    pub(super) async fn start(
        settings: Paceline,
        callers: Callers,
        address: SocketAddr,
        watch: Watch,
    ) -> Self {
        assert!(!settings.limits.is_empty(), "a call falls under at least one scope");
        let client = Client::builder().machine(settings.machine).build();
        let mut scopes = HashMap::new();
        for &(kind, limits) in &settings.limits {
            for index in 0..count(kind, callers) {
                let named = client.pacer().set_limits(kind, &index.to_string(), limits).await;
                scopes.insert((kind, index), named.expect("its pacer runs as long as the client"));
            }
        }
        let kinds = settings.limits.iter().map(|&(kind, _)| kind).collect();
        Self { client, address, kinds, scopes, watch }
    }

    /// What brings a call through, and says how it ended.
    pub(super) fn call(
        &self,
        submission: &Submission,
        message: Message,
    ) -> impl Future<Output = (CallId, Fate)> + use<> {
        let (client, call, request) =
            (self.client.clone(), submission.call, self.request(submission, message));
        async move {
            let fate = match client.call(request).await {
                Ok(_) => Fate::Delivered,
                Err(CallError::GaveUp(given_up)) => Fate::GivenUp(given_up.why),
                Err(_) => Fate::GivenUp(GiveUp::Cancelled),
            };
            (call, fate)
        }
    }

    fn request(&self, submission: &Submission, message: Message) -> Request {
        let uri = format!("http://{}{}", self.address, message.path);
        let uri = uri.parse().expect("an address and a path make a URL");
        let watch = self.watch.clone();
        Request {
            headers: message.headers,
            body: message.body.into(),
            cost: Cost(submission.cost.0),
            on_uncertain: if submission.is_repeatable { OnUncertain::Retry } else { OnUncertain::Hold },
            on_attempt: Some(Box::new(move |report| watch.note(&report.reply))),
            ..Request::new(Method::POST, uri, self.scopes(submission.lane))
        }
    }

    fn scopes(&self, lane: Lane) -> ScopeSet {
        let mut ids = self.kinds.iter().map(|&kind| self.scopes[&(kind, index(kind, lane))]);
        let first = ids.next().expect("there is at least one kind");
        ids.fold(ScopeSet::one(first), ScopeSet::with)
    }
}

/// How many scopes of a kind there are.
const fn count(kind: ScopeKind, callers: Callers) -> u32 {
    match kind {
        ScopeKind::Tenant => 1,
        ScopeKind::Credential => callers.credentials.get(),
        ScopeKind::Integration => callers.integrations.get(),
        ScopeKind::Endpoint => callers.endpoints.get(),
    }
}

/// Which of them a lane's calls fall under.
const fn index(kind: ScopeKind, lane: Lane) -> u32 {
    match kind {
        ScopeKind::Tenant => 0,
        ScopeKind::Credential => lane.credential,
        ScopeKind::Integration => lane.integration,
        ScopeKind::Endpoint => lane.endpoint,
    }
}
