//! Whose certificates are trusted: the user's own authority is, once it is named.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::program::Desk;

/// A platform that answers every call with 200, its URL, and the authority that has signed it.
async fn signed_platform() -> (String, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let own =
        rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(answer_all(listener, TlsAcceptor::from(Arc::new(server))));
    (url, root.pem())
}

async fn answer_all(listener: TcpListener, tls: TlsAcceptor) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        // Who trusts nobody here ends its handshake.
        let Ok(mut stream) = tls.accept(stream).await else { continue };
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") && stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {}
        let _ =
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
        let _ = stream.shutdown().await;
    }
}

#[tokio::test]
async fn an_authority_of_the_user_s_own_is_trusted_once_it_is_named() {
    let (url, root) = signed_platform().await;
    let (_, another) = signed_platform().await;
    let desk = Desk::new();
    desk.put("own.pem", &root);
    desk.put("another.pem", &another);
    let to = ["--to", url.as_str()];
    for (named, is_trusted) in
        [(&[][..], false), (&["--ca", "another.pem"], false), (&["--ca", "own.pem"], true)]
    {
        let program = desk.start(&[&to, named].concat()).await;
        let mut caller = program.caller().await;
        caller.get("prefer: wait=1\r\n").await;
        let answer = caller.answer().await;
        assert_eq!(
            (answer.status == 200, answer.is_ours()),
            (is_trusted, !is_trusted),
            "{named:?}: {answer:?}"
        );
    }
}
