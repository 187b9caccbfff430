//! From a plan to a run that is ready to send: journal, machine, courier.

use std::sync::Arc;

use paceline::Client;
use paceline_core::{Config, ScopeKind, ScopeSet, Snapshot};
use tokio_util::sync::CancellationToken;

use super::courier::{Courier, Template};
use super::departure::Attempts;
use super::gates::{self, GateKeeper};
use super::inspection::{Inspection, StartError};
use super::intake::{Intake, IntakeSpec};
use super::keys::Keys;
use super::loading::Loader;
use super::plan::SyncPlan;
use crate::journal::{Binding, Journal, Open, Opened, Repeat, Resumed};
use crate::records::Location;
use crate::wall_clock::wall_now;

/// A run that is ready: nothing has been sent.
pub struct Started {
    pub(super) plan: Arc<SyncPlan>,
    pub(super) inspection: Inspection,
    pub(super) journal: Journal,
    pub(super) courier: Arc<Courier>,
    pub(super) loader: Loader,
    pub(super) intake: Intake,
    /// Whether the journal is new: then what is not read is still to do.
    pub(super) is_new: bool,
    /// What an earlier run left, for people.
    pub resumed: Option<Resumed>,
}

/// Opens the journal and gets everything ready.
///
/// # Errors
/// When the journal cannot be used, or the source cannot be opened.
pub async fn start(plan: SyncPlan, inspection: Inspection) -> Result<Started, StartError> {
    let plan = Arc::new(plan);
    let Opened { journal, salt, scopes, crashed_before, resumed } = open_journal(&plan, &inspection).await?;
    let gate_keeper = GateKeeper::new(&journal);
    let client = client(&plan, &gate_keeper);
    let credential = credential_name(&plan, &salt);
    let scope = (ScopeKind::Credential, credential.as_str());
    let snapshot = gates::snapshot(&scopes, crashed_before, scope, wall_now());
    let scope_set = limit(&plan, &client, &credential, snapshot).await?;
    let courier = courier(&plan, &journal, gate_keeper, client, scope_set, Keys::new(salt))?;
    let pending = resumed.as_ref().map(|resumed| resumed.batches.clone()).unwrap_or_default();
    let loader = Loader::new(&plan, &journal, Keys::new(salt), pending);
    let is_new = resumed.is_none();
    let intake = Intake::start(IntakeSpec {
        source: plan.source.clone(),
        key_field: plan.key.clone(),
        journal: journal.clone(),
        is_all_new: is_new && plan.key.is_none(),
    })?;
    Ok(Started { plan, inspection, journal, courier: Arc::new(courier), loader, intake, is_new, resumed })
}

async fn open_journal(plan: &SyncPlan, inspection: &Inspection) -> Result<Opened, StartError> {
    let binding = binding(plan, inspection);
    let path = plan.journal.path.clone();
    let mode = if plan.journal.start_over { Open::StartOver } else { Open::Resume };
    let repeat = if plan.is_repeatable() { Repeat::Safe } else { Repeat::Unsafe };
    let opening = tokio::task::spawn_blocking(move || Journal::open(&path, &binding, mode, repeat));
    Ok(opening.await.expect("opening a journal does not panic")?)
}

/// What the journal belongs to. The query of a URL may hold a secret: it only counts in the digest. Whether records share
/// calls counts too: a batch that may have been applied is not sent again record by record, each under a key of its own.
pub(super) fn binding(plan: &SyncPlan, inspection: &Inspection) -> Binding {
    let request = &plan.request;
    let url = request.url.as_str();
    let shown = url.split(['?', '#']).next().unwrap_or(url);
    let mut hasher = blake3::Hasher::new();
    let headers = request.headers.iter().flat_map(|(name, text)| [name.as_str(), text.text.as_str()]);
    let bodies = [&request.body, &request.batch_body];
    let bodies = bodies.into_iter().map(|body| body.as_ref().map_or("", |body| body.text.as_str()));
    for text in [request.method.as_str(), url].into_iter().chain(bodies).chain(headers) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    let source = match &plan.source.location {
        Location::Stdin => plan.source.location.to_string(),
        Location::File(path) => {
            std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string()
        }
    };
    let way = if plan.batch.is_some() { "batches" } else { "single calls" };
    Binding {
        source,
        fingerprint: inspection.fingerprint.clone(),
        key_field: plan.key.clone(),
        target: format!("{} {shown}", request.method),
        template: format!("{way} {}", &hasher.finalize().to_hex()[..32]),
    }
}

fn client(plan: &SyncPlan, gate_keeper: &GateKeeper) -> Client {
    let gate_keeper = gate_keeper.clone();
    let machine = Config {
        seed: fastrand::u64(..),
        max_waiting: usize::MAX, // the engine never has more calls than workers
        max_attempts: plan.retry.max_attempts.get(),
        ..Config::default()
    };
    let builder =
        Client::builder().machine(machine).timeouts(plan.timeouts).profile(Arc::clone(&plan.profile));
    builder.on_gate_closed(move |gate| gate_keeper.closed(&gate, wall_now())).build()
}

/// Sets what is known about limits, closes what was closed, and returns the scopes of this run's calls.
async fn limit(
    plan: &SyncPlan,
    client: &Client,
    credential: &str,
    snapshot: Snapshot,
) -> Result<ScopeSet, StartError> {
    let pacer = client.pacer();
    let credential = pacer.set_limits(ScopeKind::Credential, credential, plan.limits).await?;
    let mut scopes = ScopeSet::one(credential);
    for other in &plan.other_limits {
        scopes = scopes.with(pacer.set_limits(other.kind, &other.name, other.limits).await?);
    }
    pacer.restore(snapshot);
    Ok(scopes)
}

fn courier(
    plan: &SyncPlan,
    journal: &Journal,
    gates: GateKeeper,
    client: Client,
    scopes: ScopeSet,
    keys: Keys,
) -> Result<Courier, StartError> {
    Ok(Courier {
        client,
        journal: journal.clone(),
        gates,
        template: Template::compile(plan)?,
        credential: plan.credential.clone().map(Arc::new),
        scopes,
        keys,
        idempotency_header: plan.retry.idempotency_header.clone(),
        is_repeatable: plan.is_repeatable(),
        attempts: Arc::new(Attempts::default()),
        stop: CancellationToken::new(),
    })
}

fn credential_name(plan: &SyncPlan, salt: &[u8; 16]) -> String {
    plan.credential.as_ref().map_or_else(|| NOBODY.to_owned(), |credential| credential.scope_name(salt))
}

/// The limits of calls that name no credential.
const NOBODY: &str = "default";
