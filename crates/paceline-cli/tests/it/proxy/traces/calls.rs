//! A call, its attempt, and whose part they are.

use super::collector::{CLIENT, SERVER, of_kind};
use super::stage::{Stage, get, ok, plan, running};
use crate::scripted::Scripted;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn an_attempt_is_part_of_its_call_and_the_call_of_what_its_client_names() {
    let stage = Stage::new(ok).await;
    assert!(
        stage.get(&format!("traceparent: {PARENT}\r\ntracestate: a=1\r\n")).await.starts_with("HTTP/1.1 200")
    );
    let (told, asked) = stage.ended().await;
    let [call, attempt] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((call.kind, call.trace.as_str(), call.parent.as_str()), (SERVER, TRACE, "b7ad6b7169203331"));
    assert_eq!((attempt.kind, attempt.trace.as_str(), &attempt.parent), (CLIENT, TRACE, &call.id));
    assert_eq!((call.state.as_str(), attempt.state.as_str()), ("a=1", "a=1"));
    assert!(call.start <= attempt.start && attempt.end <= call.end, "{told:#?}");
    // What the platform makes of it hangs below the attempt.
    let [headers] = asked.iter().map(|asked| &asked.headers).collect::<Vec<_>>()[..] else {
        panic!("{asked:?}")
    };
    assert_eq!(headers["traceparent"], format!("00-{TRACE}-{}-01", attempt.id));
    assert_eq!(headers["tracestate"], "a=1");
}

#[tokio::test]
async fn a_call_that_is_part_of_nothing_begins_a_trace_and_says_what_it_is() {
    let stage = Stage::new(ok).await;
    let port = stage.platform.url.rsplit(':').next().unwrap().to_owned();
    stage.get("").await;
    let (told, asked) = stage.ended().await;
    let [call, attempt] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((call.parent.as_str(), call.name.as_str(), call.is_error), ("", "GET", false));
    let names = ["http.request.method", "url.path", "url.scheme", "server.address", "server.port"];
    assert_eq!(call.said(names), ["GET", "/it", "http", "here", "81"]);
    let names =
        ["http.response.status_code", "paceline.answered_by", "network.protocol.version", "error.type"];
    assert_eq!(call.said(names), ["200", "platform", "1.1", "-"]);
    assert_eq!((attempt.name.as_str(), attempt.is_error), ("GET", false));
    let names = ["http.request.method", "url.full", "server.address", "server.port"];
    let full = format!("http://127.0.0.1:{port}/it");
    assert_eq!(attempt.said(names), ["GET", full.as_str(), "127.0.0.1", port.as_str()]);
    let names = ["http.response.status_code", "paceline.outcome", "http.request.resend_count", "error.type"];
    assert_eq!(attempt.said(names), ["200", "accepted", "-", "-"]);
    assert_eq!(call.says("paceline.scopes"), Some("credential anonymous"));
    assert_eq!(attempt.says("paceline.scopes"), Some("credential anonymous"));
    assert!(!asked[0].headers.contains_key("tracestate"));
}

#[tokio::test]
async fn who_sends_spans_is_named_where_they_are_asked_for() {
    let stage = Stage::new(ok).await;
    stage.get("").await;
    stage.running.drain(super::stage::PATIENCE).await.unwrap();
    let asked = stage.collector.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v1/traces"));
    assert_eq!(asked[0].headers["content-type"], "application/x-protobuf");
    assert_eq!(asked[0].resource["service.name"], "paceline");
    assert_eq!(asked[0].resource["service.version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn a_call_past_the_pacer_is_traced_too() {
    let stage = Stage::with(super::collector::Answers::Takes, ok, |plan| {
        let mut route = paceline_cli::proxy::rules::Route::new("/it".parse().unwrap());
        route.is_paced = false;
        plan.rules.routes.push(route);
    })
    .await;
    stage.get("").await;
    let (told, asked) = stage.ended().await;
    let [call, attempt] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!((&attempt.parent, attempt.says("http.response.status_code")), (&call.id, Some("200")));
    assert!(asked[0].headers["traceparent"].to_str().unwrap().contains(&attempt.id));
}

#[tokio::test]
async fn a_trace_that_its_client_does_not_want_is_passed_on_and_not_told() {
    let stage = Stage::new(ok).await;
    stage.get(&format!("traceparent: {}\r\n", PARENT.replace("-01", "-00"))).await;
    let (told, asked) = stage.ended().await;
    assert_eq!(told.len(), 0);
    let sent = asked[0].headers["traceparent"].to_str().unwrap();
    assert!(sent.starts_with(&format!("00-{TRACE}-")) && sent.ends_with("-00"), "{sent}");
}

#[tokio::test]
async fn of_a_share_of_none_nobody_is_told_unless_a_client_wants_it() {
    let stage = Stage::with(super::collector::Answers::Takes, ok, |plan| {
        plan.traces.as_mut().unwrap().sample = Some("0%".parse().unwrap());
    })
    .await;
    stage.get("").await;
    stage.get(&format!("traceparent: {PARENT}\r\n")).await;
    let (told, _) = stage.ended().await;
    assert_eq!(of_kind(&told, SERVER).len(), 1);
    assert!(told.iter().all(|span| span.trace == TRACE));
}

#[tokio::test]
async fn where_calls_are_not_traced_what_a_client_says_of_its_trace_is_passed_on() {
    let platform = Scripted::start(ok).await;
    let running = running(plan(&platform.url)).await;
    get(&running, &format!("traceparent: {PARENT}\r\ntracestate: a=1, b=2\r\n")).await;
    let headers = &platform.asked()[0].headers;
    assert_eq!(
        (&headers["traceparent"], &headers["tracestate"]),
        (&PARENT.parse().unwrap(), &"a=1, b=2".parse().unwrap())
    );
    assert_eq!(running.spans(), None);
}
