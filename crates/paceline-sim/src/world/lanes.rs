//! Whose calls they are, as the platform and the checker see them.

use paceline_core::ScopeKind;

use crate::platform::{Fingerprint, LimitConfig, Payload, Request};
use crate::scenario::{Callers, Scenario};
use crate::strategy::Lane;

/// All lanes of a world, and what each falls under.
#[derive(Debug)]
pub(super) struct Lanes {
    callers: Callers,
    lanes: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    lane: Lane,
    /// A key for each limit that its calls fall under.
    keys: Keys,
}

/// What a call is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    /// Whose call it is.
    pub(super) client: Fingerprint,
    /// The place of each limit that it falls under, and a name for its key there.
    pub(super) limits: Vec<(u32, Fingerprint)>,
}

impl Lanes {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let callers = scenario.callers;
        let mut lanes = Vec::new();
        for credential in 0..callers.credentials.get() {
            for integration in 0..callers.integrations.get() {
                for endpoint in 0..callers.endpoints.get() {
                    let lane = Lane { credential, integration, endpoint };
                    lanes.push(Known { lane, keys: keys(lane, &scenario.platform.limits) });
                }
            }
        }
        Self { callers, lanes }
    }

    pub(super) const fn count(&self) -> usize {
        self.lanes.len()
    }

    /// The lane of a record in a user's hand.
    pub(super) fn of(&self, user: u32, record: u64) -> u32 {
        let Callers { credentials, integrations, endpoints } = self.callers;
        let integration = user / credentials % integrations;
        let endpoint = record % u64::from(endpoints.get());
        let endpoint = u32::try_from(endpoint).expect("it is less than their number");
        (user % credentials * integrations.get() + integration) * endpoints.get() + endpoint
    }

    pub(super) fn lane(&self, index: u32) -> Lane {
        self.lanes[index as usize].lane
    }

    pub(super) fn keys(&self, index: u32) -> &Keys {
        &self.lanes[index as usize].keys
    }

    pub(super) fn request<'p>(&self, index: u32, payload: Payload<'p>) -> Request<'p> {
        let Lane { credential, integration, endpoint } = self.lane(index);
        Request {
            credential: named(credential),
            integration: named(integration),
            endpoint: named(endpoint),
            ..Request::bare(payload)
        }
    }
}

fn keys(lane: Lane, limits: &[LimitConfig]) -> Keys {
    let applies = |(place, limit): (u32, &LimitConfig)| {
        let whose = match limit.scope {
            ScopeKind::Tenant => 0,
            ScopeKind::Credential => lane.credential,
            ScopeKind::Integration => lane.integration,
            ScopeKind::Endpoint => lane.endpoint,
        };
        let is_narrow = matches!(limit.scope, ScopeKind::Integration | ScopeKind::Endpoint);
        let is_meant = !is_narrow || limit.only.is_none_or(|only| only == named(whose));
        is_meant.then(|| (place, Fingerprint::number(u64::from(place) << 32 | u64::from(whose))))
    };
    Keys { client: named(lane.credential), limits: (0..).zip(limits).filter_map(applies).collect() }
}

/// How the platform sees the credential, integration or endpoint of this number.
pub(super) fn named(index: u32) -> Fingerprint {
    Fingerprint::number(u64::from(index))
}
