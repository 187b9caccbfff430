//! The records of decisions.

use crate::assert_none;
use crate::tree::{File, files};

#[test]
fn decisions_are_numbered_without_gaps() {
    let files = files();
    let names: Vec<&str> = files.iter().filter_map(|file| file.path.strip_prefix(FOLDER)).collect();
    assert!(!names.is_empty(), "no decision found in {FOLDER}");
    assert_none(&misnumbered(&names));
}

#[test]
fn a_decision_has_a_title_and_three_paragraphs() {
    let files = files();
    let decisions = files.iter().filter(|file| file.path.starts_with(FOLDER));
    assert_none(&decisions.filter_map(misshapen).collect::<Vec<_>>());
}

#[test]
fn gaps_doubles_and_other_names_are_caught() {
    assert_none(&misnumbered(&["0001-a.md", "0002-b.md"]));
    let bad = [&["0001-a.md", "0003-b.md"], &["0001-a.md", "0001-b.md"], &["0001-a.md", "two.md"]];
    assert!(bad.iter().all(|names| misnumbered(*names).len() == 1));
}

#[test]
fn a_decision_of_another_shape_is_caught() {
    let shaped = |text| misshapen(&File::new("0001-a.md", text));
    assert_eq!(shaped("# Why\n\nContext.\n\nChoice.\n\nPrice.\n"), None);
    assert!(shaped("# Why\n\nContext.\n\nChoice.\n").is_some());
    assert!(shaped("Why\n\nContext.\n\nChoice.\n\nPrice.\n").is_some());
}

/// `names` in their order.
fn misnumbered(names: &[&str]) -> Vec<String> {
    let is_right = |number: usize, name: &str| {
        name.strip_prefix(&format!("{number:04}-")).is_some_and(|rest| rest.ends_with(".md"))
    };
    let wrong = (1..).zip(names).filter(|(number, name)| !is_right(*number, name));
    wrong.map(|(number, name)| format!("{FOLDER}{name}: call it {number:04}-what-was-decided.md")).collect()
}

fn misshapen(file: &File) -> Option<String> {
    let parts: Vec<&str> = file.text.split("\n\n").map(str::trim).filter(|part| !part.is_empty()).collect();
    let is_shaped = parts.len() == 4 && parts[0].starts_with("# ");
    let what_to_do = "a title, then three paragraphs: context, choice, price";
    (!is_shaped).then(|| format!("{}: write {what_to_do}", file.path))
}

const FOLDER: &str = "docs/decisions/";
