//! Whom the client trusts.

use std::sync::Arc;

use paceline::http::AttemptError;
use paceline::{Client, GiveUp, Uri};
use rcgen::CertifiedKey;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::platform::{client_of, failure_among_others, post, quick, read_request};

#[tokio::test]
async fn a_platform_with_a_trusted_certificate_is_spoken_to_on_one_connection() {
    let (url, certificate) = platform().await;
    let (client, scopes) = client_of(Client::builder().tls(trusting(certificate))).await;
    for _ in 0..3 {
        let response = client.call(post(url.clone(), scopes)).await.unwrap();
        assert_eq!(response.body, "1");
    }
}

#[tokio::test]
async fn a_platform_with_an_untrusted_certificate_is_told_nothing() {
    let (url, _) = platform().await;
    let (_, another) = platform().await;
    let (client, scopes) = client_of(Client::builder().machine(quick()).tls(trusting(another))).await;
    let error = failure_among_others(&client, scopes, post(url, scopes)).await;
    let given_up = error.given_up().unwrap();
    assert_eq!(given_up.why, GiveUp::Exhausted);
    let Some(AttemptError::Tls { source, .. }) = &given_up.detail else { panic!("{given_up:?}") };
    assert!(source.to_string().contains("certificate"), "{source}");
}

/// A platform that answers with the number of the connection, and the certificate that it shows.
async fn platform() -> (Uri, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config))));
    (url, cert.der().clone())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    for connection in 1.. {
        let Ok((tcp, _)) = listener.accept().await else { return };
        // A client that does not trust us hangs up here.
        let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{connection}");
        while read_request(&mut stream).await.is_some() {
            if stream.write_all(reply.as_bytes()).await.is_err() {
                break;
            }
        }
    }
}

fn trusting(certificate: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}
