//! Scenarios as files: the shipped ones, their errors, what flags change, and their documentation.

mod believed;
mod documentation;
mod errors;
mod mutated;
mod overrides;
mod several_scopes;
mod shipped;

use paceline_cli::scenario::ScenarioFile;
use paceline_cli::written::Problems;

fn parse(text: &str) -> Result<ScenarioFile, Problems> {
    ScenarioFile::parse(text, "world.toml")
}

/// The least that is a scenario, and what is added to it.
fn with(more: &str) -> String {
    format!("about = \"one user\"\nrecords = 10\npayload = \"2KB\"\nusers.count = 1\n{more}")
}
