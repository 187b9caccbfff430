//! The command line: one file per command.

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::Builder;

pub mod lab;
pub mod platform;
pub mod probe;
pub mod proxy;
pub mod report;
pub mod sync;

/// Pushes calls through a rate-limited API as fast as it allows, and never faster.
#[derive(Debug, Parser)]
#[command(name = "paceline", version)]
pub struct Paceline {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Sync(Box<sync::SyncArgs>),
    Lab(Box<lab::LabArgs>),
    Probe(Box<probe::ProbeArgs>),
    Proxy(Box<proxy::ProxyArgs>),
    Platform(Box<platform::PlatformArgs>),
    Report(report::ReportArgs),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

impl Paceline {
    /// Runs the command; its exit code is the program's.
    ///
    /// # Panics
    /// When the system gives the program no event queue or no thread.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let mut runtime = match self.command {
            // One thread passes on tens of thousands of calls a second, which no platform takes, and wakes no other for any of them.
            Command::Proxy(_) => Builder::new_current_thread(),
            _ => Builder::new_multi_thread(),
        };
        let runtime = runtime.enable_all().build().expect("the system has an event queue and threads");
        runtime.block_on(self.run_async())
    }

    async fn run_async(self) -> ExitCode {
        match self.command {
            Command::Sync(args) => sync::run(*args).await,
            Command::Lab(args) => lab::run(*args).await,
            Command::Probe(args) => probe::run(*args).await,
            Command::Proxy(args) => proxy::run(*args).await,
            Command::Platform(args) => platform::run(*args).await,
            Command::Report(args) => report::run(args),
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Self::command(), "paceline", &mut std::io::stdout());
                ExitCode::SUCCESS
            }
        }
    }
}
