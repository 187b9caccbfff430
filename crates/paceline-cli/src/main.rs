//! The program `paceline`.

use std::process::ExitCode;

use clap::Parser;
use paceline_cli::cli::Paceline;

/// A call through the proxy allocates some dozens of small things.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Paceline::parse().run()
}
