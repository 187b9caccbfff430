//! Whom TLS trusts: the roots of the machine, read when the first `https` URL needs them.

use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use super::target::TargetError;

/// A TLS configuration that is there when it is first needed.
#[derive(Debug)]
pub(crate) struct Tls {
    config: OnceLock<Result<Arc<ClientConfig>, TargetError>>,
}

impl Tls {
    /// Trusts what the machine trusts.
    pub(crate) const fn of_the_machine() -> Self {
        Self { config: OnceLock::new() }
    }

    pub(crate) fn of(config: Arc<ClientConfig>) -> Self {
        Self { config: OnceLock::from(Ok(config)) }
    }

    /// # Errors
    /// [`TargetError::NoRoots`] when the machine has no certificates to trust.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, TargetError> {
        self.config.get_or_init(read_roots).clone()
    }
}

fn read_roots() -> Result<Arc<ClientConfig>, TargetError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A machine's store often holds a few certificates that nothing can read; the others do.
    let (trusted, _unreadable) = roots.add_parsable_certificates(found.certs);
    if trusted == 0 {
        let why = found.errors.first().map_or_else(|| "its store is empty".to_owned(), ToString::to_string);
        return Err(TargetError::NoRoots(why.into()));
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
