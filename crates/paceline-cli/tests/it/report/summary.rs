//! The summary: counts that add up, and what to do next.

use std::time::Duration;

use paceline_cli::journal::{Entry, Repeat, ScopeName};
use paceline_cli::report::Form;
use paceline_core::{GateCause, ScopeKind, WallTime};
use serde_json::Value;

use super::{Case, NOW};

fn credential() -> ScopeName {
    ScopeName { kind: ScopeKind::Credential, name: "default".to_owned() }
}

fn closed(millis: u64, cause: GateCause) -> Entry {
    Entry::GateClosed { scope: credential(), until: WallTime::from_unix_millis(NOW + millis), cause }
}

fn summary(case: &Case) -> Value {
    serde_json::from_str(&case.report(None, Form::Jsonl).unwrap()).unwrap()
}

fn counts(case: &Case) -> [Value; 6] {
    let summary = summary(case);
    ["records", "delivered", "dead", "in_doubt", "under_way", "remaining"].map(|name| summary[name].clone())
}

fn numbers(numbers: [u64; 6]) -> [Value; 6] {
    numbers.map(Value::from)
}

#[test]
fn a_suspended_run_is_summed_up_with_what_to_do_next() {
    let case = Case::airports(None);
    let learned = Entry::Learned {
        scope: credential(),
        limits: Some("118.250/s".to_owned()),
        retry_after: Some(Duration::from_secs(42)),
    };
    let entries = vec![
        case.delivered([0, 1]),
        case.dead(2, 422, "{\"error\":\"name has\u{1b}[2J a line break\"}"),
        case.dead(4, 422, "no"),
        case.dead(5, 400, "bad"),
        case.in_doubt(3),
        closed(42_000, GateCause::RetryAfter),
        learned,
    ];
    case.whole_run("suspended", entries);
    case.date_runs();
    insta::assert_snapshot!(case.text(None), @r#"
    journal       airports.journal
    source        airports.csv
    target        POST https://api.example.com/records
    key field     none: records are told apart by place and content
    latest run    number 1, suspended
      started     2023-11-14T22:12:20+00:00 (1 min ago)
      ended       2023-11-14T22:13:08+00:00 (12 s ago)

    records       7
      delivered   2
      dead        3
      in doubt    1
      still to do 1

    closed gates
      credential default opens 2023-11-14T22:14:02+00:00 (in 42 s): the platform named the wait (Retry-After)

    learned
      credential default about 118/s, longest Retry-After 42 s

    dead letters
      2 × rejected, status 422; the first: line 4: {"error":"name has\u{1b}[2J a line break"}
      1 × rejected, status 400; the first: line 8: bad

    in doubt
      1 × the connection broke after the call was sent, no answer; the first: line 6

    next
      from 2023-11-14T22:14:02+00:00 (in 42 s) on, go on with what is still to do (with the flags of the first run)
        paceline sync airports.csv --to https://api.example.com/records --journal airports.journal
      see which records may have been applied, and look on the platform whether they were
        paceline report airports.journal --in-doubt
      see why records are dead
        paceline report airports.journal --dead
      take the dead records out, correct them, and send them as a source of their own
        paceline report airports.journal --dead --format jsonl > again.jsonl
      then
        paceline sync again.jsonl --to https://api.example.com/records
    "#);
}

#[test]
fn when_all_is_delivered_there_is_nothing_to_do() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.delivered(0..7)]);
    let text = case.text(None);
    assert!(text.contains("nothing: every record is delivered"), "{text}");
    assert!(!text.contains("paceline sync"), "{text}");
    assert_eq!(counts(&case), numbers([7, 7, 0, 0, 0, 0]));
}

#[test]
fn counts_add_up_to_the_records_of_the_source_after_a_crash() {
    let case = Case::airports(None);
    let crash = || vec![case.delivered([0]), case.dead(1, 422, "no"), case.departed(2), case.departed(5)];
    case.run(Repeat::Unsafe, crash());
    // They may have been applied, although no run has said so yet.
    assert_eq!(counts(&case), numbers([7, 1, 1, 2, 0, 3]));
    assert!(case.text(None).contains("crashed"));
    let case = Case::airports(None);
    let crash = vec![case.delivered([0]), case.dead(1, 422, "no"), case.departed(2), case.departed(5)];
    case.run(Repeat::Safe, crash);
    assert_eq!(counts(&case), numbers([7, 1, 1, 0, 0, 5]));
}

#[test]
fn what_a_run_under_way_has_in_flight_is_neither_done_nor_to_do() {
    let case = Case::airports(None);
    let journal = case.open(Repeat::Unsafe);
    super::wait(journal.commit(vec![case.delivered([0]), case.departed(1)])).unwrap();
    assert_eq!(counts(&case), numbers([7, 1, 0, 0, 1, 5]));
    assert_eq!(summary(&case)["run"]["state"], "under_way");
    super::wait(journal.close()).unwrap();
    assert_eq!(summary(&case)["run"]["state"], "crashed");
}

#[test]
fn with_a_key_the_counts_are_those_of_the_source_as_it_is_now() {
    let case = Case::airports(Some("iata"));
    case.whole_run("done", vec![case.delivered(0..6), case.dead(6, 422, "no")]);
    assert_eq!(counts(&case), numbers([7, 6, 1, 0, 0, 0]));
    // One is gone, one is new, one has changed.
    let changed = "iata,name\n00R,Livingston\n00M,New Name\n99Z,New\n02A,Gragg-Wade\n";
    std::fs::write(case.path("airports.csv"), changed).unwrap();
    assert_eq!(counts(&case), numbers([4, 1, 1, 0, 0, 2]));
    let text = case.text(None);
    assert!(text.contains("the source has changed") && text.contains("4 more of an older source"), "{text}");
}

#[test]
fn a_second_record_with_a_key_is_counted_as_the_dead_letter_that_it_is() {
    let case = Case::new("airports.csv", "iata,name\nA,one\nA,two\nB,three\n", Some("iata"));
    let mut duplicate = case.letter(1, "line 2 has this key already", None, "");
    duplicate.record.key = None;
    case.whole_run("done", vec![case.delivered([0, 2]), Entry::Dead(duplicate)]);
    assert_eq!(counts(&case), numbers([3, 2, 1, 0, 0, 0]));
}

#[test]
fn a_source_that_is_gone_or_changed_leaves_the_rest_unknown() {
    for content in [None, Some("iata,name\nX,other\n")] {
        let case = Case::airports(None);
        case.whole_run("interrupted", vec![case.delivered([0, 1]), case.dead(2, 422, "no")]);
        match content {
            Some(content) => std::fs::write(case.path("airports.csv"), content).unwrap(),
            None => std::fs::remove_file(case.path("airports.csv")).unwrap(),
        }
        let summary = summary(&case);
        assert_eq!((&summary["records"], &summary["remaining"]), (&Value::Null, &Value::Null));
        assert_eq!((&summary["delivered"], &summary["dead"]), (&2.into(), &1.into()));
        let text = case.text(None);
        assert!(text.contains("unknown") && text.contains("--source"), "{text}");
    }
}

#[test]
fn a_gate_that_has_opened_is_not_told_and_one_for_a_person_has_no_time() {
    let case = Case::airports(None);
    let past = WallTime::from_unix_millis(NOW - 1);
    let opened = Entry::GateClosed { scope: credential(), until: past, cause: GateCause::RetryAfter };
    case.whole_run("suspended", vec![opened]);
    assert_eq!(summary(&case)["closed_scopes"], Value::Array(Vec::new()));
    let until = WallTime::FAR_FUTURE;
    case.whole_run(
        "banned",
        vec![Entry::GateClosed { scope: credential(), until, cause: GateCause::Banned }],
    );
    let closed = &summary(&case)["closed_scopes"][0];
    assert_eq!((&closed["cause"], &closed["opens_in_s"]), (&"banned".into(), &Value::Null));
    let text = case.text(None);
    assert!(text.contains("opens when you run again") && text.contains("find out why"), "{text}");
}

#[test]
fn the_summary_shows_no_query() {
    let mut case = Case::airports(None);
    case.binding.target = "POST https://api.example.com/records?token=s3cret".to_owned();
    case.whole_run("interrupted", vec![case.delivered([0])]);
    for form in [Form::Text, Form::Jsonl] {
        let report = case.report(None, form).unwrap();
        assert!(report.contains("api.example.com") && !report.contains("s3cret"), "{report}");
    }
}
