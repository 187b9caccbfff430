//! Words that say nothing, and so are not used in names.

use proc_macro2::TokenTree;

use crate::assert_none;
use crate::code::{braces, inside, is_mark, is_word, line, tokens};
use crate::tree::{File, files, rust_files};

#[test]
fn no_name_of_a_type_or_function_has_an_empty_word() {
    let complaints: Vec<String> = rust_files().iter().flat_map(empty_names).collect();
    assert_none(&complaints);
}

#[test]
fn no_name_of_a_file_has_an_empty_word() {
    let complaints: Vec<String> = files().iter().filter_map(|file| empty_path(&file.path)).collect();
    assert_none(&complaints);
}

#[test]
fn empty_words_in_names_are_caught() {
    let caught = |text: &str| empty_names(&File::new("a.rs", text));
    let bad = [
        "struct CallManager;",
        "enum Info { A }",
        "trait Handler {}",
        "fn read_data() {}",
        "fn f() { fn helper() {} }",
        "impl A { fn get_rate(&self) {} }",
        "mod utils {}",
        "proptest! { fn helpers_are_caught_in_macros(a in 0..1) {} }",
    ];
    for text in bad {
        assert_eq!(caught(text).len(), 1, "{text}: {:?}", caught(text));
    }
    let good = [
        "fn handle_reply() {}",
        "struct Database;",
        "impl Vfs for A { type Data = u8; fn get_rate(&self) {} }",
        "fn f() -> impl Fn(u8) -> u8 { /* struct Manager; */ |_| \"struct Helper;\".len() as u8 }",
        "fn target() {}",
    ];
    for text in good {
        assert_eq!(caught(text), Vec::<String>::new(), "{text}");
    }
    assert!(empty_path("crates/a/src/utils.rs").is_some());
    assert!(empty_path("crates/a/src/data/read.rs").is_some());
    assert!(empty_path("crates/a/src/database.rs").is_none());
}

/// Complaints about the names that a file declares.
fn empty_names(file: &File) -> Vec<String> {
    let mut names = Vec::new();
    declared(&tokens(file), false, &mut names);
    let complaint = |(kind, name, line): (String, String, usize)| {
        let word =
            empty_word(&name).or_else(|| (kind == "fn" && name.starts_with("get_")).then_some("get_"))?;
        let is_allowed = ALLOWED.iter().any(|(allowed, _)| *allowed == name);
        (!is_allowed).then(|| format!("{}:{line}: `{kind} {name}`: \"{word}\" {WHAT_TO_DO}", file.path))
    };
    names.into_iter().filter_map(complaint).collect()
}

fn empty_path(path: &str) -> Option<String> {
    let stem = path.split('.').next().expect("a split has a first part");
    let word = stem.split(['/', '-']).find_map(empty_word)?;
    Some(format!("{path}: \"{word}\" {WHAT_TO_DO}"))
}

/// The empty word in a name, written in any case.
fn empty_word(name: &str) -> Option<&'static str> {
    let mut spaced = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() || letter == '_' {
            spaced.push(' ');
        }
        spaced.extend(letter.to_lowercase().filter(|letter| *letter != '_'));
    }
    let is_in_name =
        |word: &&&str| spaced.split(' ').any(|part| part == **word || part.strip_suffix('s') == Some(**word));
    EMPTY.iter().find(is_in_name).copied()
}

/// All that the tokens declare: kind, name and line. What is in an `impl Trait for Type` was named by the trait.
fn declared(tokens: &[TokenTree], of_a_trait: bool, names: &mut Vec<(String, String, usize)>) {
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(kind) if KINDS.iter().any(|known| kind == known) => {
                if let Some(TokenTree::Ident(name)) = tokens.get(index + 1)
                    && !(of_a_trait && (kind == "fn" || kind == "type"))
                    && !KINDS.iter().any(|known| name == known)
                {
                    names.push((kind.to_string(), name.to_string(), line(token)));
                }
            }
            TokenTree::Group(group) => {
                declared(&inside(group), is_trait_impl(&tokens[..index], token), names)
            }
            _ => {}
        }
    }
}

/// Whether `body` is that of an `impl Trait for Type`, given all that stands before it.
fn is_trait_impl(before: &[TokenTree], body: &TokenTree) -> bool {
    let start = before.iter().rposition(|token| braces(token).is_some() || is_mark(token, ';'));
    let head = &before[start.map_or(0, |start| start + 1)..];
    // `impl<T> Trait for Type`, but not `for<'a>` in a bound, and not `fn f() -> impl Trait`
    let is_for = |pair: &[TokenTree]| is_word(&pair[0], "for") && !is_mark(&pair[1], '<');
    braces(body).is_some()
        && head.iter().any(|token| is_word(token, "impl"))
        && !head.iter().any(|token| is_word(token, "fn"))
        && head.windows(2).any(is_for)
}

const WHAT_TO_DO: &str = "says nothing: name it after what it is or does (glossary: ARCHITECTURE.md)";

const EMPTY: [&str; 6] = ["manager", "helper", "util", "handler", "info", "data"];

/// Names that stay, each with its reason.
const ALLOWED: [(&str, &str); 0] = [];

const KINDS: [&str; 9] = ["struct", "enum", "union", "trait", "type", "mod", "fn", "const", "static"];
