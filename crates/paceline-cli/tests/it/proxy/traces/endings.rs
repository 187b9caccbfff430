//! How calls end that the platform does not answer, or not to the end.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::collector::{Answers, CLIENT, INTERNAL, SERVER, of_kind};
use super::stage::{PATIENCE, Stage, ok, refuses};
use crate::proxy::admin::site::exchange;
use crate::scripted::Answer;

#[tokio::test]
async fn a_call_that_we_refuse_says_why() {
    let stage = Stage::with(Answers::Takes, refuses(1), |plan| {
        plan.rules.patience = Duration::from_millis(200);
    })
    .await;
    let answered = stage.get("").await;
    assert!(answered.starts_with("HTTP/1.1 429") && answered.contains("paceline"), "{answered}");
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    let names = ["http.response.status_code", "paceline.answered_by", "error.type"];
    assert_eq!(call.said(names), ["429", "paceline", "patience"]);
    // A status below 500 is no error of whoever serves.
    assert!(!call.is_error);
    let [attempt] = of_kind(&told, CLIENT)[..] else { panic!("{told:#?}") };
    assert_eq!(attempt.says("paceline.outcome"), Some("throttled"));
}

#[tokio::test]
async fn a_call_that_cannot_be_sent_on_has_no_attempt() {
    let stage = Stage::new(ok).await;
    let text = "TRACE / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert!(exchange(stage.running.address(), text).await.starts_with("HTTP/1.1 405"));
    let (told, _) = stage.ended().await;
    let [call] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((call.name.as_str(), call.says("error.type")), ("TRACE", Some("refused")));
}

#[tokio::test]
async fn what_the_platform_says_is_passed_on_as_what_it_is() {
    let stage = Stage::new(|_| Answer::new(404, "no")).await;
    stage.get("").await;
    let (told, _) = stage.ended().await;
    let [call, attempt] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!(call.said(["http.response.status_code", "error.type"]), ["404", "-"]);
    assert_eq!(attempt.said(["paceline.outcome", "error.type"]), ["rejected", "404"]);
    assert!(attempt.is_error && !call.is_error);
}

#[tokio::test]
async fn a_client_that_goes_ends_its_call_and_the_attempt() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}", silent.local_addr().unwrap());
    let stage = Stage::with(Answers::Takes, ok, |plan| plan.rules.to = Some(to.parse().unwrap())).await;
    let mut client = TcpStream::connect(stage.running.address()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut platform, _) = silent.accept().await.unwrap();
    platform.read_u8().await.unwrap();
    drop(client);
    while stage.running.counts().hung_up == 0 {
        tokio::task::yield_now().await;
    }
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    let [attempt] = of_kind(&told, CLIENT)[..] else { panic!("{told:#?}") };
    assert_eq!((call.says("error.type"), attempt.says("error.type")), (Some("hung_up"), Some("hung_up")));
    assert!(call.is_error && attempt.is_error);
}

#[tokio::test]
async fn a_reply_that_breaks_off_is_no_whole_call() {
    let (platform, stage) = before_a_socket().await;
    let answering = async {
        let (mut stream, _) = platform.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    };
    let answered = tokio::join!(stage.get(""), answering).0;
    assert!(answered.ends_with("half"), "{answered}");
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!(call.said(["http.response.status_code", "error.type"]), ["200", "broken_off"]);
    assert!(call.is_error);
}

#[tokio::test]
async fn a_client_that_goes_before_the_last_byte_has_hung_up() {
    let (platform, stage) = before_a_socket().await;
    let mut client = TcpStream::connect(stage.running.address()).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (mut stream, _) = platform.accept().await.unwrap();
    stream.read_u8().await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    client.read_u8().await.unwrap();
    drop(client);
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!(call.said(["http.response.status_code", "error.type"]), ["200", "hung_up"]);
    assert!(call.is_error);
}

#[tokio::test]
async fn what_is_wrong_with_a_platform_is_wrong_with_the_call() {
    let stage = Stage::new(|_| Answer::new(501, "no")).await;
    stage.get("prefer: wait=0\r\n").await;
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!(call.said(["http.response.status_code", "error.type"]), ["501", "501"]);
    assert!(call.is_error);
}

#[tokio::test]
async fn a_reply_of_unknown_length_is_whole_at_its_end() {
    let (platform, stage) = before_a_socket().await;
    let answering = async {
        let (mut stream, _) = platform.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        let reply = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n\r\n";
        stream.write_all(reply).await.unwrap();
        stream
    };
    let (answered, _stream) = tokio::join!(stage.get(""), answering);
    assert!(answered.contains("half"), "{answered}");
    let (told, _) = stage.ended().await;
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!((call.says("error.type"), call.is_error), (None, false));
}

#[tokio::test]
async fn a_call_that_is_held_when_the_proxy_stops_says_so() {
    let stage = Stage::new(|_| Answer::new(429, "no").header("retry-after", "30")).await;
    let address = stage.running.address();
    let text = "GET / HTTP/1.1\r\nhost: x\r\nprefer: wait=60\r\nconnection: close\r\n\r\n";
    let call = tokio::spawn(async move { exchange(address, text).await });
    while stage.running.counts().refused == 0 {
        tokio::task::yield_now().await;
    }
    stage.running.drain(Duration::ZERO).await.unwrap();
    let answered = tokio::time::timeout(PATIENCE, call).await.unwrap().unwrap();
    assert!(answered.starts_with("HTTP/1.1 503"), "{answered}");
    let told = stage.collector.told();
    let [call] = of_kind(&told, SERVER)[..] else { panic!("{told:#?}") };
    assert_eq!(call.said(["error.type", "paceline.answered_by"]), ["draining", "paceline"]);
    assert!(call.is_error);
    // What it waited in vain is told, where it is worth it.
    assert!(of_kind(&told, INTERNAL).iter().all(|held| held.parent == call.id));
}

/// A platform that answers whatever the test writes.
async fn before_a_socket() -> (TcpListener, Stage) {
    let platform = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = format!("http://{}", platform.local_addr().unwrap());
    let stage = Stage::with(Answers::Takes, ok, |plan| plan.rules.to = Some(to.parse().unwrap())).await;
    (platform, stage)
}
