//! The floors: which crate may use which. An arrow only ever points down.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::assert_none;
use crate::metadata::{metadata, packages, text};
use crate::tree::{File, files};

#[test]
fn a_crate_uses_only_crates_of_the_floors_below() {
    let complaints: Vec<String> = manifests().iter().flat_map(goes_up).collect();
    assert_none(&complaints);
}

#[test]
fn the_core_and_the_model_name_no_runtime_no_serialisation_and_no_tracing() {
    let complaints: Vec<String> = manifests().iter().flat_map(uses_banned).collect();
    assert_none(&complaints);
}

#[test]
fn what_the_core_pulls_in_is_free_of_them_too() {
    let below = pulled_in("paceline-core");
    assert!(below.contains("httpdate"), "the core's dependencies were not found: {below:?}");
    let banned = BANNED.iter().filter(|(user, name)| *user == "paceline-core" && below.contains(*name));
    let complaints =
        banned.map(|(_, name)| format!("paceline-core pulls in {name}: `cargo tree -i {name}` says how"));
    assert_none(&complaints.collect::<Vec<_>>());
}

#[test]
fn an_arrow_that_points_up_or_sideways_is_caught() {
    let caught = |name: &str, rest: &str| {
        goes_up(&File::new("Cargo.toml", &format!("[package]\nname = '{name}'\n{rest}"))).len()
    };
    assert_eq!(caught("paceline", "[dependencies]\npaceline-core.workspace = true"), 0);
    assert_eq!(caught("paceline-core", "[dependencies]\npaceline-sim.workspace = true"), 1);
    assert_eq!(caught("paceline-sim", "[dev-dependencies]\npaceline = { path = '../paceline' }"), 1);
    assert_eq!(
        caught("paceline", "[target.'cfg(unix)'.dependencies]\nsim = { package = 'paceline-sim' }"),
        1
    );
    assert_eq!(caught("paceline-sim", "[build-dependencies]\npaceline-cli.workspace = true"), 1);
    assert_eq!(caught("paceline-new", ""), 1, "a crate without a floor");
}

#[test]
fn a_banned_dependency_is_caught() {
    let core = |rest: &str| {
        uses_banned(&File::new("Cargo.toml", &format!("[package]\nname = 'paceline-core'\n{rest}")))
    };
    assert_eq!(core("[dependencies]\nhttpdate = '1'").len(), 0);
    assert_eq!(core("[dependencies]\ntokio = '1'\nserde = '1'").len(), 2);
}

/// The manifests of our crates.
fn manifests() -> Vec<File> {
    let is_manifest = |file: &File| file.path.ends_with("/Cargo.toml");
    let manifests: Vec<File> = files().into_iter().filter(is_manifest).collect();
    assert!(manifests.len() >= FLOORS.len(), "manifests are missing: {}", manifests.len());
    manifests
}

fn goes_up(manifest: &File) -> Vec<String> {
    let (name, dependencies) = dependencies(manifest);
    let Some((_, below)) = FLOORS.iter().find(|(known, _)| *known == name) else {
        return vec![format!(
            "{}: give `{name}` a floor in ARCHITECTURE.md and in tests/tidy",
            manifest.path
        )];
    };
    let is_ours = |used: &&String| FLOORS.iter().any(|(known, _)| known == used);
    let goes_up = dependencies.iter().filter(is_ours).filter(|used| !below.contains(&used.as_str()));
    goes_up
        .map(|used| {
            let what_to_do = "what both need belongs on a floor below, or into paceline-cli";
            format!("{}: `{name}` uses `{used}`, which is not below it: {what_to_do}", manifest.path)
        })
        .collect()
}

fn uses_banned(manifest: &File) -> Vec<String> {
    let (name, dependencies) = dependencies(manifest);
    let banned = BANNED.iter().filter(|(user, banned)| *user == name && dependencies.contains(*banned));
    banned
        .map(|(_, used)| format!("{}: `{name}` does without `{used}`: it decides, others act", manifest.path))
        .collect()
}

/// A crate's name, and those of all that it uses for any purpose on any platform.
fn dependencies(manifest: &File) -> (String, BTreeSet<String>) {
    let table: toml::Table =
        manifest.text.parse().unwrap_or_else(|error| panic!("{}: {error}", manifest.path));
    let name = table["package"]["name"].as_str().expect("a package has a name").to_owned();
    let targets = table.get("target").and_then(toml::Value::as_table);
    let tables = targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let used =
        tables.chain([&table]).flat_map(|table| kinds.iter().filter_map(|kind| table.get(*kind)?.as_table()));
    let named = used
        .flatten()
        .map(|(key, value)| value.get("package").and_then(toml::Value::as_str).unwrap_or(key).to_owned());
    (name, named.collect())
}

/// The names of all that a crate of ours needs to run, and what that needs in turn.
fn pulled_in(name: &str) -> BTreeSet<String> {
    let names: BTreeMap<&str, &str> =
        packages().iter().map(|package| (text(package, "id"), text(package, "name"))).collect();
    let nodes = metadata()["resolve"]["nodes"].as_array().expect("cargo resolves the dependencies");
    let needs = |id: &str| {
        let node = nodes.iter().find(|node| node["id"] == id).expect("every package is resolved");
        let edges = node["deps"].as_array().expect("a node lists its dependencies").iter();
        edges.filter(|edge| is_needed_to_run(edge)).map(|edge| text(edge, "pkg"))
    };
    let start = names.iter().find(|(_, known)| **known == name).map(|(id, _)| *id);
    let mut open = vec![start.expect("a crate of ours")];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        open.extend(needs(id).filter(|id| seen.insert(*id)));
    }
    seen.into_iter().map(|id| names[id].to_owned()).collect()
}

fn is_needed_to_run(edge: &Value) -> bool {
    edge["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
}

/// Each crate, and those of ours that stand below it.
const FLOORS: [(&str, &[&str]); 5] = [
    ("paceline-core", &[]),
    ("paceline", &["paceline-core"]),
    ("paceline-sim", &["paceline-core"]),
    ("paceline-cli", &["paceline-core", "paceline", "paceline-sim"]),
    ("xtask", &[]),
];

/// A crate, and what it does without: the core is told the time and says what happened in numbers; the model has
/// virtual time.
const BANNED: [(&str, &str); 9] = [
    ("paceline-core", "tokio"),
    ("paceline-core", "serde"),
    ("paceline-core", "tracing"),
    ("paceline-core", "log"),
    ("paceline-core", "hyper"),
    ("paceline-core", "getrandom"), // a seed is an argument
    ("paceline-sim", "tokio"),
    ("paceline-sim", "hyper"),
    ("paceline-sim", "getrandom"),
];
