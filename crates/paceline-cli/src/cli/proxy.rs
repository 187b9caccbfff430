//! `paceline proxy`: its flags and its wiring.

mod child;
mod descriptors;
mod flags;
mod planning;
mod tracing;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::proxy::{self, Counts, Running, StartError, StateError};
use crate::settings::{Loaded, SecretError, SettingsError, print_config};

pub use flags::ProxyArgs;

/// Runs the command.
pub async fn run(args: ProxyArgs) -> ExitCode {
    match Command::new(args).run().await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(&error.report());
            ExitCode::from(USAGE)
        }
    }
}

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("there is nowhere to send calls to: name --to URL, or [proxy] to in the configuration")]
    NoUpstream,
    #[error("{path} is of no use for TLS: {why}", path = path.display())]
    Tls { path: PathBuf, why: String },
    #[error("the header of [traces]: {0}")]
    TracesHeader(SecretError),
    #[error("no token can be read from {path}: {source}", path = path.display())]
    Token { path: PathBuf, source: io::Error },
    #[error("the admin port tells who calls and how much: to listen on {0}, name --admin-token-file FILE")]
    OpenAdmin(SocketAddr),
    #[error("cannot listen on {address}: {source}; name another address, port 0 takes a free port")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot run {command}: {source}")]
    Child { command: String, source: io::Error },
    #[error(transparent)]
    State(#[from] StateError),
    #[error("cannot wait for signals: {0}")]
    Signals(io::Error),
}

impl CommandError {
    fn report(&self) -> String {
        match self {
            Self::Settings(error) => error.report(io::IsTerminal::is_terminal(&io::stderr())),
            other => format!("error: {other}"),
        }
    }
}

struct Command {
    args: ProxyArgs,
}

impl Command {
    const fn new(args: ProxyArgs) -> Self {
        Self { args }
    }

    async fn run(self) -> Result<u8, CommandError> {
        let loaded = self.load()?;
        if self.args.print_config {
            // Whether anybody reads it is not ours to judge.
            let _ = io::stdout().write_all(print_config(&loaded).as_bytes());
            return Ok(0);
        }
        for warning in &loaded.warnings {
            say(&format!("warning: {warning}"));
        }
        let mut plan = planning::plan(&self.args, &loaded)?;
        let wanted = plan.bounds.max_connections;
        plan.bounds.max_connections = descriptors::make_room(wanted);
        if plan.bounds.max_connections < wanted {
            say(&format!(
                "warning: the system allows too few open files for {wanted} connections: there will be {} at most; raise \
                 `ulimit -Hn`, or lower max_connections",
                plan.bounds.max_connections
            ));
        }
        let settings = &loaded.settings.proxy;
        let listener = listen(settings.listen).await?;
        // Before anybody is told where it listens: who is told may want it to stop at once.
        let signals = Signals::new().map_err(CommandError::Signals)?;
        let running = proxy::start(plan, listener).await?;
        self.start_admin(&running, &loaded).await?;
        say(&format!("listening on {}", running.url()));
        let code = if self.args.command.is_empty() {
            self.serve(&running, signals).await;
            0
        } else {
            self.run_child(&running, &loaded, signals).await?
        };
        let drained = running.drain(settings.drain).await;
        match &drained {
            Ok(counts) => self.show(counts),
            // What ran has run: its exit code counts, unless it would hide this.
            Err(error) => say(&format!("error: {error}")),
        }
        Ok(if drained.is_err() && code == 0 { FAILED } else { code })
    }

    fn load(&self) -> Result<Loaded, SettingsError> {
        Loaded::from_command(self.args.config.as_deref(), self.args.flags())
    }

    async fn start_admin(&self, running: &Running, loaded: &Loaded) -> Result<(), CommandError> {
        let Some(address) = loaded.settings.proxy.admin else { return Ok(()) };
        let token = self.args.admin_token_file.as_deref().map(planning::read_token).transpose()?;
        if token.is_none() && !address.ip().is_loopback() {
            return Err(CommandError::OpenAdmin(address));
        }
        let url = running.serve_admin(listen(address).await?, token);
        say(&format!("admin on {url}"));
        Ok(())
    }

    /// Until somebody wants it to stop. SIGHUP reads the configuration again.
    async fn serve(&self, running: &Running, mut signals: Signals) {
        while signals.next().await == Told::Reload {
            match self.reload(running) {
                Ok(()) => say("read the configuration again"),
                Err(error) => say(&format!("{}\nthe configuration stays as it was", error.report())),
            }
        }
        say("stopping: waiting for what is under way");
    }

    fn reload(&self, running: &Running) -> Result<(), CommandError> {
        let loaded = self.load()?;
        planning::check_upstream(&loaded)?;
        let settings = loaded.settings;
        let (rules, has_ceiling) = (settings.proxy.rules.clone(), planning::has_ceiling(&settings));
        running.reload(rules, planning::limits(settings), has_ceiling);
        Ok(())
    }

    async fn run_child(
        &self,
        running: &Running,
        loaded: &Loaded,
        mut signals: Signals,
    ) -> Result<u8, CommandError> {
        let command = &self.args.command;
        let failed = |source| CommandError::Child { command: command[0].display().to_string(), source };
        let profile = loaded.settings.target.profile.as_deref();
        let child = child::start(command, &running.url(), profile, &self.args.names).map_err(failed)?;
        let status = child::wait(child, &mut signals).await.map_err(failed)?;
        Ok(child::exit_code(status))
    }

    fn show(&self, counts: &Counts) {
        say(&counts.to_string());
        if self.args.json {
            let object = serde_json::to_string(counts).expect("counts are JSON");
            let _ = writeln!(io::stdout(), "{object}");
        }
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, CommandError> {
    TcpListener::bind(address).await.map_err(|source| CommandError::Listen { address, source })
}

/// What somebody outside wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Stop,
    Reload,
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.terminate.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}

/// People's output goes to stderr; where nobody reads it, it is lost.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// It ran, and its state is not saved.
const FAILED: u8 = 1;
/// Bad usage or configuration; nothing was started.
const USAGE: u8 = 2;
