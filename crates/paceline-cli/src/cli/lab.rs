//! `paceline lab`: the best strategy for a load and its limits, found in virtual time.

use std::io::{self, IsTerminal, Write};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use paceline_sim::strategies::{self, Named};
use tokio_util::sync::CancellationToken;

use crate::lab::outcome::Outcome;
use crate::lab::study::{Study, study};
use crate::lab::sweep::Watch;
use crate::lab::{configuration, page, sockets, table};
use crate::observe::sweeping;
use crate::scenario::{NoSuchScenario, Overrides, ScenarioFile};
use crate::units::{Rate, Size};
use crate::written::Problems;

/// Find the best retry strategy, batch size and settings for a load and its limits, without touching a platform.
///
/// Plays what people do today and Paceline against a modelled platform, with many seeds, in virtual time. Says which one is
/// best as far as noise allows, what the others cost, and whether batching pays. Who comes back before a wait is over, or
/// loses a record, is marked and not ranked. Without a scenario: 500 users, 2 KB each, 120 calls a second.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct LabArgs {
    /// A scenario: a TOML file, or the name of a shipped one (--list shows them)
    #[arg(value_name = "SCENARIO", default_value = "founding")]
    scenario: String,
    /// Show the shipped scenarios and the strategies
    #[arg(long)]
    list: bool,
    /// So many users instead of the scenario's
    #[arg(long, value_name = "N")]
    users: Option<NonZeroU32>,
    /// So many records instead of the scenario's
    #[arg(long, value_name = "N")]
    records: Option<NonZeroU32>,
    /// Records of this size, such as 2KB
    #[arg(long, value_name = "SIZE")]
    payload: Option<Size>,
    /// This rate instead of the scenario's limit, such as 120/s
    #[arg(long, value_name = "RATE")]
    limit: Option<Rate>,
    /// Play only these strategies, by name, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = strategy)]
    strategies: Vec<&'static Named>,
    /// Play each with so many seeds
    #[arg(long, value_name = "N", default_value = "20")]
    seeds: NonZeroU32,
    /// The first seed; the same seed gives the same outcome, byte for byte
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,
    /// Do not search Paceline's settings
    #[arg(long, conflicts_with = "out")]
    no_search: bool,
    /// Play on so many threads [default: one for each core]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Write a page with charts: one file, without network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the best settings as a configuration that sync takes
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Play over sockets too, against a stand-in inside this program, and hold WebSockets beside a sync; takes real time.
    /// Without --strategies: paceline and forum
    #[arg(long)]
    real: bool,
    /// Print the outcome as one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  paceline lab
  paceline lab --html lab.html --out paceline.toml
  paceline lab founding-minute --seeds 5
  paceline lab scenario.toml --users 200 --limit 50/s --payload 10KB
  paceline lab --strategies paceline,forum,known-bucket --no-search --json
  paceline lab --real --records 1200

Exit codes: 0 done; 1 something could not be written; 2 the scenario or a flag is wrong; 130 stopped by Ctrl-C, with what
was finished by then printed.";

#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Scenario(#[from] Problems),
    #[error(transparent)]
    Name(#[from] NoSuchScenario),
    #[error("the threads cannot be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error("the stand-in cannot listen on loopback: {0}")]
    Listen(io::Error),
    #[error(transparent)]
    Page(#[from] page::PageError),
    #[error("{} cannot be written: {cause}", path.display())]
    Out { path: PathBuf, cause: io::Error },
    #[error("nothing was finished: Ctrl-C came before the first seed was through")]
    Nothing,
}

/// Plays, and prints what came of it.
pub async fn run(args: LabArgs) -> ExitCode {
    if args.list {
        return print(&listed());
    }
    let watch = Arc::new(Watch::default());
    match play(&args, &watch).await {
        Ok(outcome) => finish(&args, &outcome, &watch),
        Err(error) => fail(&error),
    }
}

async fn play(args: &LabArgs, watch: &Arc<Watch>) -> Result<(Study, Outcome), CommandError> {
    let plan = args.study()?;
    let playing = tokio::task::spawn_blocking({
        let (plan, watch) = (plan.clone(), Arc::clone(watch));
        move || study(&plan, &watch)
    });
    let mut outcome = sweeping::show_until(playing, watch).await?;
    if outcome.strategies.is_empty() {
        return Err(CommandError::Nothing);
    }
    if args.real && !watch.is_stopped() {
        play_over_sockets(args, &plan, &mut outcome, watch).await?;
    }
    Ok((plan, outcome))
}

async fn play_over_sockets(
    args: &LabArgs,
    plan: &Study,
    outcome: &mut Outcome,
    watch: &Watch,
) -> Result<(), CommandError> {
    let usual = || USUAL_REAL.into_iter().filter_map(strategies::named).collect();
    let chosen = if args.strategies.is_empty() { usual() } else { args.strategies.clone() };
    let stop = CancellationToken::new();
    let mut told = |what: &str| {
        // Who does not look loses nothing.
        let _ = writeln!(io::stderr(), "in real time: {what}");
    };
    let playing = sockets::play(plan, &chosen, outcome, &stop, &mut told);
    sweeping::stop_on_ctrl_c(playing, &stop, watch).await.map_err(CommandError::Listen)
}

fn finish(args: &LabArgs, (plan, outcome): &(Study, Outcome), watch: &Watch) -> ExitCode {
    if let Err(error) = write_files(args, plan, outcome) {
        return fail(&error);
    }
    let told = if args.json {
        let json = serde_json::to_string(outcome).expect("numbers and texts are JSON");
        format!("{json}\n")
    } else {
        table::told(outcome)
    };
    let printed = print(&told);
    if watch.is_stopped() { ExitCode::from(INTERRUPTED) } else { printed }
}

fn write_files(args: &LabArgs, plan: &Study, outcome: &Outcome) -> Result<(), CommandError> {
    if let Some(path) = &args.html {
        page::save(path, outcome)?;
    }
    if let (Some(path), Some(best)) = (&args.out, outcome.search.first()) {
        let text = configuration::written(&outcome.scenario, &plan.file.scenario, best);
        crate::page::save(path, |out| out.write_all(text.as_bytes()))
            .map_err(|cause| CommandError::Out { path: path.clone(), cause })?;
    }
    Ok(())
}

fn fail(error: &CommandError) -> ExitCode {
    let text = match error {
        CommandError::Scenario(problems) => problems.report(io::stderr().is_terminal()),
        other => format!("error: {other}"),
    };
    // Nobody is there to hear that nobody hears it.
    let _ = writeln!(io::stderr(), "{text}");
    let is_usage = matches!(error, CommandError::Scenario(_) | CommandError::Name(_) | CommandError::Nothing);
    ExitCode::from(if is_usage { 2 } else { 1 })
}

/// A reader that has enough is no failure.
fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

fn listed() -> String {
    let mut text = "Scenarios:\n".to_owned();
    for file in ScenarioFile::builtins() {
        text.push_str(&format!("  {:<24} {}\n", file.name, file.about));
    }
    text.push_str("\nStrategies:\n");
    for named in strategies::all() {
        text.push_str(&format!("  {:<30} {}\n", named.name, named.about));
    }
    text
}

fn strategy(name: &str) -> Result<&'static Named, String> {
    strategies::named(name).ok_or_else(|| {
        let names: Vec<&str> = strategies::all().iter().map(|named| named.name).collect();
        format!("there is no strategy of that name; there are {}", names.join(", "))
    })
}

impl LabArgs {
    fn study(&self) -> Result<Study, CommandError> {
        let Self { users, payload, limit, records, .. } = *self;
        let is_file = self.scenario.ends_with(".toml") || self.scenario.contains(['/', '\\']);
        let file = if is_file {
            ScenarioFile::read(&self.scenario)?
        } else {
            ScenarioFile::builtin(&self.scenario)?
        };
        let all = || strategies::all().iter().collect();
        Ok(Study {
            file: file.with(&Overrides { users, payload, limit, records })?,
            strategies: if self.strategies.is_empty() { all() } else { self.strategies.clone() },
            seed: self.seed,
            seeds: self.seeds,
            with_search: !self.no_search,
            threads: self.threads,
        })
    }
}

/// What is worth minutes: the product, and what people do today.
const USUAL_REAL: [&str; 2] = ["paceline", "forum"];
/// As a shell tells of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;
