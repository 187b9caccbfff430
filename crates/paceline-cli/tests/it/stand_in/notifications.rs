//! WebSockets: opened, kept, counted, and closed upon.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use paceline_cli::platform::{NotificationTerms, StandIn, Surroundings, serve_in};
use paceline_sim::platform::PlatformConfig;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::wire::{Wire, only, start};

#[tokio::test]
async fn pings_are_answered_and_cost_no_quota() {
    let stand_in = start(only(1)).await;
    let mut socket = open(&stand_in).await.unwrap();
    for _ in 0..3 {
        socket.send(Message::Ping("are you there".into())).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("are you there".into()));
    }
    let mut wire = Wire::open(stand_in.address()).await;
    assert_eq!(wire.post("1").await.status, 201, "the only call of the hour is still there");
    let stats = wire.stats().await;
    let counts = ["notifications_opened", "notifications_open", "pongs"].map(|name| stats[name].clone());
    assert_eq!(counts, [json!(1), json!(1), json!(3)]);
    assert_eq!(stand_in.stats().arrivals, 1);
    drop(socket);
    while stand_in.notifications().notifications_open != 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_hears_heartbeats_and_is_closed_upon() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut socket = open(&stand_in).await.unwrap();
    let opened = Instant::now();
    let mut heartbeats = 0;
    let close = loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => {
                assert!(text.contains("Heartbeat"), "{text}");
                heartbeats += 1;
            }
            Message::Close(close) => break close.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((close.code, heartbeats), (CloseCode::Away, 9));
    assert_eq!(opened.elapsed().as_secs(), 300);
    assert!(socket.next().await.is_none());
    let stats = stand_in.notifications();
    assert_eq!((stats.notifications_idled, stats.notifications_opened), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_pings_is_held() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut socket = open(&stand_in).await.unwrap();
    for _ in 0..10 {
        tokio::time::advance(Duration::from_secs(299)).await;
        socket.send(Message::Ping("still here".into())).await.unwrap();
        while !socket.next().await.unwrap().unwrap().is_pong() {}
    }
    assert_eq!(stand_in.notifications().notifications_open, 1);
}

#[tokio::test(start_paused = true)]
async fn no_more_sockets_are_taken_than_there_are_places() {
    let notifications = NotificationTerms { at_most: 2, ..NotificationTerms::default() };
    let surroundings = Surroundings { notifications, ..Surroundings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stand_in = serve_in(surroundings, listener, PlatformConfig::default().into(), 1).unwrap();
    let (first, _second) = (open(&stand_in).await.unwrap(), open(&stand_in).await.unwrap());
    let tungstenite::Error::Http(refusal) = open(&stand_in).await.unwrap_err() else { panic!("it is HTTP") };
    assert_eq!(refusal.status(), 503);
    drop(first);
    while stand_in.notifications().notifications_open == 2 {
        tokio::task::yield_now().await;
    }
    open(&stand_in).await.unwrap();
    assert_eq!(stand_in.notifications().notifications_opened, 3);
}

#[tokio::test(start_paused = true)]
async fn what_opens_no_socket_is_told_why() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut wire = Wire::open(stand_in.address()).await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    let requests = [
        String::new(),
        "connection: upgrade\r\nupgrade: h2c\r\n".to_owned(),
        format!("{upgrade}sec-websocket-version: 13\r\n"),
        format!("{upgrade}sec-websocket-version: 8\r\nsec-websocket-key: x\r\n"),
    ];
    for headers in requests {
        let answer = wire.call("GET /notifications", &headers, "").await;
        assert_eq!((answer.status, &answer.json()["status"]), (400, &json!(400)), "{headers}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("this is where WebSockets are opened"), "{message}");
    }
    assert_eq!(wire.post("1").await.status, 201, "the connection is still good");
    assert_eq!(stand_in.notifications().notifications_opened, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_stand_in_ends_its_sockets() {
    let stand_in = start(PlatformConfig::default()).await;
    let mut socket = open(&stand_in).await.unwrap();
    stand_in.stop().await;
    assert!(!matches!(socket.next().await, Some(Ok(_))));
}

async fn open(stand_in: &StandIn) -> Result<WebSocketStream<TcpStream>, tungstenite::Error> {
    let stream = TcpStream::connect(stand_in.address()).await.unwrap();
    let url = format!("ws://{}/notifications", stand_in.address());
    Ok(client_async(url, stream).await?.0)
}
