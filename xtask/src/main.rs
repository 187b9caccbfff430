//! The project's commands, shared by people and CI: `cargo xtask COMMAND`.

use std::process::ExitCode;
use std::time::Instant;

use command::COMMANDS;
use step::Failure;

mod bench;
mod command;
mod slow;
mod step;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        print_commands();
        return ExitCode::SUCCESS;
    };
    let rest: Vec<String> = arguments.collect();
    match run(&name, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Runs the steps of a command one after another, and stops at the first that fails.
fn run(name: &str, arguments: &[String]) -> Result<(), Failure> {
    let command = COMMANDS.iter().find(|command| command.name == name);
    let command = command.ok_or_else(|| format!("no command `{name}`: `cargo xtask` lists them"))?;
    let started = Instant::now();
    for step in (command.steps)(arguments)? {
        eprintln!("==> {step}    ({} s so far)", started.elapsed().as_secs());
        step.run()?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
fn print_commands() {
    for command in COMMANDS {
        println!("cargo xtask {:<36} {}", command.usage(), command.about);
    }
}
