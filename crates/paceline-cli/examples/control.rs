//! The proof: how Paceline, cold and warm, and what people do today fare on every limiter and disturbance.
//! `cargo run --release -p paceline-cli --example control -- [--page docs/control.md]`; `cargo xtask control` writes the page.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables for people")]

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use paceline_cli::lab::proof::{Plan, ROWS, prove, put_into};

/// Plays the proof and prints its tables.
#[derive(Debug, Parser)]
#[command(
    after_help = "Exit codes: 0 every row holds; 1 the page could not be written; 2 bad usage; 5 a row misses its floor."
)]
struct Arguments {
    /// Write the tables into this page as well, between its marks
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Play only these scenarios, by name, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', conflicts_with = "page", value_parser = row_name)]
    only: Vec<String>,
    /// Play Paceline with so many seeds
    #[arg(long, value_name = "N", default_value = "20")]
    seeds: NonZeroU32,
    /// Play what people do today with so many; 0: not at all
    #[arg(long, value_name = "N", default_value = "3")]
    strategy_seeds: u32,
}

fn main() -> ExitCode {
    let Arguments { page, only, seeds, strategy_seeds } = Arguments::parse();
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    let rows = ROWS.into_iter().filter(|row| is_wanted(row.scenario)).collect();
    let proof = prove(&Plan { rows, seeds, strategy_seeds });
    let tables = proof.markdown();
    print!("{tables}");
    if let Some(page) = page
        && let Err(error) = put_into(&page, &tables)
    {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    if proof.holds() { ExitCode::SUCCESS } else { ExitCode::from(MISSED) }
}

fn row_name(name: &str) -> Result<String, String> {
    let mut names = ROWS.iter().map(|row| row.scenario);
    if names.any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<&str> = ROWS.iter().map(|row| row.scenario).collect();
    Err(format!("the proof has no such row; it has {}", names.join(", ")))
}

/// As the program tells of a threshold that was missed.
const MISSED: u8 = 5;
