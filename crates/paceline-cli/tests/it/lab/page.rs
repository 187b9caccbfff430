//! The lab's page: one file, whole, and inert whatever the names hold.

use paceline_cli::lab::outcome::Outcome;
use paceline_cli::lab::page;

use super::sample;

fn written(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    page::write(outcome, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The page without its scripts and styles, which are ours.
fn body(page: &str) -> &str {
    let body = page.split_once("<body>").unwrap().1;
    body.split_once("<script type=\"application/json\"").unwrap().0
}

#[test]
fn the_founding_outcome_fits_into_a_megabyte() {
    let page = written(&sample::founding());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}

#[test]
fn every_strategy_is_in_the_table_and_in_the_charts() {
    let outcome = sample::founding();
    let page = written(&outcome);
    for judged in &outcome.strategies {
        assert!(page.contains(&format!("<bdi>{}</bdi>", judged.name)), "{}", judged.name);
        assert!(page.contains(&format!("{{\"name\":\"{}\"", judged.name)), "{}", judged.name);
    }
    assert_eq!(page.matches("class=\"mark\"").count(), 6, "five strategies and one setting broke a law");
}

#[test]
fn a_page_loads_nothing() {
    let page = written(&sample::founding());
    for outside in ["src=", "<link", "@import", "url(", "<iframe", "href=", "fetch(", "import("] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(!body(&page).contains("http"));
}

#[test]
fn text_is_never_markup() {
    let page = written(&sample::hostile());
    let (body, rest) = (body(&page), page.split_once("application/json").unwrap().1);
    assert!(!body.contains("<script") && !body.contains("<img") && !body.contains("<!--"));
    let charted = rest.split_once("</script>").unwrap().0;
    assert!(charted.ends_with('}'), "the numbers end where they should");
    assert!(!page.contains('\u{202e}') && !page.contains('\u{2028}'));
    assert!(!page.contains("NaN<") && !page.contains("\"NaN\""));
}

#[test]
fn only_scripts_of_the_page_run() {
    let page = written(&sample::founding());
    let nonce = page.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert_eq!(
        page.matches(&format!("<script nonce=\"{nonce}\">")).count(),
        page.matches("<script nonce").count()
    );
    assert!(!page.contains(" onclick=") && page.contains("default-src 'none'"));
    assert!(!written(&sample::hostile()).contains(nonce), "another outcome, another number");
}

#[test]
fn what_is_not_there_is_said_or_left_out() {
    let page = written(&sample::empty());
    assert!(page.contains("no bulk endpoint") && page.contains("No strategy was played"));
    for section in ["id=\"real\"", "id=\"keep-alive\"", "id=\"rate\"", "id=\"batches\""] {
        assert!(!page.contains(section), "{section}");
    }
    let full = written(&sample::founding());
    assert!(full.contains("id=\"real\"") && full.contains("id=\"keep-alive\""));
}

#[test]
fn a_page_without_a_folder_says_where_it_should_have_been() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone").join("page.html");
    let error = page::save(&path, &sample::empty()).unwrap_err();
    assert!(error.to_string().contains("page.html"), "{error}");
    page::save(&folder.path().join("page.html"), &sample::empty()).unwrap();
}
