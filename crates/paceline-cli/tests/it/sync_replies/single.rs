//! Answers to a record that is sent alone.

use std::num::NonZeroU64;
use std::sync::atomic::{AtomicBool, Ordering};

use paceline_cli::journal::{JournalReader, State};
use paceline_sim::platform::{Fault, FaultKind, PlatformConfig, ServerError, Trigger};

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};

#[tokio::test]
async fn a_redirect_is_no_delivery_and_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let platform = Scripted::start(move |asked| {
            if asked.json()["id"] == "2" {
                Answer::new(status, "").header("location", "/elsewhere")
            } else {
                Answer::new(200, "{}")
            }
        })
        .await;
        let desk = Desk::with_records(5);
        let ended = desk.sync(&["records.csv", "--to", &platform.url, "--json"]).ended().await.expect(3);
        assert_eq!(ended.counts(), [4, 1, 0, 0], "{status}");
        assert!(platform.asked().iter().all(|asked| asked.line == "POST /"), "{status}");
        assert_eq!(platform.asked().len(), 5, "{status}");
        let dead = desk.dead();
        assert_eq!((dead[0].id.as_str(), dead[0].status), ("2", Some(status)));
        let reader = JournalReader::open(&desk.path("records.csv.journal")).unwrap();
        let letter = reader.letters(State::Dead).next().unwrap().unwrap();
        assert!(letter.headers.unwrap().contains("/elsewhere"));
    }
}

/// A platform that fails once, at the third record, and takes it the next time.
async fn failing_once(status: u16) -> Scripted {
    let has_failed = AtomicBool::new(false);
    Scripted::start(move |asked| {
        let fails = asked.json()["id"] == "2" && !has_failed.swap(true, Ordering::SeqCst);
        if fails { Answer::new(status, "{\"error\":\"oops\"}") } else { Answer::new(200, "{}") }
    })
    .await
}

#[tokio::test]
async fn a_server_error_leaves_a_record_in_doubt_that_may_not_be_repeated() {
    for status in [500, 502, 503, 504] {
        let platform = failing_once(status).await;
        let desk = Desk::with_records(10);
        let ended = desk.sync(&["records.csv", "--to", &platform.url, "--json"]).ended().await.expect(3);
        assert_eq!(ended.counts(), [9, 0, 1, 0], "{status}");
        let in_doubt = desk.in_doubt();
        assert_eq!((in_doubt[0].id.as_str(), in_doubt[0].status), ("2", Some(status)));
        assert!(in_doubt[0].body.contains("oops"), "{in_doubt:?}");
        desk.sync(&["records.csv", "--to", &platform.url]).ended().await.expect(3);
        assert_eq!(platform.asked().len(), 10, "nothing is sent twice, not by the next run either");
    }
}

#[tokio::test]
async fn a_server_error_is_tried_again_where_repeating_does_no_harm() {
    let put = "[target]\nmethod = \"PUT\"\n";
    let cases: [(&str, &[&str]); 3] =
        [(put, &[]), ("", &["--idempotency-key"]), ("", &["--on-uncertain", "retry"])];
    for (configuration, flags) in cases {
        let platform = failing_once(500).await;
        let desk = Desk::with_records(10);
        desk.put("paceline.toml", configuration);
        let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--json"];
        let ended = desk.sync(&[&arguments, flags].concat()).ended().await.expect(0);
        assert_eq!(ended.counts(), [10, 0, 0, 0], "{flags:?}");
        let asked = platform.asked();
        assert_eq!(asked.len(), 11);
        let keys: Vec<_> = asked
            .iter()
            .filter(|asked| asked.json()["id"] == "2")
            .map(|asked| asked.headers.get("idempotency-key").cloned())
            .collect();
        assert_eq!(keys[0], keys[1], "the same key at every attempt");
        assert_eq!(keys[0].is_some(), flags.contains(&"--idempotency-key"));
    }
}

#[tokio::test]
async fn hold_keeps_even_a_repeatable_record_in_doubt() {
    let platform = failing_once(500).await;
    let desk = Desk::with_records(10);
    let arguments =
        ["records.csv", "--to", &platform.url, "--idempotency-key", "--on-uncertain", "hold", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(3);
    assert_eq!(ended.counts(), [9, 0, 1, 0]);
}

#[tokio::test]
async fn an_answer_that_is_lost_or_cut_short_is_doubt_or_a_repetition_and_never_a_double() {
    let kinds = [
        FaultKind::ResetAfter,
        FaultKind::ResetBefore,
        FaultKind::Truncated,
        FaultKind::LostReply,
        FaultKind::ErrorAfter(ServerError::BadGateway),
    ];
    for kind in kinds {
        for (flags, code) in [(&[][..], 3), (&["--idempotency-key"][..], 0)] {
            let trigger = Trigger::Every(NonZeroU64::new(25).unwrap());
            let faults = vec![Fault { kind, trigger }];
            let platform = stand_in(PlatformConfig { faults, ..PlatformConfig::default() }).await;
            let desk = Desk::with_records(100);
            let arguments = ["records.csv", "--to", &platform.url(), "--json"];
            // A reply that never comes is not waited for forever.
            let run = desk.sync(&[&arguments, flags].concat()).env("PACELINE_TARGET_TIMEOUT", "1s");
            let ended = run.ended().await.expect(code);
            let [delivered, dead, in_doubt, remaining] = ended.counts();
            assert_eq!((delivered + in_doubt, dead, remaining), (100, 0, 0), "{kind:?} {flags:?}");
            let stats = platform.stats();
            assert_eq!(stats.duplicates, 0, "{kind:?} {flags:?}");
            assert!(stats.faults >= 4 && stats.distinct >= delivered, "{kind:?} {flags:?}: {stats:?}");
            assert_eq!(in_doubt, if code == 3 { 4 } else { 0 }, "{kind:?} {flags:?}");
        }
    }
}
