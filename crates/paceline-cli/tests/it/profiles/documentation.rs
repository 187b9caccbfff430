//! docs/configuration.md says what a profile takes.

use std::path::Path;

use paceline_cli::profile::{self, KEYS};
use paceline_cli::settings::{ConfigFile, Layers};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// Where a table's keys are: `### [[profile.wait]]`, or `## [profile]`.
fn heading(table: &str) -> String {
    match table {
        "" => "## [profile]".to_owned(),
        "cost" => "### [profile.cost]".to_owned(),
        table => format!("### [[profile.{table}]]"),
    }
}

#[test]
fn every_key_of_a_profile_is_documented_under_its_table() {
    let page = page();
    for key in KEYS {
        let heading = heading(key.table);
        let (_, rest) = page.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading}"));
        let part = rest.split("\n## ").next().unwrap_or(rest).split("\n### ").next().unwrap_or(rest);
        let default = if key.default.is_empty() { String::new() } else { format!("`{}` ", key.default) };
        let row = format!("| `{}` | {} | {}| `{}` |", key.name, key.kind, default, key.example);
        assert!(part.contains(&row), "{heading} should have a row that starts with\n{row}");
    }
}

#[test]
fn the_page_documents_no_key_of_a_profile_that_there_is_not() {
    let page = page();
    let (_, rest) = page.split_once("\n## [profile]\n").expect("a part for profiles");
    let rows = rest.split("\n## ").next().unwrap_or(rest).lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), KEYS.len());
}

#[test]
fn every_shipped_profile_is_named() {
    let page = page();
    for name in profile::names() {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

#[test]
fn the_page_s_example_is_laid_over_the_shipped_profile() {
    let page = page();
    let (_, rest) = page.split_once("\n## [profile]\n").expect("a part for profiles");
    let example =
        rest.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let file = ConfigFile::from_text("paceline.toml", example);
    let settings = Layers::new().with_file(&file).resolve().expect("a configuration").settings;
    let github = profile::named("github").expect("a shipped profile");
    assert_eq!(settings.profile.disguises.len(), github.disguises.len() + 1);
    assert_ne!(settings.profile.ban_after_refusal, github.ban_after_refusal);
}
