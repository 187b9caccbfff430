//! Answers to records that are sent together.

use std::collections::BTreeSet;
use std::sync::Mutex;

use paceline_sim::platform::PlatformConfig;
use serde_json::json;

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};
use super::results;

/// Records whose `fail` field says how the stand-in takes them.
fn records(count: usize, nature: impl Fn(usize) -> &'static str) -> String {
    let rows = (0..count).map(|id| format!("{id},{}\n", nature(id)));
    format!("id,fail\n{}", rows.collect::<String>())
}

#[tokio::test]
async fn each_item_has_its_own_result_whatever_the_order() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::empty();
    desk.put(
        "records.csv",
        records(1_000, |id| {
            if id % 50 == 7 {
                "reject"
            } else if id % 50 == 9 {
                "retry"
            } else {
                ""
            }
        }),
    );
    let to = format!("{}/records/bulk", platform.url());
    let ended = desk.sync(&["records.csv", "--to", &to, "--batch", "100", "--json"]).ended().await.expect(3);
    assert_eq!(ended.counts(), [980, 20, 0, 0], "{}", ended.stderr);
    let dead = desk.dead();
    assert!(dead.iter().all(|letter| letter.id.parse::<usize>().unwrap() % 50 == 7), "{dead:?}");
    assert!(dead.iter().all(|letter| letter.status == Some(422)), "{dead:?}");
    let stats = platform.stats();
    assert_eq!((stats.distinct, stats.duplicates), (980, 0));
}

#[tokio::test]
async fn one_poisoned_record_is_found_and_all_others_are_delivered() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::empty();
    desk.put("records.csv", records(300, |id| if id == 137 { "poison" } else { "" }));
    let to = format!("{}/records/bulk", platform.url());
    for _ in 0..2 {
        let ended =
            desk.sync(&["records.csv", "--to", &to, "--batch", "100", "--json"]).ended().await.expect(3);
        assert_eq!(ended.counts(), [299, 1, 0, 0], "{}", ended.stderr);
        assert_eq!(desk.dead()[0].id, "137");
        let stats = platform.stats();
        assert_eq!((stats.distinct, stats.duplicates), (299, 0));
    }
}

#[tokio::test]
async fn batches_that_are_too_large_are_cut_until_they_fit() {
    let platform = stand_in(PlatformConfig { body_limit: 2_000, ..PlatformConfig::default() }).await;
    let desk = Desk::with_records(3_000);
    desk.put(
        "records.csv",
        std::fs::read_to_string(desk.path("records.csv")).unwrap() + "3000," + &"x".repeat(3_000) + "\n",
    );
    let to = format!("{}/records/bulk", platform.url());
    let arguments = ["records.csv", "--to", &to, "--batch", "100", "--workers", "64", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(ended.counts(), [3_000, 1, 0, 0], "{}", ended.stderr);
    let dead = desk.dead();
    assert_eq!((dead[0].id.as_str(), dead[0].status), ("3000", Some(413)));
    assert_eq!((platform.stats().distinct, platform.stats().duplicates), (3_000, 0));
}

#[tokio::test]
async fn an_item_that_the_results_do_not_mention_is_in_doubt() {
    let platform = Scripted::start(|asked| {
        let mentioned =
            asked.ids().into_iter().filter(|id| id != "4").map(|id| json!({"id": id, "status": 201}));
        Answer::new(200, json!({"results": mentioned.collect::<Vec<_>>()}).to_string())
    })
    .await;
    let desk = Desk::with_records(10);
    let ended =
        desk.sync(&["records.csv", "--to", &platform.url, "--batch", "10", "--json"]).ended().await.expect(3);
    assert_eq!(ended.counts(), [9, 0, 1, 0]);
    assert_eq!(desk.in_doubt()[0].id, "4");
}

#[tokio::test]
async fn a_retryable_item_goes_into_a_later_batch_alone() {
    let seen = Mutex::new(BTreeSet::new());
    let platform = Scripted::start(move |asked| {
        results(asked, |id| {
            let is_first = seen.lock().unwrap().insert(id.to_owned());
            if id == "3" && is_first {
                json!({"id": id, "status": 500, "retryable": true})
            } else {
                json!({"id": id})
            }
        })
    })
    .await;
    let desk = Desk::with_records(10);
    let ended =
        desk.sync(&["records.csv", "--to", &platform.url, "--batch", "10", "--json"]).ended().await.expect(0);
    assert_eq!(ended.counts(), [10, 0, 0, 0]);
    let batches: Vec<_> = platform.asked().iter().map(|asked| asked.ids().len()).collect();
    assert_eq!(batches, [10, 1]);
}

#[tokio::test]
async fn an_item_that_is_retryable_for_ever_ends_as_a_dead_letter() {
    let platform = Scripted::start(|asked| {
        results(asked, |id| json!({"id": id, "success": id != "3", "retryable": true}))
    })
    .await;
    let desk = Desk::with_records(10);
    desk.put("paceline.toml", "[retry]\nmax_attempts = 2\n");
    let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--batch", "10", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(ended.counts(), [9, 1, 0, 0]);
    assert_eq!(desk.dead()[0].id, "3");
    assert_eq!(platform.asked().len(), 2);
}

#[tokio::test]
async fn results_are_found_where_the_configuration_says() {
    let platform = Scripted::start(|asked| {
        let items: Vec<_> = asked.json()["people"]
            .as_array()
            .unwrap()
            .iter()
            .map(|person| json!({"person": {"number": person["number"]}, "again": false, "status": if person["number"] == "5" { 409 } else { 200 }}))
            .rev()
            .collect();
        Answer::new(207, json!({"outcome": {"a/b": items}}).to_string())
    })
    .await;
    let desk = Desk::empty();
    let rows: String = (0..10).map(|number| format!("{number},name\n")).collect();
    desk.put("records.csv", format!("number,name\n{rows}"));
    desk.put(
        "paceline.toml",
        "[batch]\ncount = 10\nbody = '{\"people\": {{ records }}}'\nitems = \"/outcome/a~1b\"\nitem_key = \"/person/number\"\n\
         item_retryable = \"/again\"\n[records]\nkey = \"number\"\n",
    );
    let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(ended.counts(), [9, 1, 0, 0], "{}", ended.stderr);
    assert_eq!(desk.dead()[0].status, Some(409));
}

#[tokio::test]
async fn a_reply_without_results_speaks_for_all_unless_results_were_promised() {
    for (body, configuration, counts, code) in [
        ("accepted", "", [10, 0, 0, 0], 0),
        ("{\"job\":7}", "", [10, 0, 0, 0], 0),
        ("accepted", "[batch]\nitems = \"/results\"\n", [0, 0, 10, 0], 3),
        ("{\"job\":7}", "[batch]\nitems = \"/results\"\n", [0, 0, 10, 0], 3),
    ] {
        let platform = Scripted::start(move |_| Answer::new(202, body)).await;
        let desk = Desk::with_records(10);
        desk.put("paceline.toml", configuration);
        let arguments =
            ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--batch", "10", "--json"];
        let ended = desk.sync(&arguments).ended().await.expect(code);
        assert_eq!(ended.counts(), counts, "{body} {configuration}");
    }
}

#[tokio::test]
async fn two_records_with_one_key_in_a_batch_do_not_share_a_result_unseen() {
    let platform = Scripted::start(|asked| results(asked, |id| json!({"id": id, "status": 200}))).await;
    let desk = Desk::empty();
    desk.put("records.csv", "id,name\n1,a\n1,b\n2,c\n");
    let ended = desk.sync(&["records.csv", "--to", &platform.url, "--batch", "10", "--json"]).ended().await;
    let counts = ended.counts();
    assert_eq!(counts.iter().sum::<u64>(), 3, "{}", ended.stderr);
    assert_eq!((counts[1], counts[3]), (0, 0), "{}", ended.stderr);
}
