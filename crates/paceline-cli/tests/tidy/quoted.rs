//! The commands that the documents quote exist, with every flag.

use std::collections::BTreeMap;
use std::process::Command;

use crate::assert_none;
use crate::code::{each_level, is_mark, is_word, tokens};
use crate::metadata::{packages, text};
use crate::tree::{File, files, root};

#[test]
fn every_command_in_the_documents_exists() {
    let files = files();
    let known = Known::here(&files);
    let documents = files.iter().filter(|file| file.is_markdown());
    let quoted: Vec<Quoted> = documents.flat_map(commands).collect();
    assert!(quoted.len() >= 5, "only {} commands found", quoted.len());
    assert_none(&quoted.iter().filter_map(|quoted| known.complaint(quoted)).collect::<Vec<_>>());
}

#[test]
fn commands_are_found_in_code_blocks_alone() {
    let text = "cargo one\n```sh\n$ A=1 cargo two --x  # why\npaceline three \\\n  --y | jq . && cargo 'four five'\nok\n```\n\
        ```rust\ncargo six\n```\n    paceline seven\n";
    let found: Vec<String> =
        commands(&File::new("A.md", text)).into_iter().map(|q| q.words.join(" ")).collect();
    assert_eq!(found, ["cargo two --x", "paceline three --y", "cargo four five"]);
}

#[test]
fn commands_and_flags_that_do_not_exist_are_caught() {
    let known = Known {
        help: BTreeMap::from([
            ("sync".to_owned(), Some("--to <URL>  -c, --config".to_owned())),
            ("lag".to_owned(), None),
        ]),
        xtask: vec!["ci".to_owned()],
        packages: vec!["paceline-core".to_owned()],
    };
    let complaints = |line: &str| {
        let file = File::new("A.md", &format!("```sh\n{line}\n```\n"));
        commands(&file).iter().filter_map(|quoted| known.complaint(quoted)).count()
    };
    let good = [
        "paceline sync a.csv --to=URL -c b.toml",
        "paceline --version",
        "cargo run --release -- sync a.csv --to URL",
        "cargo test -p paceline-core",
        "cargo xtask ci",
        "paceline sync a.csv --to URL -- other --flag",
        "cargo add paceline",
    ];
    for line in good {
        assert_eq!(complaints(line), 0, "{line}");
    }
    let bad = [
        "paceline lag",
        "paceline sync --too URL",
        "paceline sync --con URL",
        "paceline sync -d",
        "cargo run --release -- lag",
        "cargo run -- sync --nothing",
        "cargo xtask tidy",
        "cargo nothing",
        "cargo test -p paceline-gone",
        "paceline sync examples/gone.csv",
    ];
    for line in bad {
        assert_eq!(complaints(line), 1, "{line}");
    }
}

/// A command in a document.
struct Quoted {
    /// The document.
    path: String,
    words: Vec<String>,
}

/// What there is to call.
struct Known {
    /// What `paceline NAME --help` says, for every name that is quoted; None when there is no such command.
    help: BTreeMap<String, Option<String>>,
    xtask: Vec<String>,
    packages: Vec<String>,
}

impl Known {
    fn here(files: &[File]) -> Self {
        let quoted = files.iter().filter(|file| file.is_markdown()).flat_map(commands);
        let names = quoted.filter_map(|quoted| paceline(&quoted.words)?.first().cloned());
        let help = names.map(|name| (name.clone(), help(&name))).collect();
        let list = files.iter().find(|file| file.path == XTASK_LIST).expect("the list of commands is there");
        let packages = packages().iter().map(|package| text(package, "name").to_owned()).collect();
        Self { help, xtask: xtask_names(list), packages }
    }

    fn complaint(&self, quoted: &Quoted) -> Option<String> {
        let wrong = match paceline(&quoted.words) {
            Some(arguments) => self.wrong_in_paceline(arguments),
            None => self.wrong_in_cargo(&quoted.words),
        };
        wrong.map(|wrong| format!("{}: `{}`: {wrong}", quoted.path, quoted.words.join(" ")))
    }

    fn wrong_in_paceline(&self, arguments: &[String]) -> Option<String> {
        let (name, rest) = arguments.split_first()?;
        if name.starts_with('-') {
            return (!["--help", "--version", "-h", "-V"].contains(&name.as_str()))
                .then(|| format!("no flag {name}"));
        }
        let Some(help) = self.help.get(name).and_then(Option::as_ref) else {
            return Some(format!("`paceline {name}` does not exist"));
        };
        let flags = rest.iter().take_while(|word| *word != "--").filter_map(|word| flag(word));
        let unknown = flags.into_iter().find(|flag| !has_flag(help, flag));
        let is_gone = |word: &&String| word.starts_with("examples/") && !root().join(word).exists();
        unknown
            .map(|flag| format!("`paceline {name} --help` has no {flag}"))
            .or_else(|| rest.iter().find(is_gone).map(|word| format!("there is no {word}")))
    }

    fn wrong_in_cargo(&self, words: &[String]) -> Option<String> {
        let name = words.get(1)?;
        if name == "xtask" {
            let command = words.get(2)?;
            return (!self.xtask.contains(command)).then(|| format!("`cargo xtask` has no {command}"));
        }
        if !CARGO.contains(&name.as_str()) {
            return Some(format!("`cargo {name}` is not known to work on a fresh machine"));
        }
        let package = words.iter().skip_while(|word| *word != "-p" && *word != "--package").nth(1)?;
        (!self.packages.contains(package)).then(|| format!("there is no package {package}"))
    }
}

/// The commands of cargo and of ours in the code blocks of a document.
fn commands(document: &File) -> Vec<Quoted> {
    let mut found = Vec::new();
    let mut block: Option<bool> = None;
    let mut open = String::new();
    for line in document.text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = if block.is_some() { None } else { Some(SHELLS.contains(&language.trim())) };
        } else if block == Some(true) {
            let line = line.trim().trim_start_matches("$ ");
            if let Some(start) = line.strip_suffix('\\') {
                open.push_str(start);
                continue;
            }
            open.push_str(line);
            found.extend(split(&std::mem::take(&mut open)));
        }
    }
    let is_ours =
        |words: &Vec<String>| words.first().is_some_and(|word| word == "cargo" || word == "paceline");
    let quoted = found.into_iter().filter(is_ours).map(|words| Quoted { path: document.path.clone(), words });
    quoted.collect()
}

/// The commands of a line, in words. Quotes are taken off; settings of variables before a command too.
fn split(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![vec![String::new()]];
    let mut quote = None;
    for letter in line.chars() {
        let words = commands.last_mut().expect("there is always one");
        match letter {
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            _ if quote == Some(letter) => quote = None,
            ' ' if quote.is_none() => words.push(String::new()),
            '#' if quote.is_none() && words.last().is_some_and(String::is_empty) => break,
            '|' | '&' | ';' if quote.is_none() => commands.push(vec![String::new()]),
            _ => words.last_mut().expect("there is always one").push(letter),
        }
    }
    let is_setting = |word: &String| word.contains('=') && !word.starts_with('-');
    let clean = |words: Vec<String>| words.into_iter().filter(|word| !word.is_empty()).skip_while(is_setting);
    commands.into_iter().map(|words| clean(words).collect()).collect()
}

/// The arguments of our program, if the words call it.
fn paceline(words: &[String]) -> Option<&[String]> {
    if words[0] == "paceline" {
        return Some(&words[1..]);
    }
    let end = words.iter().position(|word| word == "--")?;
    let is_other = |word: &String| ["-p", "--package", "--example"].contains(&word.as_str());
    let is_run = words.get(1).is_some_and(|word| word == "run");
    (is_run && !words[..end].iter().any(is_other)).then(|| &words[end + 1..])
}

/// The flag that a word is, without its value and without the brackets of a synopsis.
fn flag(word: &str) -> Option<&str> {
    let word = word.trim_start_matches(['[', '(']);
    let end =
        word.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(word.len());
    (word.starts_with('-') && word[..end].len() > 1).then_some(&word[..end])
}

fn has_flag(help: &str, flag: &str) -> bool {
    let is_end = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '-');
    let is_start = |before: &str| !before.ends_with(|last: char| last.is_ascii_alphanumeric() || last == '-');
    let mut found = help.match_indices(flag);
    found.any(|(at, _)| is_start(&help[..at]) && is_end(&help[at + flag.len()..]))
}

fn help(name: &str) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_paceline")).args([name, "--help"]).output();
    let output = output.expect("the program runs");
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The texts after `name:` in the list of `cargo xtask`.
fn xtask_names(list: &File) -> Vec<String> {
    let mut names = Vec::new();
    each_level(&tokens(list), &mut |level| {
        for three in level.windows(3) {
            let literal = three[2].to_string();
            if is_word(&three[0], "name") && is_mark(&three[1], ':') && literal.starts_with('"') {
                names.push(literal.trim_matches('"').to_owned());
            }
        }
    });
    assert!(!names.is_empty(), "{XTASK_LIST} lists no command");
    names
}

const XTASK_LIST: &str = "xtask/src/command.rs";

/// Languages of code blocks that are typed into a shell.
const SHELLS: [&str; 5] = ["", "sh", "bash", "shell", "console"];

/// What comes with cargo.
const CARGO: [&str; 10] =
    ["add", "bench", "build", "check", "clippy", "doc", "fmt", "install", "run", "test"];
