//! A platform that rejects so much that the request must be wrong.

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};

/// A platform that rejects what `is_rejected` of the record's id.
async fn rejecting(status: u16, is_rejected: impl Fn(usize) -> bool + Send + Sync + 'static) -> Scripted {
    Scripted::start(move |asked| {
        let id = asked.json()["id"].as_str().unwrap().parse().unwrap();
        if is_rejected(id) {
            Answer::new(status, "{\"error\":\"no such thing\"}")
        } else {
            Answer::new(201, "{}")
        }
    })
    .await
}

#[tokio::test]
async fn a_wrong_request_on_many_records_stops_after_some_twenty_calls() {
    for (status, configuration) in [(404, ""), (422, "[target]\nbody = '''\n{\"id\": \"{{ id }}\"}'''\n")] {
        let platform = rejecting(status, |_| true).await;
        let desk = Desk::with_records(100_000);
        desk.put("paceline.toml", configuration);
        let to = format!("{}/people", platform.url);
        let arguments = ["records.csv", "--to", &to, "-c", "paceline.toml", "--workers", "16", "--json"];
        let ended = desk.sync(&arguments).ended().await.expect(1);
        assert_eq!(ended.counts(), [0, 0, 0, 100_000]);
        assert_eq!(ended.json()["exit_reason"], "rejected");
        let arrivals = platform.asked().len();
        assert!((20..=36).contains(&arrivals), "{arrivals}");
        assert_eq!(desk.dead(), []);
        let message: Vec<&str> =
            ended.stderr.lines().take_while(|line| !line.contains("delivered")).collect();
        insta::assert_snapshot!(status.to_string(), message.join("\n").replace(&platform.url, "URL"));
    }
}

#[tokio::test]
async fn a_request_that_stays_wrong_is_judged_anew_and_a_right_one_brings_all() {
    let platform = Scripted::start(|asked| match asked.line.as_str() {
        "POST /right" => Answer::new(201, "{}"),
        _ => Answer::new(404, "nothing here"),
    })
    .await;
    let desk = Desk::with_records(300);
    let (wrong, right) = (format!("{}/wrong", platform.url), format!("{}/right", platform.url));
    for _ in 0..2 {
        let ended = desk.sync(&["records.csv", "--to", &wrong, "--json"]).ended().await.expect(1);
        assert_eq!(ended.counts(), [0, 0, 0, 300]);
    }
    let ended = desk.sync(&["records.csv", "--to", &right, "--start-over", "--json"]).ended().await.expect(0);
    assert_eq!(ended.counts(), [300, 0, 0, 0]);
}

#[tokio::test]
async fn more_dead_than_allowed_stops_the_run_and_condemns_nobody() {
    let platform = rejecting(422, |id| id % 10 == 5).await;
    let desk = Desk::with_records(600);
    let arguments = ["records.csv", "--to", &platform.url, "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(1);
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    assert_eq!((dead, in_doubt, delivered + remaining), (0, 0, 600), "{}", ended.stderr);
    assert!(delivered > 100 && remaining > 0, "{}", ended.stderr);
    assert_eq!(desk.dead(), []);
    for quoted in ["422", "no such thing", "--max-dead"] {
        assert!(ended.stderr.contains(quoted), "{quoted}: {}", ended.stderr);
    }
    // Those that were acquitted come first now: twenty rejections in a row, and still not the request.
    let ended = desk.sync(&[&arguments[..], &["--max-dead", "100%"]].concat()).ended().await.expect(3);
    assert_eq!(ended.counts(), [540, 60, 0, 0]);
    assert_eq!(desk.dead().len(), 60);
}

#[tokio::test]
async fn a_retrial_is_judged_by_the_deliveries_of_all_runs() {
    let platform = rejecting(422, |id| (500..760).contains(&id)).await;
    let desk = Desk::with_records(1_000);
    let arguments = ["records.csv", "--to", &platform.url, "--workers", "1", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(1);
    assert_eq!(ended.counts(), [500, 0, 0, 500]);
    // What was acquitted comes first now: 260 dead ones in a row, of 760 that a verdict was reached on.
    let ended = desk.sync(&[&arguments[..], &["--max-dead", "40%"]].concat()).ended().await.expect(3);
    assert_eq!(ended.counts(), [740, 260, 0, 0], "{}", ended.stderr);
}

#[tokio::test]
async fn as_many_dead_as_allowed_are_the_records_own_fault() {
    let platform = rejecting(422, |id| id % 25 == 24).await;
    let desk = Desk::with_records(500);
    let ended = desk.sync(&["records.csv", "--to", &platform.url, "--json"]).ended().await.expect(3);
    assert_eq!(ended.counts(), [480, 20, 0, 0]);
    let dead = desk.dead();
    assert!(
        dead.iter().all(|letter| letter.status == Some(422) && letter.body.contains("no such thing")),
        "{dead:?}"
    );
    let ids: Vec<&str> = dead.iter().map(|letter| letter.id.as_str()).take(3).collect();
    assert_eq!(ids, ["24", "49", "74"]);
    // Running again sends nothing: they are settled.
    let asked = platform.asked().len();
    desk.sync(&["records.csv", "--to", &platform.url]).ended().await.expect(3);
    assert_eq!(platform.asked().len(), asked);
}

#[tokio::test]
async fn replies_that_say_nothing_of_the_records_stop_the_run_after_twenty_calls() {
    for (items, reply) in [("/outcome", "{\"results\":[]}"), ("/results", "{\"results\":[{\"number\":1}]}")] {
        let platform = Scripted::start(move |_| Answer::new(200, reply)).await;
        let desk = Desk::with_records(10_000);
        desk.put("paceline.toml", format!("[batch]\ncount = 10\nitems = \"{items}\"\n"));
        let arguments =
            ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--workers", "4", "--json"];
        let ended = desk.sync(&arguments).ended().await.expect(1);
        let [delivered, dead, in_doubt, remaining] = ended.counts();
        assert_eq!((delivered, dead, in_doubt + remaining), (0, 0, 10_000), "{}", ended.stderr);
        assert!((200..=240).contains(&in_doubt), "{in_doubt}");
        assert_eq!(ended.json()["exit_reason"], "silent");
        for quoted in ["200 OK", reply, &format!("`{items}`"), "`/id`", "item_key", "--in-doubt"] {
            assert!(ended.stderr.contains(quoted), "{quoted}: {}", ended.stderr);
        }
    }
}

#[tokio::test]
async fn records_that_cannot_be_rendered_condemn_the_run_with_the_template_named() {
    let platform = Scripted::start(|_| Answer::new(201, "{}")).await;
    let desk = Desk::empty();
    // The look at the first records finds nothing wrong.
    let rows: String = (0..600)
        .map(|id| {
            if id < 150 {
                format!("{{\"id\":\"{id}\",\"name\":\"x\"}}\n")
            } else {
                format!("{{\"id\":\"{id}\"}}\n")
            }
        })
        .collect();
    desk.put("records.jsonl", rows);
    desk.put("paceline.toml", "[target]\nbody = '{\"name\": \"{{ name }}\"}'\n");
    let arguments = ["records.jsonl", "--to", &platform.url, "-c", "paceline.toml", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(1);
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    assert_eq!((dead, in_doubt, delivered + remaining), (0, 0, 600), "{}", ended.stderr);
    assert!(ended.stderr.contains("paceline.toml:2") && ended.stderr.contains("`name`"), "{}", ended.stderr);
}
