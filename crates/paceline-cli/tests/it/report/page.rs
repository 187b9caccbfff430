//! The page: whole, by itself, and inert whatever the records hold.

use paceline_cli::report::{Form, ReportError};

use super::{Case, written};

fn page(case: &Case) -> String {
    let mut request = case.request(None, Form::Text);
    request.page = Some(case.path("report.html"));
    let (_, error) = written(&request);
    assert!(error.is_none(), "{error:?}");
    std::fs::read_to_string(case.path("report.html")).unwrap()
}

#[test]
fn a_record_with_markup_is_text() {
    let case = Case::airports(Some("iata"));
    let mut letter = case.letter(4, "<b>verdict</b>", Some(422), "</td><script src=//x></script>");
    letter.headers = Some(r#"{"x-a\"><img src=x onerror=a()>":"' onload='a()"}"#.to_owned());
    case.whole_run("<i>done</i>", vec![paceline_cli::journal::Entry::Dead(letter)]);
    let page = page(&case);
    for markup in ["<script", "<img", "<b>v", "<i>", "onerror=a()>", "' onload"] {
        assert!(!page.contains(markup), "{markup}");
    }
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn a_page_needs_nothing_from_elsewhere() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.dead(2, 422, "no"), case.in_doubt(3)]);
    let page = page(&case);
    for outside in [" src=", "<link", "@import", "url(", "<iframe"] {
        assert!(!page.contains(outside), "{outside}");
    }
    for part in ["Dead letters", "In doubt", "prefers-color-scheme", "width=device-width", "7 records"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_long_table_says_how_many_it_leaves_out() {
    let source: String = (0..1_005).map(|number| format!("{{\"id\":{number}}}\n")).collect();
    let case = Case::new("many.jsonl", &source, None);
    let records = case.records();
    let letter = |position: usize| {
        let (record, reference) = records[position].clone();
        let content = Some(record.json());
        Box::new(paceline_cli::journal::Letter { record: reference, content, ..*template(&case) })
    };
    case.whole_run("done", (0..1_005).map(|p| paceline_cli::journal::Entry::Dead(letter(p))).collect());
    let page = page(&case);
    assert_eq!(page.matches("<tr><td>").count(), 1_000);
    assert!(page.contains("and 5 more"));
}

fn template(case: &Case) -> Box<paceline_cli::journal::Letter> {
    case.letter(0, "rejected", Some(422), "no")
}

#[test]
fn a_page_that_cannot_be_written_leaves_what_was_there() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.delivered(0..7)]);
    let mut request = case.request(None, Form::Text);
    request.page = Some(case.path("no/such/folder/report.html"));
    assert!(matches!(written(&request).1, Some(ReportError::Page { .. })));
    // A folder stands where the page should go: the draft is taken away again.
    std::fs::create_dir_all(case.path("taken.html/full")).unwrap();
    request.page = Some(case.path("taken.html"));
    assert!(matches!(written(&request).1, Some(ReportError::Page { .. })));
    let drafts = std::fs::read_dir(case.folder.path()).unwrap();
    let drafts =
        drafts.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
    assert_eq!(drafts.count(), 0);
}
