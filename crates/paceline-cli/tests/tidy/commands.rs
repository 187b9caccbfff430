//! The program's commands never import one another: what two of them need is a module beside `cli/`.

use proc_macro2::TokenTree;

use crate::assert_none;
use crate::code::{braces, inside, is_mark, is_word, line, tokens};
use crate::tree::{File, rust_files};

#[test]
fn commands_of_the_program_never_import_one_another() {
    let files: Vec<File> = rust_files().into_iter().filter(|file| file.path.starts_with(CLI)).collect();
    let commands = commands(&files);
    assert!(!commands.is_empty(), "no command found in {CLI}");
    let complaints: Vec<String> = files.iter().flat_map(|file| imports_another(file, &commands)).collect();
    assert_none(&complaints);
}

#[test]
fn a_command_that_imports_another_is_caught() {
    let commands = ["sync", "report"].map(str::to_owned);
    let caught =
        |path: &str, text: &str| imports_another(&File::new(&format!("{CLI}{path}"), text), &commands).len();
    assert_eq!(caught("sync.rs", "use crate::cli::report::Flags;"), 1);
    assert_eq!(caught("sync.rs", "use crate::{cli::{report}, units};"), 1);
    assert_eq!(caught("sync.rs", "use super::report;"), 1);
    assert_eq!(caught("sync.rs", "fn f() { super::report::run() }"), 1);
    assert_eq!(caught("sync/flags.rs", "use super::super::report::Flags;"), 1);
    assert_eq!(caught("sync.rs", "mod tests { use super::super::report; }"), 1);
    assert_eq!(caught("sync.rs", "use crate::report::Flags; mod tests { use super::report; }"), 0);
    assert_eq!(caught("sync/flags.rs", "use super::report; use crate::cli::sync::Flags;"), 0);
}

/// The names of the files directly in `cli/`.
fn commands(files: &[File]) -> Vec<String> {
    let names = files.iter().filter_map(|file| file.path.strip_prefix(CLI)?.strip_suffix(".rs"));
    names.filter(|name| !name.contains('/')).map(str::to_owned).collect()
}

fn imports_another(file: &File, commands: &[String]) -> Vec<String> {
    let stem = file.path.strip_prefix(CLI).expect("a file of cli/").strip_suffix(".rs").expect("a Rust file");
    let module: Vec<String> = ["cli"].into_iter().chain(stem.split('/')).map(str::to_owned).collect();
    let mut paths = Vec::new();
    resolved(&tokens(file), &module, &mut paths);
    let complaint = |(path, line): (Vec<String>, usize)| {
        let other = path.get(1).filter(|_| path[0] == "cli")?;
        let is_other = commands.contains(other) && *other != module[1];
        is_other.then(|| {
            format!("{}:{line}: uses the command `{other}`: move what both need beside cli/", file.path)
        })
    };
    paths.into_iter().filter_map(complaint).collect()
}

/// The paths in the tokens of a module that begin with `crate`, `self` or `super`, from the crate's root.
fn resolved(tokens: &[TokenTree], module: &[String], paths: &mut Vec<(Vec<String>, usize)>) {
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            let name = index.checked_sub(1).map(|before| tokens[before].to_string());
            let is_module = index >= 2 && is_word(&tokens[index - 2], "mod");
            let inner: Vec<String> = module.iter().cloned().chain(name.filter(|_| is_module)).collect();
            resolved(&inside(group), &inner, paths);
        }
        let base = match token {
            TokenTree::Ident(ident) if ident == "crate" => Some(&module[..0]),
            TokenTree::Ident(ident) if ident == "self" => Some(module),
            TokenTree::Ident(ident) if ident == "super" && !follows_colon(tokens, index) => {
                Some(&module[..module.len().saturating_sub(1)])
            }
            _ => None,
        };
        if let Some(base) = base {
            follow(&tokens[index + 1..], base.to_vec(), line(token), paths);
        }
    }
}

fn follows_colon(tokens: &[TokenTree], index: usize) -> bool {
    index > 0 && is_mark(&tokens[index - 1], ':')
}

/// Follows `::name::name::{name, name}` from `path` on.
fn follow(tokens: &[TokenTree], mut path: Vec<String>, line: usize, paths: &mut Vec<(Vec<String>, usize)>) {
    let mut rest = tokens;
    while let [first, second, next, more @ ..] = rest {
        if !is_mark(first, ':') || !is_mark(second, ':') {
            break;
        }
        if let Some(group) = braces(next) {
            for part in inside(group).split(|token| is_mark(token, ',')).filter(|part| !part.is_empty()) {
                let mut inner = path.clone();
                step(&mut inner, &part[0]);
                follow(&part[1..], inner, line, paths);
            }
            return;
        }
        step(&mut path, next);
        rest = more;
    }
    if !path.is_empty() {
        paths.push((path, line));
    }
}

fn step(path: &mut Vec<String>, token: &TokenTree) {
    if is_word(token, "super") {
        path.pop();
    } else if !is_word(token, "self") {
        path.push(token.to_string());
    }
}

const CLI: &str = "crates/paceline-cli/src/cli/";
