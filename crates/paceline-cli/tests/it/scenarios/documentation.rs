//! docs/scenarios.md says what the reader does.

use std::path::Path;

use paceline_cli::scenario::{KEYS, Key, ScenarioFile};

use super::{parse, with};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scenarios.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// The rows of the page's tables of keys: table, key, row.
fn rows(page: &str) -> Vec<(String, String, String)> {
    let mut table = "";
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            table = title.trim_matches(['[', ']']);
        }
        if let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            let table = if table == "Above the first table" { "" } else { table };
            rows.push((table.to_owned(), key.to_owned(), line.to_owned()));
        }
    }
    rows
}

#[test]
fn every_key_is_documented_with_its_type_default_and_example() {
    let rows = rows(&page());
    for Key { table, name, kind, default, example } in KEYS {
        let found = rows.iter().find(|(in_table, key, _)| in_table == table && key == name);
        let (_, _, row) = found.unwrap_or_else(|| panic!("{table}.{name} is not in the page"));
        let default = if default.is_empty() { String::new() } else { format!("`{default}` ") };
        let start = format!("| {kind} | {default}| `{example}` |");
        assert!(row.contains(&start), "{row}\nshould say {start}");
    }
}

#[test]
fn the_page_documents_no_key_that_there_is_not() {
    for (table, name, _) in rows(&page()) {
        let is_key = KEYS.iter().any(|key| key.table == table && key.name == name);
        let is_scenario = table == "The shipped scenarios" && ScenarioFile::builtin(&name).is_ok();
        assert!(is_key || is_scenario, "{table}.{name}");
    }
}

#[test]
fn every_shipped_scenario_is_in_the_page_with_what_it_is_about() {
    let page = page();
    for file in ScenarioFile::builtins() {
        let row = format!("| `{}` | {} |", file.name, file.about);
        assert!(page.contains(&row), "the page should say {row}");
    }
}

#[test]
fn the_page_s_examples_are_scenarios() {
    let page = page();
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let whole = parse(examples[0]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(whole.scenario.platform.changes.len(), 1);
    for (at, part) in examples.iter().enumerate().skip(1) {
        assert!(parse(&with(part)).is_ok(), "example {at}: {}", parse(&with(part)).unwrap_err());
    }
}

#[test]
fn every_default_is_what_happens_without_the_key() {
    let base = |table: &str| match table {
        "limit" => with("[[limit]]\nrate = \"1/s\"\n"),
        "bulk" => with("[bulk]\nitems = 1\n"),
        "outage" => with("[[outage]]\nfrom = \"1s\"\nuntil = \"2s\"\n"),
        "users" | "" => with(""),
        table => with(&format!("[{table}]\n")),
    };
    for Key { table, name, default, .. } in KEYS.iter().filter(|key| !key.default.is_empty()) {
        let kind = if *name == "phase" { "kind = \"fixed-window\"\n" } else { "" };
        let without = format!("{}{kind}", base(table));
        let written = match *table {
            "" => format!("{name} = {default}\n{without}"),
            "users" => format!("users.{name} = {default}\n{without}"),
            _ => format!("{without}{name} = {default}\n"),
        };
        let told = |text: &str| {
            let file = parse(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            format!("{:?} {:?}", file.scenario, file.linger)
        };
        assert_eq!(told(&written), told(&without), "{table}.{name}");
    }
}
