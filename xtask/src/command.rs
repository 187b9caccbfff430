//! The list of commands. This is its one place: `cargo xtask` prints it, and `.ci/run` uses it.

use crate::step::Step;
use crate::{bench, slow};

/// Something to do with the project.
pub(crate) struct Command {
    /// How it is called.
    pub(crate) name: &'static str,
    /// The arguments it takes, as in a synopsis; empty: none.
    pub(crate) arguments: &'static str,
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    /// Its steps, given its arguments.
    pub(crate) steps: fn(&[String]) -> Result<Vec<Step>, String>,
}

impl Command {
    /// Name and arguments.
    pub(crate) fn usage(&self) -> String {
        format!("{} {}", self.name, self.arguments)
    }
}

/// Everything that can be done.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        arguments: "",
        about: "Does all that must pass before a change is merged: formatting, lints, docs, tests.",
        steps: ci,
    },
    Command {
        name: "fmt",
        arguments: "[--check]",
        about: "Formats the code, or only says what is not formatted.",
        steps: |arguments| Ok(vec![fmt().with(arguments)]),
    },
    Command {
        name: "lint",
        arguments: "",
        about: "Runs clippy on everything; a warning is an error.",
        steps: |_| Ok(vec![lint()]),
    },
    Command {
        name: "docs",
        arguments: "[--open]",
        about: "Builds the documentation; a broken link is an error.",
        steps: |arguments| Ok(vec![docs().with(arguments)]),
    },
    Command {
        name: "test",
        arguments: "[CARGO TEST ARGS]",
        about: "Runs the tests and the doctests of the four crates.",
        steps: |arguments| Ok(vec![test().with(arguments)]),
    },
    Command {
        name: "tidy",
        arguments: "[FILTER]",
        about: "Checks the house rules alone: floors, sizes, words, licences, quoted commands.",
        steps: |arguments| Ok(vec![Step::cargo("test -p paceline-cli --test tidy").with(arguments)]),
    },
    Command {
        name: "bench",
        arguments: "[NAME [ARGS]]",
        about: "Runs a benchmark, or lists the benchmarks.",
        steps: bench::steps,
    },
    Command {
        name: "control",
        arguments: "[ARGS]",
        about: "Plays the proof of Paceline's pacing, and writes its tables into docs/control.md.",
        steps: control,
    },
    Command {
        name: "slow",
        arguments: "[NAME]",
        about: "Runs the suites that are too slow for every change, or one of them.",
        steps: slow::steps,
    },
];

/// The cargo command of the proof.
const CONTROL: &str = "run --release -p paceline-cli --example control --";

/// A part of the proof is not written.
fn control(arguments: &[String]) -> Result<Vec<Step>, String> {
    let proof = Step::cargo(CONTROL);
    let whole = ["--page".to_owned(), "docs/control.md".to_owned()];
    Ok(vec![proof.with(if arguments.is_empty() { &whole } else { arguments })])
}

/// The cheapest first, and the tests last, so that a log ends with what failed.
fn ci(_: &[String]) -> Result<Vec<Step>, String> {
    let check = fmt().with(&["--check".to_owned()]);
    Ok(vec![check, lint(), docs(), Step::cargo("test -p xtask"), with_features(), test()])
}

fn fmt() -> Step {
    Step::cargo("fmt --all")
}

fn lint() -> Step {
    Step::cargo("clippy --workspace --all-targets --all-features -- -D warnings")
}

fn docs() -> Step {
    Step::cargo("doc --workspace --no-deps --all-features").env("RUSTDOCFLAGS", "-D warnings")
}

/// What is off by default: the others' tests are those of [`test()`].
fn with_features() -> Step {
    Step::cargo("test -p paceline --all-features")
}

/// The README's test command.
fn test() -> Step {
    Step::cargo("test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_ends_with_the_tests() {
        assert_eq!(ci(&[]).unwrap().last(), Some(&Step::cargo("test")));
    }

    #[test]
    fn the_whole_proof_writes_its_page_and_a_part_of_it_does_not() {
        let line = |arguments: &[String]| control(arguments).unwrap()[0].to_string();
        assert!(line(&[]).ends_with(" --example control -- --page docs/control.md"));
        assert!(line(&["--seeds".to_owned(), "1".to_owned()]).ends_with(" --example control -- --seeds 1"));
    }

    #[test]
    fn names_are_unique_and_every_command_says_what_it_does() {
        for (index, command) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[..index].iter().all(|other| other.name != command.name), "{}", command.name);
            assert!(command.about.ends_with('.'), "{}", command.name);
        }
    }
}
