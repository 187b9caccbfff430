//! The flags of `paceline probe`. Those that are settings are laid over the file and the environment.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::Method;

use crate::origin::{Origin, Text};
use crate::probe::Bounds;
use crate::settings::Flag;
use crate::units::{UnitError, span};

/// Learn what limits a platform really has.
///
/// Asks before it knocks: the first call goes alone, and what its reply publishes about limits is shown. Then it calls as
/// fast as Paceline does, obeys every Retry-After, and stops as soon as it knows enough, or at the first of its bounds.
/// Says what it believes, on what evidence and how surely, and prints it as the `[limits]` of a paceline.toml. The
/// quota is shared with everything else that uses it: probe when nobody is in a hurry.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProbeArgs {
    /// What to call; nothing is written there unless --method says so
    #[arg(value_name = "URL", conflicts_with = "from")]
    url: Option<String>,
    /// Read the results of an earlier JMeter test instead, CSV or XML; nothing is sent
    #[arg(long, value_name = "FILE")]
    pub(super) from: Option<PathBuf>,
    /// Stop after so many refusals; those of calls already under way count with the first
    #[arg(long, value_name = "N", default_value = "5", conflicts_with = "from")]
    max_refusals: NonZeroU32,
    /// Stop after so many calls, refused ones included
    #[arg(long, value_name = "N", default_value = "500", conflicts_with = "from")]
    max_calls: NonZeroU64,
    /// Stop after so long, and at once when a Retry-After asks for more
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time, conflicts_with = "from")]
    max_time: Duration,
    /// The method
    #[arg(long, value_name = "METHOD", default_value = "GET", conflicts_with = "from")]
    method: Method,
    /// A header, such as `Accept: text/html`; credentials belong under `[auth]`
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header, conflicts_with = "from")]
    headers: Vec<(String, String)>,
    /// The body of each call
    #[arg(long, value_name = "TEXT", requires = "method", conflicts_with = "from")]
    body: Option<String>,
    /// The most calls under way [default: 64]
    #[arg(long, value_name = "N", conflicts_with = "from")]
    workers: Option<String>,
    /// Read `[target]` url, headers and timeouts, `[auth]` and the ceilings of `[run]` from this file
    #[arg(short, long, value_name = "FILE", conflicts_with = "from")]
    pub(super) config: Option<PathBuf>,
    /// Write the limits into this file, too
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write it even if it is there already
    #[arg(long, requires = "out")]
    pub(super) force: bool,
    /// Print one JSON object on standard output instead of the configuration
    #[arg(long)]
    pub(super) json: bool,
}

impl ProbeArgs {
    pub(super) const fn bounds(&self) -> Bounds {
        Bounds { refusals: self.max_refusals, calls: self.max_calls, time: self.max_time }
    }

    pub(super) fn method(&self) -> Method {
        self.method.clone()
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = (String, Text)> {
        let text = |value: &String| Text::new(value.clone(), Origin::Flag("--header"));
        self.headers.iter().map(move |(name, value)| (name.clone(), text(value)))
    }

    pub(super) fn body(&self) -> Option<Text> {
        self.body.as_ref().map(|body| Text::new(body.clone(), Origin::Flag("--body")))
    }

    /// The flags that are settings.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let flags = [("URL", "target.url", &self.url), ("--workers", "run.workers", &self.workers)];
        let set = flags.into_iter().filter_map(|(flag, key, value)| {
            let value = value.clone()?;
            Some(Flag { flag, key, value })
        });
        set.collect()
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let time = span(text).map_err(|error: UnitError| error.to_string())?;
    if time.is_zero() { Err("in no time nothing can be asked".to_owned()) } else { Ok(time) }
}

fn header(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
    let (name, value) = parts.filter(|(name, _)| !name.is_empty()).ok_or("write it as `Name: value`")?;
    Ok((name.to_owned(), value.to_owned()))
}

const EXAMPLES: &str = "\
Examples:
  Ask, and write down what is believed:
    paceline probe https://api.example.com/people --out paceline.toml
  With the credential and the headers that sync uses:
    paceline probe -c paceline.toml https://api.example.com/people
  Ask carefully:
    paceline probe https://api.example.com/people --max-refusals 2 --max-calls 200
  A limit on writing shows only when something is written:
    paceline probe https://api.example.com/people --method POST --body '{\"name\":\"probe\"}'
  What an earlier load test tells; nothing is sent:
    paceline probe --from results.jtl

Exit codes: 0 done; 1 nothing could be learned, or it was stopped; 2 a flag, the configuration or the log is wrong, nothing
was sent; 4 the platform asks to be left alone for longer than there is time; 6 banned: do not go on.";
