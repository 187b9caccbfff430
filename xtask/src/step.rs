//! One step of a command: cargo, with arguments and an environment.

use std::ffi::OsString;
use std::fmt;
use std::process::Command;

/// One call of cargo.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    arguments: Vec<String>,
    environment: Vec<(&'static str, &'static str)>,
}

impl Step {
    /// `cargo` with the words of `line`, which are separated by spaces.
    pub(crate) fn cargo(line: &str) -> Self {
        let arguments = line.split_whitespace().map(str::to_owned).collect();
        Self { arguments, environment: Vec::new() }
    }

    /// With `more` arguments at the end.
    pub(crate) fn with(mut self, more: &[String]) -> Self {
        self.arguments.extend_from_slice(more);
        self
    }

    /// With a variable of the environment.
    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment.push((name, value));
        self
    }

    /// Runs it; what it prints goes where ours goes.
    ///
    /// # Errors
    /// When it cannot be started, or ends with another exit code than 0.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(&self.arguments).envs(self.environment.iter().copied());
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                Err(Failure {
                    code: code.unwrap_or(1),
                    ..Failure::from(format!("`{self}` failed: {status}"))
                })
            }
            Err(error) => Err(format!("`{self}` cannot be started: {error}").into()),
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened.
    pub(crate) message: String,
    /// The exit code: the failed step's own, for it says more than 1 does.
    pub(crate) code: u8,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self { message, code: 1 }
    }
}

/// As a person would type it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            write!(f, "{name}='{value}' ")?;
        }
        write!(f, "cargo {}", self.arguments.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_reads_as_a_person_would_type_it() {
        let step = Step::cargo("doc --no-deps").with(&["-p".to_owned()]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(step.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps -p");
    }

    #[test]
    fn a_failing_step_is_an_error_that_names_it() {
        let error = Step::cargo("no-such-subcommand").run().unwrap_err();
        assert!(error.message.starts_with("`cargo no-such-subcommand` failed"), "{error:?}");
        assert_eq!(error.code, 101, "cargo's own");
    }
}
