//! `paceline platform`: the stand-in as a program of its own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use paceline_sim::platform::{Ban, LatencyRange};
use tokio::net::TcpListener;

mod limits;

use limits::{ConcurrencyArg, LimitArg};

use crate::platform::words::{
    BulkCostArg, FAULT_HELP, FaultArg, LimiterArg, OutageArg, PublishArg, RetryAfterArg, ban, latency,
};
use crate::platform::{Profile, StandIn, StandInConfig, serve};

/// Start a stand-in platform: real limits, penalties and faults, on your own machine.
///
/// Any path takes a record; POST /records/bulk takes {"entities":[...]} and answers for each item; GET /stats says
/// what the platform saw, and so does the end (Ctrl-C). A client is its credential: Authorization, else X-Api-Key. Its
/// tenant and its kind of integration are what X-Tenant and X-Integration say; without them, all share one. A record
/// whose "fail" is "reject", "poison" or "retry" fails that way.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct PlatformArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Limit calls, such as 120/s or tenant:2500/min; per credential unless a scope is named. Repeatable
    #[arg(long = "limit", value_name = "[SCOPE:]RATE")]
    limits: Vec<LimitArg>,
    /// What may come at once: the bucket's size, or the leaky bucket's queue [default: one second of the rate]
    #[arg(long, value_name = "N", requires = "limits")]
    burst: Option<u32>,
    /// How calls are limited [default: token-bucket]
    #[arg(long, value_enum, value_name = "KIND", requires = "limits")]
    limiter: Option<LimiterArg>,
    /// Limit calls being served at once, such as 50 or tenant:50. Repeatable
    #[arg(long, value_name = "[SCOPE:]N")]
    concurrency: Vec<ConcurrencyArg>,
    /// Refused calls count against the limits as if they had been made
    #[arg(long)]
    count_refused: bool,
    /// How long every answer takes: one time, or a range
    #[arg(long, value_name = "TIME[..TIME]", default_value = "0ms", value_parser = latency)]
    latency: LatencyRange,
    /// How a refusal says when to come back [default: seconds]
    #[arg(long, value_enum, value_name = "FORM")]
    retry_after: Option<RetryAfterArg>,
    /// How every reply publishes what is left of its tightest limit: a draft of the IETF [default: none]
    #[arg(long, value_enum, value_name = "DRAFT")]
    publish: Option<PublishArg>,
    /// So many early returns in a time, and the credential gets 403 for as long, such as 20/60s
    #[arg(long, value_name = "N/TIME", value_parser = ban)]
    ban: Option<Ban>,
    /// What a bulk call costs
    #[arg(long, value_enum, value_name = "BY", default_value = "call")]
    bulk_cost: BulkCostArg,
    /// Break admitted calls: KIND:SHARE, such as lost-reply:0.5%, reset-after:1/100 or slow=5s:1%. Repeatable
    #[arg(long = "fault", value_name = "KIND:SHARE", long_help = FAULT_HELP)]
    faults: Vec<FaultArg>,
    /// Be gone for a while, counted from the start: FROM..UNTIL[:reset|:503]. Repeatable
    #[arg(long = "outage", value_name = "FROM..UNTIL")]
    outages: Vec<OutageArg>,
    /// The most bytes in a body; above it: 413 [default: 512000]
    #[arg(long, value_name = "BYTES")]
    body_limit: Option<u64>,
    /// The only token that is not answered with 401
    #[arg(long, value_name = "TOKEN")]
    expect_token: Option<String>,
    /// The field of a record that identifies it
    #[arg(long, value_name = "FIELD", default_value = "id")]
    key: String,
    /// Start from the published habits of a platform; other flags are laid over them
    #[arg(long, value_enum, value_name = "NAME")]
    profile: Option<Profile>,
    /// Chance is drawn from this
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

const EXAMPLES: &str = "\
Examples:
  paceline platform --limit 120/s --burst 120 --latency 30ms..80ms --ban 20/60s
  paceline platform --limit 1200/10s --limiter sliding-log --count-refused --retry-after date
  paceline platform --limit tenant:2500/min --concurrency tenant:50 --latency 400ms
  paceline platform --fault lost-reply:0.5% --fault 502-after:1/200 --outage 10s..70s:503";

/// What kept the stand-in from starting.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The flags ask for something that cannot be.
    #[error(transparent)]
    Usage(#[from] limits::LimitError),
    /// The address is taken, not ours, or not allowed.
    #[error(
        "cannot listen on {address}: {source}; name another address with --listen, port 0 takes a free port"
    )]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// Why it could not.
        source: io::Error,
    },
    /// The system does not let the program wait for its end.
    #[error("cannot wait for SIGINT and SIGTERM: {0}")]
    Signal(io::Error),
}

/// Runs the stand-in until SIGINT or SIGTERM, then prints what it saw. Exit code 2 if it could not start.
pub async fn run(args: PlatformArgs) -> ExitCode {
    match stand_in(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(2)
        }
    }
}

async fn stand_in(args: PlatformArgs) -> Result<(), PlatformError> {
    let address = args.listen;
    let seed = args.seed;
    let config = args.config()?;
    let stand_in =
        start(address, config, seed).await.map_err(|source| PlatformError::Listen { address, source })?;
    // Before anybody is told where it listens: who is told may want it to stop at once.
    let ended = ended().map_err(PlatformError::Signal)?;
    say(&format!("listening on {}", stand_in.url()));
    ended.await.map_err(PlatformError::Signal)?;
    let stats = stand_in.stop().await;
    let text = serde_json::to_string_pretty(&stats).expect("counts are JSON");
    // Nobody reads any more: there is nobody left to tell.
    let _ = writeln!(io::stdout(), "{text}");
    Ok(())
}

async fn start(address: SocketAddr, config: StandInConfig, seed: u64) -> io::Result<StandIn> {
    serve(TcpListener::bind(address).await?, config, seed)
}

impl PlatformArgs {
    /// The platform that the flags describe.
    ///
    /// # Errors
    /// When a number is out of range.
    pub fn config(self) -> Result<StandInConfig, PlatformError> {
        let mut platform = self.profile.map(Profile::config).unwrap_or_default();
        // A flag replaces the profile's limits of its kind.
        platform.limits.retain(|limit| {
            let flags = if limit.kind.is_concurrency() { self.concurrency.len() } else { self.limits.len() };
            flags == 0
        });
        let limiter = self.limiter.unwrap_or(LimiterArg::TokenBucket);
        for limit in &self.limits {
            platform.limits.push(limit.config(limiter, self.burst)?);
        }
        platform.limits.extend(self.concurrency.iter().map(ConcurrencyArg::config));
        for limit in &mut platform.limits {
            limit.counts_refused |= self.count_refused;
        }
        platform.latency = self.latency;
        platform.ban = self.ban;
        platform.bulk_cost = self.bulk_cost.into();
        platform.faults = self.faults.into_iter().map(|fault| fault.0).collect();
        platform.outages = self.outages.into_iter().map(|outage| outage.0).collect();
        platform.retry_after = self.retry_after.map_or(platform.retry_after, Into::into);
        platform.published = self.publish.map_or(platform.published, Into::into);
        platform.body_limit = self.body_limit.unwrap_or(platform.body_limit);
        platform.expected_credential = self.expect_token.as_deref().map(crate::platform::token);
        Ok(StandInConfig { platform, key_field: self.key })
    }
}

/// People's output goes to stderr; where nobody reads it, it is lost.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Resolves when somebody wants it to stop; from this call on, not only from the first look.
#[cfg(unix)]
fn ended() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        Ok(())
    })
}

/// Resolves when somebody wants it to stop.
#[cfg(not(unix))]
fn ended() -> io::Result<impl Future<Output = io::Result<()>>> {
    Ok(tokio::signal::ctrl_c())
}
