//! Exports: the records themselves, as a source again.

use paceline_cli::journal::Repeat;
use paceline_cli::report::{Form, ReportError, Selection};
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::{Case, read_back, written};

fn contents(case: &Case, positions: &[usize]) -> Vec<String> {
    positions.iter().map(|position| case.records()[*position].0.json()).collect()
}

#[test]
fn dead_letters_are_told_one_block_each() {
    let case = Case::airports(Some("iata"));
    case.whole_run("done", vec![case.dead(2, 422, "{\"error\":\n\u{1b}[31m\"name\"}"), case.in_doubt(4)]);
    insta::assert_snapshot!(case.text(Some(Selection::Dead)), @r#"
    line 4, key 00V
      verdict   rejected
      status    422
      attempts  2
      when      2023-11-14T22:12:50+00:00 (30 s ago)
      answer    {"error":\n\u{1b}[31m"name"}
      header    x-request-id: r-7
      record    {"iata":"00V","name":"Meadow, \"Lake\"\nEast"}
    "#);
    insta::assert_snapshot!(case.text(Some(Selection::InDoubt)), @r#"
    line 7, key 01J
      verdict   the connection broke after the call was sent
      status    no answer
      attempts  2
      when      2023-11-14T22:12:50+00:00 (30 s ago)
      record    {"iata":"01J","name":"<script>alert(1)</script>"}
    "#);
}

#[test]
fn what_is_exported_is_read_back_as_it_was_sent() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.dead(2, 422, "no"), case.dead(4, 422, "no"), case.in_doubt(5)]);
    for (selection, positions) in [(Selection::Dead, &[2, 4][..]), (Selection::InDoubt, &[5])] {
        for (form, name) in [(Form::Jsonl, "again.jsonl"), (Form::Csv, "again.csv")] {
            let export = case.report(Some(selection), form).unwrap();
            assert_eq!(read_back(name, &export), contents(&case, positions), "{export}");
        }
    }
}

#[test]
fn reasons_stand_beside_the_record_and_are_replaced_when_it_comes_again() {
    let source = "{\"id\":1,\"_paceline\":{\"verdict\":\"old\"},\"_paceline_status\":\"old\"}\n";
    let case = Case::new("airports.jsonl", source, None);
    case.whole_run("done", vec![case.dead(0, 422, "a,\"b\"\n")]);
    let with_reasons = |form| {
        let mut request = case.request(Some(Selection::Dead), form);
        request.with_reasons = true;
        written(&request).0
    };
    insta::assert_snapshot!(with_reasons(Form::Jsonl), @r#"{"id":1,"_paceline":{"verdict":"rejected","status":422,"body":"a,\"b\"\n"},"_paceline_status":"old"}"#);
    insta::assert_snapshot!(with_reasons(Form::Csv), @r#"
    id,_paceline,_paceline_verdict,_paceline_status,_paceline_body
    1,"{""verdict"":""old""}",rejected,422,"a,""b""
    "
    "#);
}

#[test]
fn what_a_crash_left_in_doubt_is_read_from_the_source() {
    for key in [None, Some("iata")] {
        let case = Case::airports(key);
        // The first was brought to rest by the second run, whose own was not yet.
        case.run(Repeat::Unsafe, vec![case.departed(2)]);
        case.run(Repeat::Unsafe, vec![case.departed(4), case.in_doubt(0)]);
        let export = case.report(Some(Selection::InDoubt), Form::Csv).unwrap();
        let mut lines = read_back("again.csv", &export);
        lines.sort();
        let mut expected = contents(&case, &[0, 2, 4]);
        expected.sort();
        assert_eq!(lines, expected);
    }
}

#[test]
fn what_is_lost_with_the_source_is_said_and_the_rest_is_written() {
    for key in [None, Some("iata")] {
        let case = Case::airports(key);
        case.run(Repeat::Unsafe, vec![case.departed(2), case.in_doubt(0)]);
        let kept = contents(&case, &[0]);
        for content in [Some("iata,name\n00M,a\n00R,b\n00V,other\n"), None] {
            match content {
                Some(content) => std::fs::write(case.path("airports.csv"), content).unwrap(),
                None => std::fs::remove_file(case.path("airports.csv")).unwrap(),
            }
            let (out, error) = written(&case.request(Some(Selection::InDoubt), Form::Jsonl));
            assert_eq!(read_back("again.jsonl", &out), kept);
            assert!(matches!(error, Some(ReportError::ContentMissing { count: 1, .. })), "{error:?}");
            let message = error.unwrap().to_string();
            assert!(message.contains("line 4") && message.contains("--source"), "{message}");
        }
    }
}

#[test]
fn a_letter_whose_content_is_no_record_is_an_error() {
    let case = Case::airports(None);
    let mut letter = case.letter(2, "rejected", Some(422), "no");
    letter.content = Some("[1,2]".to_owned());
    case.whole_run("done", vec![paceline_cli::journal::Entry::Dead(letter)]);
    let error = case.report(Some(Selection::Dead), Form::Jsonl).unwrap_err();
    assert!(error.to_string().contains("line 4"), "{error}");
}

#[test]
fn flags_that_contradict_one_another_are_refused() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.delivered(0..7)]);
    assert!(matches!(case.report(None, Form::Csv), Err(ReportError::Usage(_))));
    for (selection, form) in [(Some(Selection::Dead), Form::Text), (Some(Selection::Todo), Form::Csv)] {
        let mut request = case.request(selection, form);
        request.with_reasons = true;
        assert!(matches!(written(&request).1, Some(ReportError::Usage(_))));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn no_content_breaks_an_export(
        names in proptest::collection::hash_set(".{0,3}[a-z\u{e9}]", 1..4),
        values in proptest::collection::vec("\\PC{0,6}|[\"',;\\r\\n\\t\u{0}\u{feff}<&=]{0,4}", 3..9),
    ) {
        let names: Vec<String> = names.into_iter().collect();
        let rows: Vec<Map<String, Value>> = values
            .chunks_exact(names.len())
            .map(|row| names.iter().cloned().zip(row.iter().cloned().map(Value::String)).collect())
            .collect();
        let source: String = rows.iter().map(|row| format!("{}\n", Value::Object(row.clone()))).collect();
        let case = Case::new("hostile.jsonl", &source, None);
        case.whole_run("done", (0..rows.len()).map(|position| case.dead(position, 422, "no")).collect());
        let expected: Vec<String> = rows.into_iter().map(|row| Value::Object(row).to_string()).collect();
        for (form, name) in [(Form::Jsonl, "again.jsonl"), (Form::Csv, "again.csv")] {
            let export = case.report(Some(Selection::Dead), form).unwrap();
            prop_assert_eq!(read_back(name, &export), expected.clone());
        }
    }
}
