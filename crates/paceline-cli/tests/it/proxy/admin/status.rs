//! What `/status`, `/healthz` and `/readyz` tell.

use std::time::Duration;

use serde_json::{Value, json};

use super::asking::ask;
use super::site::{Site, call, only};
use crate::desk::Desk;

#[tokio::test]
async fn it_tells_what_became_of_the_calls_of_each_scope_and_client() {
    let site = Site::open(only(3), None).await;
    for credential in ["a", "a", "b"] {
        assert_eq!(site.call(credential).await, 200);
    }
    let status = site.status().await;
    assert_eq!(status["totals"]["offered"], 3);
    assert_eq!(status["totals"]["accepted"], 3);
    for of in ["scopes", "clients"] {
        let told: Vec<_> = rows(&status, of).iter().map(|row| row["counts"]["accepted"].clone()).collect();
        assert_eq!(told, [json!(2), json!(1)], "{of}: the busiest first");
    }
    assert_eq!(status["scopes"][0]["kind"], "credential");
    assert_eq!(status["scopes"][0]["name"], status["clients"][0]["name"]);
    assert_eq!(status["scopes_known"], 2);
    assert_eq!(
        (&status["closed"], &status["waits_for"], &status["draining"]),
        (&Value::Null, &Value::Null, &json!(false))
    );
}

#[tokio::test]
async fn a_closed_gate_is_told_with_its_cause_and_what_waits_behind_it() {
    let site = Site::open(only(1), None).await;
    site.call("a").await;
    let held = tokio::spawn(call_to(&site, "a"));
    let status = site.status_when(|status| status["waits_for"] != Value::Null).await;
    assert_eq!((&status["waiting"], &status["in_flight"]), (&json!(1), &json!(0)));
    let (scope, waits_for) = (&status["scopes"][0], &status["waits_for"]);
    assert_eq!((&scope["waiting"], &status["clients"][0]["waiting"]), (&json!(1), &json!(1)));
    assert_eq!(scope["counts"]["refused"], 1);
    assert_eq!(scope["closed"]["cause"], "retry_after");
    assert!((1..=3_601_000).contains(&scope["closed"]["for_ms"].as_u64().unwrap()), "{scope}");
    assert_eq!(waits_for["reason"], "gate");
    let words = waits_for["words"].as_str().unwrap();
    let name = scope["name"].as_str().unwrap();
    assert!(words.starts_with(&format!("credential {name} is closed for another ")), "{words}");
    held.abort();
    let status = site.status_when(|status| status["totals"]["hung_up"] == 1).await;
    assert_eq!(
        (&status["scopes"][0]["counts"]["hung_up"], &status["scopes"][0]["waiting"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test]
async fn clients_that_a_header_names_are_told_by_that_name() {
    let site = Site::open_named(only(9), "x-who").await;
    for who in ["x-who: desk 7\r\n", "x-who: desk 7\r\n", ""] {
        site.call_with(who).await;
    }
    let status = site.status().await;
    let names: Vec<_> = rows(&status, "clients").iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["desk 7", "anonymous"]);
    assert_eq!(status["scopes_known"], 1, "they share a credential");
}

#[tokio::test]
async fn what_is_learned_is_told_in_words_and_as_a_rate() {
    let site = Site::open(only(1), None).await;
    site.call("a").await;
    let held = tokio::spawn(call_to(&site, "a"));
    let status = site.status_when(|status| status["waits_for"] != Value::Null).await;
    let belief = &status["scopes"][0]["belief"];
    assert!(belief["rate_per_s"].as_f64().unwrap() > 0.0, "{belief}");
    assert!(belief["words"].as_str().unwrap().ends_with("from 1 refusal"), "{belief}");
    held.abort();
}

#[tokio::test]
async fn while_it_drains_it_is_healthy_and_not_ready_and_then_it_is_gone() {
    let site = Site::open(only(1), None).await;
    let answers = |path| ask(site.admin, path, "");
    assert_eq!(answers("GET /healthz").await.status, 200);
    assert_eq!(answers("GET /readyz").await.status, 200);
    site.call("a").await;
    let held = tokio::spawn(call_to(&site, "a"));
    site.status_when(|status| status["waiting"] == 1).await;
    let Site { running, admin, _stand_in, .. } = site;
    let drained = tokio::spawn(running.drain(Duration::from_secs(3_600)));
    while ask(admin, "GET /readyz", "").await.status != 503 {}
    assert_eq!(ask(admin, "GET /healthz", "").await.status, 200);
    assert_eq!(super::asking::status(admin).await["draining"], true);
    held.abort();
    let counts = drained.await.unwrap().unwrap();
    assert_eq!((counts.offered, counts.hung_up), (2, 1));
    assert!(tokio::net::TcpStream::connect(admin).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_program_says_where_it_is_asked() {
    let arguments = [
        "proxy",
        "--to",
        "http://127.0.0.1:9",
        "--listen",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
        "--",
        "true",
    ];
    let ended = Desk::empty().program(&arguments).ended().await.expect(0);
    assert!(ended.stderr.contains("admin on http://127.0.0.1:"), "{}", ended.stderr);
}

fn rows<'a>(status: &'a Value, of: &str) -> &'a Vec<Value> {
    status[of].as_array().unwrap()
}

/// A call that may outlive the borrow of the site.
fn call_to(site: &Site, credential: &'static str) -> impl Future<Output = u16> + use<> {
    let proxy = site.running.address();
    async move { call(proxy, credential).await }
}
