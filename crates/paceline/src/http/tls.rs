//! Whom TLS trusts: the roots of the machine, read when the first `https` URL needs them.

use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

use super::target::TargetError;

/// A TLS configuration that is there when it is first needed.
#[derive(Debug)]
pub(crate) struct Tls {
    configs: OnceLock<Result<TlsConfigs, TargetError>>,
}

/// The same trust, with and without HTTP/2 on offer.
#[derive(Clone, Debug)]
pub(crate) struct TlsConfigs {
    pub(crate) any: Arc<ClientConfig>,
    /// For what only HTTP/1.1 can do.
    pub(crate) http1: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts what the machine trusts.
    pub(crate) const fn of_the_machine() -> Self {
        Self { configs: OnceLock::new() }
    }

    /// As the caller has it; what it offers by ALPN is offered.
    pub(crate) fn of(config: Arc<ClientConfig>) -> Self {
        Self { configs: OnceLock::from(Ok(TlsConfigs { http1: offering(&config, &[HTTP1]), any: config })) }
    }

    /// # Errors
    /// [`TargetError::NoRoots`] when the machine has no certificates to trust.
    pub(crate) fn configs(&self) -> Result<TlsConfigs, TargetError> {
        self.configs.get_or_init(read_roots).clone()
    }
}

fn offering(config: &ClientConfig, protocols: &[&[u8]]) -> Arc<ClientConfig> {
    let mut config = config.clone();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// Trusts what the machine trusts, and whoever is certified by one of `others`. Offers HTTP/2 and HTTP/1.1.
///
/// # Errors
/// When one of `others` is no certificate that can be trusted.
pub fn trusting_also(others: Vec<CertificateDer<'static>>) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for other in others {
        roots.add(other)?;
    }
    // A machine that trusts nobody is no reason not to trust these.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Ok(offering(&trusting(roots), &[HTTP2, HTTP1]))
}

fn read_roots() -> Result<TlsConfigs, TargetError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A machine's store often holds a few certificates that nothing can read; the others do.
    let (trusted, _unreadable) = roots.add_parsable_certificates(found.certs);
    if trusted == 0 {
        let why = found.errors.first().map_or_else(|| "its store is empty".to_owned(), ToString::to_string);
        return Err(TargetError::NoRoots(why.into()));
    }
    let config = trusting(roots);
    Ok(TlsConfigs { any: offering(&config, &[HTTP2, HTTP1]), http1: offering(&config, &[HTTP1]) })
}

fn trusting(roots: RootCertStore) -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// RFC 7301 6 and RFC 9113 3.2: the names of the protocols in ALPN.
pub(crate) const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";
