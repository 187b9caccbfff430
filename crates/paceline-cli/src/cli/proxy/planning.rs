//! From settings to what a proxy needs to know.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use paceline_core::{Limits, ScopeKind};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ServerConfig};

use super::flags::ProxyArgs;
use super::{CommandError, tracing};
use crate::proxy::{LimitsOf, ProxyBounds, ProxyPlan};
use crate::settings::{Loaded, Settings};

/// The proxy that flags and settings describe.
pub(super) fn plan(args: &ProxyArgs, loaded: &Loaded) -> Result<ProxyPlan, CommandError> {
    let settings = &loaded.settings;
    let proxy = &settings.proxy;
    check_upstream(loaded)?;
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(cert), Some(key)) => Some(Arc::new(server_config(cert, key)?)),
        _ => None,
    };
    let mut profile = settings.profile.clone();
    if settings.target.profile.is_none() {
        // Of a platform that nobody has described, a 403 is the call's own fault.
        profile.ban_after_refusal = false;
    }
    Ok(ProxyPlan {
        rules: proxy.rules.clone(),
        profile: Arc::new(profile),
        timeouts: settings.target.timeouts,
        limits: limits(settings.clone()),
        has_ceiling: has_ceiling(settings),
        max_attempts: settings.retry.max_attempts,
        bounds: ProxyBounds {
            max_waiting: proxy.max_waiting.get(),
            max_body: proxy.max_body.0,
            max_held: proxy.max_held.0,
            max_connections: proxy.max_connections.get() as u64,
            head_timeout: HEAD_TIMEOUT,
            body_timeout: BODY_TIMEOUT,
        },
        state: proxy.state.clone(),
        traces: tracing::plan(&settings.traces)?,
        tls,
        upstream_tls: args.ca.as_deref().map(trusting_also).transpose()?,
    })
}

/// Whether there is anywhere to send calls to.
pub(super) fn check_upstream(loaded: &Loaded) -> Result<(), CommandError> {
    let rules = &loaded.settings.proxy.rules;
    let is_anywhere = rules.to.is_some() || rules.routes.iter().any(|route| route.to.is_some());
    if is_anywhere { Ok(()) } else { Err(CommandError::NoUpstream) }
}

/// The limits that are configured for each scope; the user's ceilings are those of the tenant.
pub(super) fn limits(settings: Settings) -> LimitsOf {
    Box::new(move |kind, name| {
        let named = settings.limits.iter().filter(|limit| limit.kind == kind);
        let mut fitting = named.filter(|limit| limit.name.as_deref().is_none_or(|own| own == name));
        let limits = fitting.next().map_or_else(Limits::default, |limit| limit.known_limits(&settings.run));
        match kind {
            ScopeKind::Tenant => settings.run.with_ceilings(limits),
            ScopeKind::Credential => settings.run.with_reserve(limits),
            ScopeKind::Integration | ScopeKind::Endpoint => limits,
        }
    })
}

/// Whether a ceiling of the user's holds for all calls together.
pub(super) fn has_ceiling(settings: &Settings) -> bool {
    let run = &settings.run;
    let of_tenant = settings.limits.iter().any(|limit| limit.kind == ScopeKind::Tenant);
    of_tenant || run.max_rate.is_some() || run.max_in_flight.is_some()
}

fn server_config(cert: &Path, key: &Path) -> Result<ServerConfig, CommandError> {
    let chain = certificates(cert)?;
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| unusable(cert, error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Whom the platform's certificate may be from: what the machine trusts, and those of a file.
fn trusting_also(path: &Path) -> Result<Arc<ClientConfig>, CommandError> {
    paceline::http::trusting_also(certificates(path)?).map_err(|error| unusable(path, error.to_string()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CommandError> {
    let found: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(path)
        .and_then(|found| found.collect())
        .map_err(|error| unusable(path, error.to_string()))?;
    if found.is_empty() {
        return Err(unusable(path, "it holds no certificate".to_owned()));
    }
    Ok(found)
}

fn unusable(path: &Path, why: String) -> CommandError {
    CommandError::Tls { path: path.to_owned(), why }
}

/// A token from a file, without the line break that editors leave.
pub(super) fn read_token(path: &Path) -> Result<String, CommandError> {
    let text = std::fs::read_to_string(path);
    let token = text.map_err(|source| CommandError::Token { path: path.to_owned(), source })?;
    let token = token.trim().to_owned();
    if token.is_empty() {
        let source = io::Error::other("it is empty");
        return Err(CommandError::Token { path: path.to_owned(), source });
    }
    Ok(token)
}

/// Longer than the keep-alive of clients is idle, short enough that nobody holds connections for nothing.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
