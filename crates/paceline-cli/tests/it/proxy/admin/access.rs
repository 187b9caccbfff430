//! Who is answered, and how much is listened to.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::asking::{ask, said};
use super::site::{Site, only};

#[tokio::test]
async fn with_a_token_only_who_has_it_is_told() {
    let site = Site::open(only(1), Some("sesame")).await;
    for path in ["/", "/status", "/metrics", "/nothing"] {
        let refused = site.ask(path).await;
        assert_eq!(refused.status, 401, "{path}");
        let schemes = refused.headers("www-authenticate");
        assert!(schemes[0].starts_with("basic ") && schemes[1].starts_with("bearer "), "{schemes:?}");
    }
    // `:sesame`, in base 64.
    for right in ["Bearer sesame", "Basic OnNlc2FtZQ=="] {
        let header = format!("authorization: {right}\r\nhost: proxy.example\r\n");
        assert_eq!(ask(site.admin, "GET /status", &header).await.status, 200, "{right}");
    }
    assert_eq!(ask(site.admin, "GET /status", "authorization: Bearer sesam\r\n").await.status, 401);
    for open in ["/healthz", "/readyz"] {
        assert_eq!(site.ask(open).await.status, 200, "{open}");
    }
}

#[tokio::test]
async fn without_a_token_a_name_of_somebody_else_is_refused() {
    let site = Site::open(only(1), None).await;
    for path in ["/", "/status", "/metrics"] {
        let refused = ask(site.admin, &format!("GET {path}"), "host: rebound.example\r\n").await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(ask(site.admin, &format!("GET {path}"), "host: localhost\r\n").await.status, 200);
    }
    assert_eq!(ask(site.admin, "GET http://rebound.example/status", "").await.status, 403);
}

#[tokio::test]
async fn it_tells_and_takes_nothing() {
    let site = Site::open(only(1), None).await;
    for method in ["POST", "DELETE", "OPTIONS"] {
        let refused = ask(site.admin, &format!("{method} /status"), "").await;
        assert_eq!((refused.status, refused.headers("allow")), (405, vec!["get, head"]), "{method}");
    }
    assert_eq!(site.ask("/stats").await.status, 404);
    let asked = ask(site.admin, "HEAD /status", "").await;
    assert_eq!((asked.status, asked.body.as_str()), (200, ""));
    let refused = ask(site.admin, "GET /status", "content-length: 1000000000\r\n").await;
    assert_eq!(refused.status, 413);
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let site = Site::open(only(1), None).await;
    let headers: String = (0..2_000).map(|number| format!("x-{number}: {number:>20}\r\n")).collect();
    let mut stream = TcpStream::connect(site.admin).await.unwrap();
    // It may be cut off before all of it is said.
    let _ = stream
        .write_all(format!("GET /status HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").as_bytes())
        .await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let status = String::from_utf8_lossy(&answer).get(9..12).map(str::to_owned);
    assert!(status.as_deref().is_none_or(|status| status == "431"), "{status:?}");
    assert_eq!(site.ask("/healthz").await.status, 200);
}

#[tokio::test]
async fn nothing_is_kept_guessed_or_framed() {
    let site = Site::open(only(1), None).await;
    for path in ["/", "/status", "/metrics", "/healthz", "/nothing"] {
        let answer = site.ask(path).await;
        assert_eq!(answer.headers("cache-control"), ["no-store"], "{path}");
        assert_eq!(answer.headers("x-content-type-options"), ["nosniff"], "{path}");
        let policy = answer.headers("content-security-policy").concat();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.ends_with("frame-ancestors 'none'"), "{path}: {policy}");
    }
    let types = ["/", "/status", "/metrics"].map(|path| site.ask(path));
    let types = futures_util::future::join_all(types).await;
    let types: Vec<_> = types.iter().map(|answer| answer.headers("content-type").concat()).collect();
    assert_eq!(
        types,
        ["text/html; charset=utf-8", "application/json", "text/plain; version=0.0.4; charset=utf-8"]
    );
}

#[tokio::test]
async fn the_page_is_whole_and_its_scripts_have_the_number_of_its_policy() {
    let site = Site::open(only(1), None).await;
    let (page, other) = (site.ask("/").await, site.ask("/").await);
    let policy = page.headers("content-security-policy").concat();
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    let scripts = page.body.matches("<script").count();
    assert!(scripts > 3);
    assert_eq!(page.body.matches(&format!("<script nonce=\"{nonce}\">")).count(), scripts);
    assert!(!other.body.contains(nonce), "every page has another");
    for outside in ["src=", "@import", "url("] {
        assert!(!page.body.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn what_is_no_http_ends_its_connection_and_nothing_else() {
    let site = Site::open(only(1), None).await;
    assert_eq!(said(site.admin, "hello\r\n\r\n").await.status, 400);
    assert_eq!(site.ask("/healthz").await.status, 200);
}
