//! How long files and functions may be.

use proc_macro2::TokenTree;

use crate::assert_none;
use crate::code::{attribute, braces, is_word, line, tokens};
use crate::tree::{File, files, rust_files};

#[test]
fn no_file_is_longer_than_500_lines_without_its_tests() {
    let complaints: Vec<String> = rust_files().iter().filter_map(too_long).collect();
    assert_none(&complaints);
}

#[test]
fn functions_over_70_lines_are_refused_by_clippy_in_every_crate() {
    let files = files();
    let complaints = files.iter().filter_map(without_function_limit);
    let manifest = files.iter().find(|file| file.path == "Cargo.toml").expect("the workspace has a manifest");
    assert_none(&complaints.chain(without_lint(manifest)).collect::<Vec<_>>());
}

#[test]
fn a_long_file_is_caught_and_its_tests_are_not_counted() {
    let line = "const A: u8 = 0;\n";
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", line.repeat(900));
    assert!(too_long(&File::new("crates/a/src/b.rs", &(line.repeat(500) + &tests))).is_none());
    let complaint = too_long(&File::new("crates/a/src/b.rs", &(line.repeat(501) + &tests))).unwrap();
    assert!(complaint.starts_with("crates/a/src/b.rs: 501 lines"), "{complaint}");
    assert!(too_long(&File::new("crates/a/tests/it/b.rs", &line.repeat(900))).is_none());
}

#[test]
fn another_function_limit_or_none_is_caught() {
    assert!(without_function_limit(&File::new("clippy.toml", "too-many-lines-threshold = 70")).is_none());
    assert!(without_function_limit(&File::new("clippy.toml", "too-many-lines-threshold = 170")).is_some());
    assert!(without_function_limit(&File::new("crates/a/clippy.toml", "")).is_some());
    let lints = "[workspace.lints.clippy]\ntoo_many_lines = ";
    assert!(without_lint(&File::new("Cargo.toml", &format!("{lints}'warn'"))).is_none());
    assert!(without_lint(&File::new("Cargo.toml", &format!("{lints}'allow'"))).is_some());
}

fn too_long(file: &File) -> Option<String> {
    if file.is_beside_the_code() {
        return None;
    }
    let lines = file.text.lines().count() - lines_of_tests(&tokens(file));
    let what_to_do = "a file holds one idea: cut it along its ideas";
    (lines > MAX_FILE).then(|| format!("{}: {lines} lines, more than {MAX_FILE}: {what_to_do}", file.path))
}

/// The lines of the test modules that the tokens hold at their top.
fn lines_of_tests(tokens: &[TokenTree]) -> usize {
    let mut lines = 0;
    for start in 0..tokens.len() {
        let is_test = attribute(&tokens[start..]).is_some_and(|held| {
            held.len() == 2 && is_word(&held[0], "cfg") && held[1].to_string().replace(' ', "") == "(test)"
        });
        // `#`, `[cfg(test)]`, `mod`, its name, its braces
        if is_test
            && tokens.get(start + 2).is_some_and(|token| is_word(token, "mod"))
            && let Some(group) = tokens.get(start + 4).and_then(braces)
        {
            lines += group.span_close().end().line + 1 - line(&tokens[start]);
        }
    }
    lines
}

fn without_function_limit(file: &File) -> Option<String> {
    if !file.path.ends_with("clippy.toml") {
        return None;
    }
    let table: toml::Table = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.path));
    let limit = table.get("too-many-lines-threshold").and_then(toml::Value::as_integer);
    (limit != Some(MAX_FUNCTION)).then(|| {
        format!("{}: write `too-many-lines-threshold = {MAX_FUNCTION}`: no file inherits it", file.path)
    })
}

fn without_lint(manifest: &File) -> Option<String> {
    let table: toml::Table = manifest.text.parse().expect("the workspace's manifest is TOML");
    let level = ["workspace", "lints", "clippy", "too_many_lines"]
        .iter()
        .try_fold(&toml::Value::Table(table), |value, key| value.get(key))
        .and_then(|value| value.as_str().map(str::to_owned));
    let is_on = level.is_some_and(|level| ["warn", "deny", "forbid"].contains(&level.as_str()));
    (!is_on).then(|| "Cargo.toml: switch `too_many_lines` on in [workspace.lints.clippy]".to_owned())
}

/// Longer than any of ours needs to be; a reader holds no more in the head.
const MAX_FILE: usize = 500;

/// One screen.
const MAX_FUNCTION: i64 = 70;
