//! docs/configuration.md says what the parser does.

use std::path::Path;

use paceline_cli::settings::{Settings, all_keys};
use paceline_cli::template::RequestTemplate;

use super::{load, written_name};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// The rows of the page's tables of keys, as `table.key`, or `key` for limits, and the row.
fn rows(page: &str) -> Vec<(String, String)> {
    let mut table = "";
    let mut rows = Vec::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            table = title.trim_matches(['[', ']']);
        }
        if let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) {
            let name = if table == "limits" { key.to_owned() } else { format!("{table}.{key}") };
            rows.push((name, line.to_owned()));
        }
    }
    rows
}

#[test]
fn every_key_is_documented_with_its_type_default_and_example() {
    let rows = rows(&page());
    for key in all_keys() {
        let found = rows.iter().find(|(name, _)| name == key.name);
        let (_, row) = found.unwrap_or_else(|| panic!("{} is not in the page", key.name));
        let default = if key.default.is_empty() { String::new() } else { format!("`{}` ", key.default) };
        let start = format!("| {} | {}| `{}` |", key.kind, default, key.example);
        assert!(row.contains(&start), "{row}\nshould say {start}");
    }
}

#[test]
fn the_page_documents_no_key_that_there_is_not() {
    // The keys of a profile are a list of their own.
    let is_ours = |name: &str| !name.starts_with("Units") && !name.starts_with("profile.");
    for (name, _) in rows(&page()).iter().filter(|(name, _)| is_ours(name)) {
        assert!(all_keys().any(|key| key.name == *name), "{name}");
    }
}

#[test]
fn every_example_and_every_default_is_accepted() {
    for key in all_keys() {
        let name = written_name(key.name);
        // A burst needs a rate.
        let rate = if key.name == "burst" { "limits.tenant.rate = \"1/s\"\n" } else { "" };
        let with_example = load(&format!("{rate}{name} = {}", key.example)).unwrap().settings;
        assert_ne!(with_example, Settings::default(), "{name}");
        // Tables that a user names are there once one of their keys is.
        if !key.default.is_empty() && name == key.name {
            assert_eq!(
                load(&format!("{name} = {}", key.default)).unwrap().settings,
                Settings::default(),
                "{name}"
            );
        }
    }
}

#[test]
fn the_page_s_example_is_a_configuration() {
    let page = page();
    let example =
        page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let loaded = load(example).unwrap();
    assert!(loaded.warnings.is_empty());
    assert_eq!(loaded.settings.limits.len(), 4);
    let template = RequestTemplate::compile(&loaded.request().unwrap()).unwrap();
    assert_eq!(template.required_fields().into_iter().collect::<Vec<_>>(), ["iata", "latitude", "name"]);
}
