//! What is still to do: exactly the records that are not settled.

use paceline_cli::journal::{Entry, Repeat};
use paceline_cli::report::{Form, ReportError, Selection};

use super::{Case, read_back, written};

fn todo(case: &Case) -> Vec<String> {
    let export = case.report(Some(Selection::Todo), Form::Jsonl).unwrap();
    read_back("rest.jsonl", &export)
}

fn contents(case: &Case, positions: &[usize]) -> Vec<String> {
    positions.iter().map(|position| case.records()[*position].0.json()).collect()
}

#[test]
fn only_what_is_not_settled_is_listed_in_the_order_of_the_source() {
    for key in [None, Some("iata")] {
        let case = Case::airports(key);
        let back = Entry::BackToTodo { records: vec![case.reference(5)], batch: None };
        let entries = vec![
            case.delivered([1]),
            case.dead(2, 422, "no"),
            case.in_doubt(3),
            case.departed(4),
            case.departed(5),
            back,
        ];
        case.run(Repeat::Unsafe, entries);
        assert_eq!(todo(&case), contents(&case, &[0, 5, 6]));
    }
}

#[test]
fn what_departed_and_may_be_sent_again_is_still_to_do() {
    let case = Case::airports(None);
    case.run(Repeat::Safe, vec![case.delivered([0, 1, 2, 3, 5, 6]), case.departed(4)]);
    assert_eq!(todo(&case), contents(&case, &[4]));
}

#[test]
fn a_changed_record_of_a_keyed_source_is_to_do_again() {
    let case = Case::airports(Some("iata"));
    case.whole_run("done", vec![case.delivered(0..7)]);
    std::fs::write(case.path("airports.csv"), "iata,name\n01M,Tishomingo\n00M,New Name\n").unwrap();
    assert_eq!(todo(&case), [r#"{"iata":"00M","name":"New Name"}"#]);
}

#[test]
fn a_table_of_the_rest_has_the_header_of_the_source() {
    let case = Case::airports(None);
    case.whole_run("interrupted", vec![case.delivered([0, 1, 3, 4, 5, 6])]);
    let export = case.report(Some(Selection::Todo), Form::Csv).unwrap();
    assert_eq!(export, "iata,name\n00V,\"Meadow, \"\"Lake\"\"\nEast\"\n");
    case.whole_run("done", vec![case.delivered([2])]);
    assert_eq!(case.report(Some(Selection::Todo), Form::Csv).unwrap(), "iata,name\n");
}

#[test]
fn a_line_of_text_tells_where_the_record_is() {
    let case = Case::airports(Some("iata"));
    case.whole_run("interrupted", vec![case.delivered([0, 1, 3, 4, 5])]);
    insta::assert_snapshot!(case.text(Some(Selection::Todo)), @r#"
    line 4, key 00V: {"iata":"00V","name":"Meadow, \"Lake\"\nEast"}
    line 9, key 02A: {"iata":"02A","name":"Gragg-Wade"}
    "#);
}

#[test]
fn a_source_with_other_content_is_refused_without_a_key() {
    let case = Case::airports(None);
    case.whole_run("interrupted", vec![case.delivered([0])]);
    std::fs::write(case.path("airports.csv"), "iata,name\n00M,Thigpen\n").unwrap();
    let error = case.report(Some(Selection::Todo), Form::Jsonl).unwrap_err();
    assert!(matches!(error, ReportError::SourceChanged { .. }) && error.to_string().contains("--source"));
}

#[test]
fn a_moved_source_is_found_by_its_new_name() {
    let case = Case::airports(None);
    case.whole_run("interrupted", vec![case.delivered([0, 1, 2, 3, 4, 5])]);
    std::fs::rename(case.path("airports.csv"), case.path("moved")).unwrap();
    let error = case.report(Some(Selection::Todo), Form::Jsonl).unwrap_err();
    assert!(matches!(error, ReportError::SourceGone { .. }), "{error}");
    let mut request = case.request(Some(Selection::Todo), Form::Jsonl);
    request.source.path = Some(case.path("moved"));
    assert_eq!(written(&request).0, "{\"iata\":\"02A\",\"name\":\"Gragg-Wade\"}\n");
}

#[test]
fn what_came_through_a_pipe_must_be_named() {
    let mut case = Case::airports(Some("iata"));
    case.binding.source = "standard input".to_owned();
    case.binding.fingerprint = None;
    case.whole_run("interrupted", vec![case.delivered([0, 1, 2, 3, 4, 5])]);
    let error = case.report(Some(Selection::Todo), Form::Jsonl).unwrap_err();
    assert!(matches!(error, ReportError::Pipe), "{error}");
    let mut request = case.request(Some(Selection::Todo), Form::Jsonl);
    request.source.path = Some(case.path("airports.csv"));
    assert_eq!(written(&request).0, "{\"iata\":\"02A\",\"name\":\"Gragg-Wade\"}\n");
    request.source.path = Some("-".into());
    assert!(matches!(written(&request).1, Some(ReportError::Usage(_))));
}
