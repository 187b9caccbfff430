//! What is made of a call before it is sent: where it goes, whose it is, and how it is paced.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode, Uri};
use paceline_core::{Cost, OnUncertain, Priority, ScopeSet, Weight};

use super::clients::Client;
use super::downstream::Visitor;
use super::own_answer::OwnAnswer;
use super::rules::{ClientBy, Routed, Rules, SentPath, safe_name};
use super::scopes::Names;
use super::tallies::Tallies;
use super::{Proxy, patience, traced};
use crate::traces::CallSpans;

/// What is known of a call before it is sent.
pub(super) struct Plan {
    pub(super) uri: Uri,
    pub(super) is_paced: bool,
    pub(super) scopes: ScopeSet,
    pub(super) client: Arc<Client>,
    pub(super) tallies: Tallies,
    pub(super) cost: Cost,
    pub(super) weight: Weight,
    pub(super) priority: Priority,
    pub(super) patience: Duration,
    pub(super) on_uncertain: OnUncertain,
}

impl Plan {
    /// From the head of a request.
    ///
    /// # Errors
    /// The answer to a call that cannot be sent on.
    pub(super) async fn of(
        proxy: &Proxy,
        visitor: &Visitor,
        head: &Parts,
        spans: Option<&CallSpans>,
    ) -> Result<Self, OwnAnswer> {
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
        let mut everyone = proxy.everyone().map(Cow::from);
        if rules.to.as_ref() != Some(to) {
            // Another platform has limits of its own, and what it asks for binds nobody who calls this one.
            let platform = uri.authority().map_or("", |authority| authority.as_str());
            credential = format!("{credential}@{platform}");
            everyone = everyone.map(|name| format!("{name}@{platform}").into());
        }
        let names = Names::new(&ruled, credential, everyone);
        if let Some(spans) = spans {
            traced::plan(spans, &head.method, &uri, &names);
        }
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
        Ok(Self { uri, is_paced, scopes, client, tallies, cost, weight, priority, patience, on_uncertain })
    }
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
            .and_then(|value| safe_name(value.as_bytes()))
            .map_or_else(|| NOBODY.to_owned(), |name| name.into_owned()),
    }
}

/// Who sends nothing by which it could be told apart.
pub(super) const NOBODY: &str = "anonymous";
/// The longest that a client can ask for.
const LONGEST_PATIENCE: Duration = Duration::from_secs(3_600);
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
