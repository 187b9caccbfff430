//! The command line: one file per command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod platform;
pub mod report;

/// Pushes calls through a rate-limited API as fast as it allows, and never faster.
#[derive(Debug, Parser)]
#[command(name = "paceline", version)]
pub struct Paceline {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Platform(platform::PlatformArgs),
    Report(report::ReportArgs),
}

impl Paceline {
    /// Runs the command; its exit code is the program's.
    pub async fn run(self) -> ExitCode {
        match self.command {
            Command::Platform(args) => platform::run(args).await,
            Command::Report(args) => report::run(args),
        }
    }
}
