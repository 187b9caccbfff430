//! The flags of `paceline proxy`. Those that are settings are laid over the file and the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::settings::Flag;

/// Stand in front of an API: any client, paced unchanged.
///
/// Point a client at the proxy instead of at the API: its calls are held until the platform takes them, at the platform's true
/// speed, and are sent again where that is safe. Nothing needs to be known of the limit. What the proxy answers by itself is
/// marked with Proxy-Status; SIGTERM or Ctrl-C lets calls that are under way end first, SIGHUP reads the configuration again.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProxyArgs {
    /// Where calls go; a path in it is put before the call's
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Where clients connect; port 0 takes a free one [default: 127.0.0.1:8088; a free port with a COMMAND]
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Read settings from this file: routes, rules, limits
    #[arg(short, long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The platform's habits: a name such as github or shopify, or the path of a file [default: generic]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Where closed gates and learned limits are kept, so that a restart is never early and starts warm
    #[arg(long, value_name = "FILE")]
    state: Option<String>,
    /// How long a call is held unless its client says otherwise (Prefer: wait=N) [default: 30s]
    #[arg(long, value_name = "TIME")]
    patience: Option<String>,
    /// Who takes turns: credential, address, or header:NAME [default: credential]
    #[arg(long, value_name = "BY")]
    client: Option<String>,
    /// Never send faster, whatever the platform allows, such as 100/s
    #[arg(long, value_name = "RATE")]
    max_rate: Option<String>,
    /// Never have more calls in flight, whatever the platform allows
    #[arg(long, value_name = "N")]
    max_in_flight: Option<String>,
    /// Leave this share of every limit to others, such as 20%
    #[arg(long, value_name = "SHARE")]
    reserve: Option<String>,
    /// The most calls that are held; more get 503 [default: 10000]
    #[arg(long, value_name = "N")]
    max_waiting: Option<String>,
    /// The most bytes of one body that are kept to be sent again; larger ones are sent once [default: 1MiB]
    #[arg(long, value_name = "SIZE")]
    max_body: Option<String>,
    /// How long calls that are under way have to end when it is told to stop [default: 30s]
    #[arg(long, value_name = "TIME")]
    drain: Option<String>,
    /// Trust the platform's certificate also where one of these in PEM vouches for it
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// Speak TLS to clients, with this certificate chain in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(super) tls_key: Option<PathBuf>,
    /// Where the proxy is asked about itself: a live page, /metrics, /healthz, /readyz, /status
    #[arg(long, value_name = "ADDR")]
    admin: Option<String>,
    /// The file whose token the admin port asks for; needed to listen wider than on this machine
    #[arg(long, value_name = "FILE", requires = "admin")]
    pub(super) admin_token_file: Option<PathBuf>,
    /// Give COMMAND the proxy's address in this variable too. Repeatable
    #[arg(long = "env", value_name = "NAME", requires = "command")]
    pub(super) names: Vec<String>,
    /// Print the settings that result from file, environment and flags, and do nothing
    #[arg(long)]
    pub(super) print_config: bool,
    /// End with one JSON object on standard output
    #[arg(long, conflicts_with = "command")]
    pub(super) json: bool,
    /// Run this with the proxy's address in PACELINE_URL, and end with its exit code
    #[arg(last = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  paceline proxy --to https://api.example.com
  paceline proxy --to https://api.example.com --state proxy.state --admin 127.0.0.1:9090
  paceline proxy --to https://api.github.com --profile github --env GITHUB_BASE_URL -- terraform apply
  paceline proxy --config paceline.toml --tls-cert cert.pem --tls-key key.pem --listen 0.0.0.0:8443";

impl ProxyArgs {
    /// Those that are settings.
    pub(super) fn flags(&self) -> Vec<Flag> {
        let free_port = || (!self.command.is_empty()).then(|| "127.0.0.1:0".to_owned());
        let listen = self.listen.clone().or_else(free_port);
        let flags = [
            ("--to", "proxy.to", self.to.clone()),
            ("--listen", "proxy.listen", listen),
            ("--profile", "target.profile", self.profile.clone()),
            ("--state", "proxy.state", self.state.clone()),
            ("--patience", "proxy.patience", self.patience.clone()),
            ("--client", "proxy.client", self.client.clone()),
            ("--max-rate", "run.max_rate", self.max_rate.clone()),
            ("--max-in-flight", "run.max_in_flight", self.max_in_flight.clone()),
            ("--reserve", "run.reserve", self.reserve.clone()),
            ("--max-waiting", "proxy.max_waiting", self.max_waiting.clone()),
            ("--max-body", "proxy.max_body", self.max_body.clone()),
            ("--drain", "proxy.drain", self.drain.clone()),
            ("--admin", "proxy.admin", self.admin.clone()),
        ];
        let given =
            flags.into_iter().filter_map(|(flag, key, value)| Some(Flag { flag, key, value: value? }));
        given.collect()
    }
}
