//! What the documents point at is there: files, folders, and the tests that hold the promises.

use crate::assert_none;
use crate::tree::{File, files, root};

#[test]
fn every_path_in_the_documents_exists() {
    let files = files();
    let documents = files.iter().filter(|file| file.is_markdown());
    let is_there = |path: &str| root().join(path).exists();
    assert_none(&documents.flat_map(|file| missing_paths(file, is_there)).collect::<Vec<_>>());
}

#[test]
fn every_test_that_the_documents_name_exists() {
    let files = files();
    let documents = files.iter().filter(|file| file.is_markdown());
    let is_there =
        |name: &str| files.iter().any(|file| file.is_rust() && file.text.contains(&format!("fn {name}(")));
    assert_none(&documents.flat_map(|file| missing_tests(file, is_there)).collect::<Vec<_>>());
}

#[test]
fn paths_and_tests_that_are_gone_are_caught() {
    let document =
        File::new("A.md", "`crates/a/b.rs`, `docs/`, `sync/`, `crates/*/x` and `this_test_is_not_there`");
    assert_eq!(missing_paths(&document, |_| false).len(), 2);
    assert_eq!(missing_paths(&document, |_| true).len(), 0);
    assert_eq!(missing_tests(&document, |_| false).len(), 1);
    assert_eq!(missing_tests(&document, |_| true).len(), 0);
}

fn missing_paths(document: &File, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    let is_path =
        |code: &str| TOPS.iter().any(|top| code.starts_with(top)) && !code.contains(['*', ' ', '<', '{']);
    let missing = quoted(&document.text).filter(|code| is_path(code) && !is_there(code));
    missing.map(|code| format!("{}: there is no `{code}`: write where it is now", document.path)).collect()
}

fn missing_tests(document: &File, is_there: impl Fn(&str) -> bool) -> Vec<String> {
    // A test's name is a sentence: four words or more.
    let is_sentence = |code: &str| {
        code.matches('_').count() >= 3
            && code
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_' || letter.is_ascii_digit())
    };
    let missing = quoted(&document.text).filter(|code| is_sentence(code) && !is_there(code));
    missing
        .map(|code| format!("{}: there is no test `{code}`: name the one that there is", document.path))
        .collect()
}

/// What stands between backquotes on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

const TOPS: [&str; 6] = ["crates/", "docs/", "examples/", "xtask/", ".ci/", ".cargo/"];
