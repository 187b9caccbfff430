//! The program `paceline`.

use std::process::ExitCode;

use clap::Parser;
use paceline_cli::cli::Paceline;

fn main() -> ExitCode {
    Paceline::parse().run()
}
