//! What clients and collectors are told in confidence is nowhere in a trace.

use std::sync::{Arc, Mutex};

use http::HeaderValue;

use super::collector::Answers;
use super::stage::{PATIENCE, Stage, ok};
use crate::proxy::admin::site::exchange;

#[tokio::test]
async fn no_span_tells_a_query_a_header_or_a_credential() {
    let stage = Stage::new(ok).await;
    let headers = "authorization: Bearer open-sesame\r\ncookie: open-sesame\r\nx-own: open-sesame\r\nuser-agent: open-sesame\r\n";
    // The stage's own query has it, too.
    stage.get(headers).await;
    let text = "OPEN-SESAME http://open-sesame:open-sesame@here/it HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n";
    exchange(stage.running.address(), text).await;
    stage.running.drain(PATIENCE).await.unwrap();
    let asked = stage.collector.asked();
    assert!(!asked.is_empty());
    for asked in asked {
        assert!(!asked.text.to_lowercase().contains("sesame"), "{}", asked.text);
    }
    let told = stage.collector.told();
    assert!(
        told.iter()
            .any(|span| span.says("paceline.scopes").is_some_and(|scopes| scopes != "credential anonymous"))
    );
    assert!(told.iter().any(|span| span.says("http.request.method") == Some("_OTHER")));
}

#[tokio::test]
async fn the_collector_s_own_header_is_sent_to_it_and_told_to_nobody() {
    let said = Arc::new(Mutex::new(String::new()));
    let stage = Stage::with(Answers::Refuses, ok, |plan| {
        let traces = plan.traces.as_mut().unwrap();
        let mut value = HeaderValue::from_static("open-sesame");
        value.set_sensitive(true);
        traces.header = Some(("x-api-key".parse().unwrap(), value));
        assert!(!format!("{traces:?}").contains("sesame"));
        let said = Arc::clone(&said);
        traces.tell = Arc::new(move |line| *said.lock().unwrap() += line);
    })
    .await;
    stage.get("").await;
    let (_, platform) = {
        stage.running.drain(PATIENCE).await.unwrap();
        (stage.collector.told(), stage.platform.asked())
    };
    assert_eq!(stage.collector.asked()[0].headers["x-api-key"], "open-sesame");
    assert!(!platform[0].headers.contains_key("x-api-key"));
    let said = said.lock().unwrap();
    assert!(said.contains("takes no traces") && !said.contains("sesame"), "{said}");
}
