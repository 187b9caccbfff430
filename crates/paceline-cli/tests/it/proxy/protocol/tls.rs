//! TLS on both sides, with certificates that only the test trusts.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::stage::{GET, OK, Stage, plan, start};
use super::wire::Wire;

/// Who is at 127.0.0.1, and how that is known.
pub(super) struct Identity {
    pub(super) server: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
}

impl Identity {
    /// One that offers these protocols by ALPN.
    pub(super) fn offering(protocols: &[&str]) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key)
            .unwrap();
        server.alpn_protocols = names(protocols);
        Self { server: Arc::new(server), certificate }
    }

    /// What who trusts it has, speaking these protocols.
    pub(super) fn trusted(&self, protocols: &[&str]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let mut client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        client.alpn_protocols = names(protocols);
        Arc::new(client)
    }
}

fn names(protocols: &[&str]) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// The other end of a connection to who has `identity`.
pub(super) async fn accept(identity: &Identity, tcp: TcpStream) -> Option<Wire> {
    let stream = TlsAcceptor::from(Arc::clone(&identity.server)).accept(tcp).await.ok()?;
    Some(Wire::new(stream))
}

#[tokio::test]
async fn a_platform_is_spoken_to_over_tls() {
    let identity = Identity::offering(&["http/1.1"]);
    let also = paceline::http::trusting_also(vec![identity.certificate.clone()]).unwrap();
    for trusted in [identity.trusted(&["h2", "http/1.1"]), also] {
        let stage = Stage::secure(trusted).await;
        let mut client = stage.client().await;
        client.say(GET).await;
        let mut platform = accept(&identity, stage.platform_tcp().await).await.unwrap();
        let asked = platform.message().await;
        assert_eq!(asked.of("host"), stage.platform_address());
        assert_eq!(asked.of("x-forwarded-proto"), "http");
        platform.say(OK).await;
        assert_eq!(client.message().await.body, "ok");
    }
}

#[tokio::test]
async fn a_platform_that_nobody_vouches_for_is_told_nothing() {
    let (identity, another) = (Identity::offering(&[]), Identity::offering(&[]));
    let stage = Stage::secure(another.trusted(&[])).await;
    let mut client = stage.client().await;
    client.say(GET.replace("host: here", "host: here\r\nprefer: wait=1")).await;
    assert!(accept(&identity, stage.platform_tcp().await).await.is_none());
    // It is no reason to give up at once: the next address of its name may be the right one.
    let answer = loop {
        tokio::select! {
            answer = client.message() => break answer,
            tcp = stage.platform_tcp() => assert!(accept(&identity, tcp).await.is_none()),
        }
    };
    assert!([429, 502].contains(&answer.status()), "{answer:?}");
    assert!(answer.has("proxy-status"));
}

#[tokio::test]
async fn clients_are_spoken_to_over_tls() {
    let identity = Identity::offering(&["h2", "http/1.1"]);
    let stage = Stage::with(|plan| plan.tls = Some(Arc::clone(&identity.server))).await;
    for protocols in [&["http/1.1"][..], &[]] {
        let connector = TlsConnector::from(identity.trusted(protocols));
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut client = Wire::new(connector.connect(name, stage.tcp().await).await.unwrap());
        client.say(GET.replace("/a", "/tls").replace("here\r\n", "here\r\nconnection: close\r\n")).await;
        let mut platform = stage.platform().await;
        assert_eq!(platform.message().await.of("x-forwarded-proto"), "https");
        platform.say(OK.replace("200 OK\r\n", "200 OK\r\nconnection: close\r\n")).await;
        assert_eq!(client.message().await.body, "ok");
        assert_eq!(client.rest().await, "");
    }
}

#[tokio::test]
async fn who_speaks_no_tls_where_tls_is_wanted_is_hung_up_on() {
    let identity = Identity::offering(&["h2", "http/1.1"]);
    let mut plan = plan("http://127.0.0.1:9");
    plan.tls = Some(Arc::clone(&identity.server));
    let running = start(plan).await;
    let mut client = Wire::new(TcpStream::connect(running.address()).await.unwrap());
    client.say(GET).await;
    // An alert, which is no text.
    while client.raw(1).await.is_some() {}
    assert_eq!(running.counts().offered, 0);
}

#[tokio::test]
async fn who_begins_no_handshake_is_left_and_blocks_nobody() {
    let identity = Identity::offering(&["http/1.1"]);
    let stage = Stage::with(|plan| {
        plan.tls = Some(Arc::clone(&identity.server));
        plan.bounds.head_timeout = Duration::from_secs(2);
    })
    .await;
    let mut silent = Vec::new();
    for begun in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01"].into_iter().cycle().take(60) {
        let mut client = stage.client().await;
        client.say(begun).await;
        silent.push(client);
    }
    let connector = TlsConnector::from(identity.trusted(&["http/1.1"]));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut client = Wire::new(connector.connect(name, stage.tcp().await).await.unwrap());
    client.say(GET).await;
    let mut platform = stage.platform().await;
    platform.message().await;
    platform.say(OK).await;
    assert_eq!(client.message().await.body, "ok");
    for mut client in silent {
        assert_eq!(client.raw(1).await, None, "nothing is said, and it ends");
    }
}
