//! What a user allows, whatever the platform would.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};

#[tokio::test]
async fn the_greatest_rate_is_never_exceeded() {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&arrivals);
    let platform = Scripted::start(move |_| {
        noted.lock().unwrap().push(Instant::now());
        Answer::new(201, "")
    })
    .await;
    let desk = Desk::with_records(150);
    let arguments = ["records.csv", "--to", &platform.url, "--max-rate", "50/s", "--json"];
    let began = Instant::now();
    desk.sync(&arguments).ended().await.expect(0);
    let arrivals = arrivals.lock().unwrap();
    // Nothing but a greater rate makes 149 intervals shorter than this; a busy machine only makes them longer.
    assert!(*arrivals.last().unwrap() - began >= Duration::from_secs(149) / 50);
    assert_eq!(arrivals.len(), 150);
}

#[tokio::test]
async fn a_limit_of_the_endpoint_before_its_first_value_holds() {
    let desk = Desk::with_records(60);
    let limit =
        |name: &str| format!("[target]\nmethod = \"PUT\"\n[limits.endpoint.\"{name}\"]\nin_flight = 2\n");
    let platform = Scripted::start(|_| Answer::new(201, "").after(Duration::from_millis(20))).await;
    let to = format!("{}/v1/people/{{{{ id }}}}", platform.url);
    desk.put("paceline.toml", limit("PUT /v1/people"));
    let ended = desk.sync(&["records.csv", "--to", &to, "-c", "paceline.toml"]).ended().await.expect(0);
    assert!(platform.most_in_flight() <= 2, "{}", platform.most_in_flight());
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);

    desk.put("paceline.toml", limit("POST /v1/people"));
    let ended = desk.sync(&["records.csv", "--to", &to, "-c", "paceline.toml"]).ended().await.expect(0);
    let warning = "warning: [limits.endpoint.\"POST /v1/people\"] applies to nothing";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    assert!(ended.stderr.contains("which is [limits.endpoint.\"PUT /v1/people\"]"), "{}", ended.stderr);
}

#[tokio::test]
async fn two_integrations_are_one_too_many() {
    let desk = Desk::with_records(1);
    desk.put("paceline.toml", "limits.integration.crm.in_flight = 2\nlimits.integration.erp.in_flight = 9\n");
    let ended =
        desk.sync(&["records.csv", "--to", "https://h/", "-c", "paceline.toml"]).ended().await.expect(2);
    assert!(ended.stderr.contains("one run is one integration"), "{}", ended.stderr);
}

#[tokio::test]
async fn the_most_in_flight_is_never_exceeded() {
    for (flag, most) in [(["--max-in-flight", "3"], 3), (["--workers", "1"], 1), (["--workers", "5"], 5)] {
        let platform = Scripted::start(|_| Answer::new(201, "").after(Duration::from_millis(30))).await;
        let desk = Desk::with_records(40);
        let arguments = ["records.csv", "--to", &platform.url, "--json"];
        let ended = desk.sync(&[&arguments[..], &flag].concat()).ended().await.expect(0);
        assert_eq!(ended.counts(), [40, 0, 0, 0]);
        assert!(platform.most_in_flight() <= most, "{flag:?}: {}", platform.most_in_flight());
    }
}

#[tokio::test]
async fn records_of_one_value_are_sent_one_by_one_in_their_order() {
    let platform = Scripted::start(|_| Answer::new(201, "").after(Duration::from_millis(5))).await;
    let desk = Desk::empty();
    let rows: String = (0..60).map(|id| format!("{id},{}\n", id % 3)).collect();
    desk.put("records.csv", format!("id,person\n{rows}"));
    let arguments = ["records.csv", "--to", &platform.url, "--order-by", "person", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [60, 0, 0, 0]);
    assert!(platform.most_in_flight() <= 3, "{}", platform.most_in_flight());
    let mut last = [None; 3];
    for asked in platform.asked() {
        let record = asked.json();
        let number = |name: &str| record[name].as_str().unwrap().parse::<usize>().unwrap();
        let (id, person) = (number("id"), number("person"));
        assert!(last[person] < Some(id), "{id} came late");
        last[person] = Some(id);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn after_a_crash_a_batch_that_is_sent_again_still_holds_its_successors_back() {
    let answers_after = Duration::from_millis(400);
    let overlaps = Arc::new(Mutex::new(Vec::new()));
    let (noted, busy) = (Arc::clone(&overlaps), Mutex::new(std::collections::HashMap::new()));
    let platform = Scripted::start(move |asked| {
        let (now, mut busy) = (Instant::now(), busy.lock().unwrap());
        for item in asked.json()["entities"].as_array().unwrap() {
            let until = busy.insert(item["person"].to_string(), now + answers_after);
            if until.is_some_and(|until| now < until) {
                noted.lock().unwrap().push(item["id"].to_string());
            }
        }
        Answer::new(200, "").after(answers_after)
    })
    .await;
    let desk = Desk::empty();
    let rows: String = (0..80).map(|id| format!("{id},{}\n", id % 10)).collect();
    desk.put("records.csv", format!("id,person\n{rows}"));
    let flags = ["--batch", "10", "--order-by", "person", "--idempotency-key", "--json"];
    let arguments = [&["records.csv", "--to", &platform.url][..], &flags].concat();
    let mut child = desk.sync(&arguments).spawn();
    while platform.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [80, 0, 0, 0]);
    assert_eq!(
        platform.asked()[0].headers["idempotency-key"],
        platform.asked()[1].headers["idempotency-key"]
    );
    assert_eq!(
        *overlaps.lock().unwrap(),
        Vec::<String>::new(),
        "sent while one of their person was under way"
    );
}
