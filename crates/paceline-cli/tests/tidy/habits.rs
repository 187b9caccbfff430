//! Habits of the code: no silenced lints, no unfinished places, no unsafe code where it is promised.

use proc_macro2::TokenTree;

use crate::assert_none;
use crate::code::{attribute, each_level, is_mark, is_word, line, tokens};
use crate::tree::{File, rust_files};

#[test]
fn no_lint_is_silenced_by_allow() {
    let complaints: Vec<String> = rust_files().iter().flat_map(silenced).collect();
    assert_none(&complaints);
}

#[test]
fn nothing_is_left_unfinished() {
    let complaints: Vec<String> = rust_files().iter().flat_map(unfinished).collect();
    assert_none(&complaints);
}

#[test]
fn the_core_and_the_model_forbid_unsafe_code() {
    let roots = ["crates/paceline-core/src/lib.rs", "crates/paceline-sim/src/lib.rs"];
    let files = rust_files();
    let found: Vec<&File> = files.iter().filter(|file| roots.contains(&file.path.as_str())).collect();
    assert_eq!(found.len(), roots.len());
    assert_none(&found.into_iter().filter_map(permits_unsafe).collect::<Vec<_>>());
}

#[test]
fn every_file_with_modules_stands_beside_their_folder() {
    let complaints: Vec<String> =
        rust_files().iter().filter_map(|file| inside_its_folder(&file.path)).collect();
    assert_none(&complaints);
}

#[test]
fn silenced_lints_are_caught() {
    let caught = |text: &str| silenced(&File::new("a.rs", text)).len();
    assert_eq!(caught("#[allow(dead_code)]\nfn f() {}"), 1);
    assert_eq!(caught("#![allow(dead_code)]"), 1);
    assert_eq!(caught("mod m { #[cfg_attr(unix, allow(dead_code))]\nfn f() {} }"), 1);
    assert_eq!(caught("#[expect(clippy::too_many_lines, reason = \"long\")]\nfn f() {}"), 1);
    assert_eq!(caught("#[expect(dead_code, reason = \"why\")]\nfn f() { allow(1) } // #[allow(x)]"), 0);
}

#[test]
fn unfinished_places_are_caught() {
    let caught = |text: &str| unfinished(&File::new("a.rs", text)).len();
    for name in UNFINISHED {
        assert_eq!(caught(&format!("fn f() {{ if a {{ {name}!(\"later\") }} }}")), 1, "{name}");
    }
    assert_eq!(caught("fn f() { let todo = 1; todo != 2; \"todo!()\" } // dbg!(x)"), 0);
}

#[test]
fn a_crate_without_the_promise_is_caught() {
    assert!(permits_unsafe(&File::new("lib.rs", "//! Doc.\n#![forbid(unsafe_code)]")).is_none());
    assert!(permits_unsafe(&File::new("lib.rs", "//! `#![forbid(unsafe_code)]`\nfn f() {}")).is_some());
}

#[test]
fn a_mod_rs_is_caught() {
    assert!(inside_its_folder("crates/a/src/b/mod.rs").is_some());
    assert!(inside_its_folder("crates/a/src/bmod.rs").is_none());
}

fn silenced(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    each_level(&tokens(file), &mut |level| {
        for (index, token) in level.iter().enumerate() {
            let Some(held) = attribute(&level[index..]) else { continue };
            let mut complain = |what: &str| complaints.push(format!("{}:{}: {what}", file.path, line(token)));
            if has_word(&held, "too_many_lines") {
                complain("no function is longer than 70 lines: cut it along its ideas");
            } else if has_word(&held, "allow") {
                complain(
                    "write `#[expect(lint, reason = \"...\")]`: it says why, and ends when it is not needed",
                );
            }
        }
    });
    complaints
}

fn has_word(tokens: &[TokenTree], word: &str) -> bool {
    let mut is_there = false;
    each_level(tokens, &mut |level| is_there |= level.iter().any(|token| is_word(token, word)));
    is_there
}

fn unfinished(file: &File) -> Vec<String> {
    let mut complaints = Vec::new();
    each_level(&tokens(file), &mut |level| {
        for three in level.windows(3) {
            let name = UNFINISHED.iter().find(|name| is_word(&three[0], name));
            if let (Some(name), true, TokenTree::Group(_)) = (name, is_mark(&three[1], '!'), &three[2]) {
                complaints.push(format!("{}:{}: finish or remove the `{name}!`", file.path, line(&three[0])));
            }
        }
    });
    complaints
}

fn permits_unsafe(file: &File) -> Option<String> {
    let tokens = tokens(file);
    let is_promise = |held: Vec<TokenTree>| {
        held.iter().map(ToString::to_string).collect::<String>().replace(' ', "") == "forbid(unsafe_code)"
    };
    let is_promised = (0..tokens.len()).any(|start| attribute(&tokens[start..]).is_some_and(is_promise));
    (!is_promised).then(|| format!("{}: begin with `#![forbid(unsafe_code)]`", file.path))
}

fn inside_its_folder(path: &str) -> Option<String> {
    let folder = path.strip_suffix("/mod.rs")?;
    Some(format!("{path}: call it {folder}.rs: a file stands beside the folder of its modules"))
}

const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];
