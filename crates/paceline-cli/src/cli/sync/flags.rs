//! The flags of `paceline sync`. Those that are settings are laid over the file and the environment.

use std::path::PathBuf;

use clap::Args;

use crate::platform::Profile;
use crate::settings::Flag;
use crate::sync::Scene;

/// Send a file of records to an API: paced, batched, resumable.
///
/// Each record becomes a call, by default POST with the record as a JSON object. Nothing needs to be known of the
/// platform's limit: it is learned, and `Retry-After` is obeyed. A journal beside the source remembers what was
/// delivered; running the same command again goes on where it stopped.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SyncArgs {
    /// The records: CSV, TSV, JSON Lines or a JSON array, plain, gzip or zstd; - for standard input
    #[arg(value_name = "RECORDS")]
    pub(super) records: PathBuf,
    /// Where to send them; may be a template: `https://api.example.com/users/{{ id }}`
    #[arg(long, value_name = "URL", conflicts_with = "rehearse")]
    to: Option<String>,
    /// Send to a stand-in inside this program instead, and say how close to the best possible it came
    #[arg(long, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "usual")]
    rehearse: Option<Scenario>,
    /// Read settings from this file
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The platform's habits: a name such as github or shopify, or the path of a file [default: generic]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The format of the records [default: told by name or content]
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The field that identifies a record: a later run sends only what is new or changed
    #[arg(long, value_name = "FIELD")]
    key: Option<String>,
    /// The most calls under way [default: 64]
    #[arg(long, value_name = "N")]
    workers: Option<String>,
    /// Send up to N records in one call [default: 1]
    #[arg(long, value_name = "N")]
    batch: Option<String>,
    /// Never send faster, whatever the platform allows, such as 100/s
    #[arg(long, value_name = "RATE")]
    max_rate: Option<String>,
    /// Never have more calls in flight, whatever the platform allows
    #[arg(long, value_name = "N")]
    max_in_flight: Option<String>,
    /// Leave this share of the limit to others, such as 20%
    #[arg(long, value_name = "SHARE")]
    reserve: Option<String>,
    /// Suspend rather than wait longer [default: 180s]
    #[arg(long, value_name = "TIME")]
    max_wait: Option<String>,
    /// Stop when a larger share of records is rejected: the request must be wrong [default: 5%]
    #[arg(long, value_name = "SHARE")]
    max_dead: Option<String>,
    /// Send records with the same value in this field one by one, in the order of the source
    #[arg(long, value_name = "FIELD")]
    order_by: Option<String>,
    /// Send an Idempotency-Key with each call; the platform must honour it
    #[arg(long)]
    idempotency_key: bool,
    /// When nobody knows whether a call was applied: send it again, or hold it as in doubt
    #[arg(long, value_name = "retry|hold")]
    on_uncertain: Option<String>,
    /// Where the journal is [default: RECORDS.journal, beside the source]
    #[arg(long, value_name = "FILE")]
    journal: Option<String>,
    /// Begin a new journal; the old one is renamed, never deleted
    #[arg(long)]
    pub(super) start_over: bool,
    /// Say what would be sent and how long it would take, and send nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the settings that result from file, environment and flags, and do nothing
    #[arg(long)]
    pub(super) print_config: bool,
    /// End with one JSON object on standard output
    #[arg(long)]
    pub(super) json: bool,
}

/// What is rehearsed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Scenario {
    /// 120 calls a second, burst 120, Retry-After in whole seconds, bans, answers in 30 to 80 ms
    Usual,
    /// 300/min per token, 50 at once per tenant
    Genesys,
    /// A rolling window of 100 calls in 10 s, no Retry-After
    Hubspot,
    /// A bucket of 40 that drains at 2/s
    Shopify,
}

impl SyncArgs {
    /// The flags that are settings.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let idempotency_key = self.idempotency_key.then(|| "true".to_owned());
        let flags = [
            ("--to", "target.url", &self.to),
            ("--profile", "target.profile", &self.profile),
            ("--format", "records.format", &self.format),
            ("--key", "records.key", &self.key),
            ("--workers", "run.workers", &self.workers),
            ("--batch", "batch.count", &self.batch),
            ("--max-rate", "run.max_rate", &self.max_rate),
            ("--max-in-flight", "run.max_in_flight", &self.max_in_flight),
            ("--reserve", "run.reserve", &self.reserve),
            ("--max-wait", "retry.max_wait", &self.max_wait),
            ("--max-dead", "run.max_dead", &self.max_dead),
            ("--order-by", "records.order_by", &self.order_by),
            ("--idempotency-key", "retry.idempotency_key", &idempotency_key),
            ("--on-uncertain", "retry.on_uncertain", &self.on_uncertain),
            ("--journal", "journal.path", &self.journal),
        ];
        let set = flags.into_iter().filter_map(|(flag, key, value)| {
            let value = value.clone()?;
            Some(Flag { flag, key, value })
        });
        set.collect()
    }

    /// The platform to rehearse with, if it is a rehearsal.
    pub(super) fn scene(&self) -> Option<Scene> {
        Some(match self.rehearse? {
            Scenario::Usual => Scene::Usual,
            Scenario::Genesys => Scene::Of(Profile::Genesys),
            Scenario::Hubspot => Scene::Of(Profile::Hubspot),
            Scenario::Shopify => Scene::Of(Profile::Shopify),
        })
    }
}

const EXAMPLES: &str = "\
Examples:
  Rehearse against a stand-in, nothing leaves this machine:
    paceline sync examples/airports.csv --rehearse
  See what would be sent:
    paceline sync people.csv --to https://api.example.com/people --dry-run
  Send, a hundred at a time, each record exactly once however often the command is repeated:
    paceline sync people.csv --to https://api.example.com/people/bulk --key id --batch 100 --idempotency-key
  From another program, leaving a fifth of the limit to others:
    export-people | paceline sync - --to https://api.example.com/people --journal people.journal --reserve 20%

Exit codes:
  0  everything delivered
  1  failed, state saved: run the same command again
  2  bad usage, configuration, journal or input; nothing was sent
  3  done, but some records are dead or in doubt: see paceline report
  4  suspended: run again at the time named
  6  shut out by the platform: do not retry automatically";
