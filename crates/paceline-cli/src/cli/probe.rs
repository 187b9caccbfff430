//! `paceline probe`: its flags and its wiring.

mod flags;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use paceline::driver::Stopped;
use paceline_core::{Limits, Rate};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::observe::ProgressView;
use crate::probe::log::LogError;
use crate::probe::{self, Findings, ProbePlan};
use crate::records::Record;
use crate::settings::{Loaded, SecretError, SettingsError};
use crate::template::{RequestSpec, RequestTemplate, TemplateError};

pub use flags::ProbeArgs;

/// Runs the command.
pub async fn run(args: ProbeArgs) -> ExitCode {
    match args.run().await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nobody is there to hear that nobody hears it.
            let _ = writeln!(io::stderr(), "{}", error.report());
            ExitCode::from(error.exit_code())
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Request(#[from] TemplateError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(
        "there is nothing to ask: name a URL, or [target] url in the configuration, or a log with --from"
    )]
    NoTarget,
    #[error("{} is there already; name another file, or --force", .0.display())]
    InTheWay(PathBuf),
    #[error("{} cannot be written: {cause}", path.display())]
    Out { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Pacer(#[from] Stopped),
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl CommandError {
    fn report(&self) -> String {
        match self {
            Self::Settings(error) => error.report(io::stderr().is_terminal()),
            other => format!("error: {other}"),
        }
    }

    const fn exit_code(&self) -> u8 {
        match self {
            Self::Out { .. } | Self::Pacer(_) | Self::Io(_) => 1,
            _ => 2,
        }
    }
}

/// What is told at the end, whatever it was read from.
struct Told {
    text: String,
    json: Value,
    toml: Option<String>,
    code: u8,
}

impl ProbeArgs {
    async fn run(self) -> Result<u8, CommandError> {
        if let Some(path) = self.out.as_deref().filter(|path| !self.force && path.exists()) {
            return Err(CommandError::InTheWay(path.to_owned()));
        }
        let told = match self.from.clone() {
            Some(path) => read(path).await?,
            None => self.probe().await?,
        };
        let written = self.write(&told)?;
        // It is over: whether anybody can read of it changes nothing.
        let _ = self.show(&told, written);
        Ok(told.code)
    }

    async fn probe(&self) -> Result<Told, CommandError> {
        let plan = self.plan()?;
        let _ = writeln!(
            io::stderr(),
            "probing {} with at most {} calls and {} refusals, which the quota's other users will miss",
            plan.called(),
            plan.bounds.calls,
            plan.bounds.refusals
        );
        let stop = stop_on_signal()?;
        let (watchers, watching) = watch::channel(crate::sync::Progress::default());
        let view = tokio::spawn(ProgressView::new(watching).show());
        let findings = probe::probe(plan, &watchers, stop).await;
        drop(watchers);
        view.abort();
        Ok(of_findings(&findings?))
    }

    fn plan(&self) -> Result<ProbePlan, CommandError> {
        let loaded = self.load()?;
        for warning in &loaded.warnings {
            let _ = writeln!(io::stderr(), "warning: {warning}");
        }
        let spec = self.spec(&loaded)?;
        let nothing = Record { position: 0, line: 0, fields: serde_json::Map::new() };
        let settings = &loaded.settings;
        Ok(ProbePlan {
            request: RequestTemplate::compile(&spec)?.render(&nothing)?,
            credential: settings.auth.as_ref().map(crate::settings::Auth::read).transpose()?,
            timeouts: settings.target.timeouts,
            workers: settings.run.workers,
            limits: Limits {
                ceiling: settings.run.max_rate.and_then(|rate| Rate::per(rate.count.get(), rate.per)),
                in_flight: settings.run.max_in_flight.and_then(|most| most.try_into().ok()),
                ..Limits::default()
            },
            bounds: self.bounds(),
        })
    }

    fn load(&self) -> Result<Loaded, SettingsError> {
        Loaded::from_command(self.config.as_deref(), self.flags())
    }

    /// `GET`, whatever the configuration sends: a probe writes nothing unless it is asked to.
    fn spec(&self, loaded: &Loaded) -> Result<RequestSpec, CommandError> {
        let spec = loaded.request().ok_or(CommandError::NoTarget)?;
        let mut headers = spec.headers;
        headers.extend(self.headers());
        Ok(RequestSpec { method: self.method(), headers, body: self.body(), batch_body: None, ..spec })
    }

    /// Whether a configuration was written.
    fn write(&self, told: &Told) -> Result<bool, CommandError> {
        let (Some(path), Some(toml)) = (&self.out, &told.toml) else { return Ok(false) };
        save(path, toml, self.force).map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => CommandError::InTheWay(path.clone()),
            _ => CommandError::Out { path: path.clone(), cause },
        })?;
        Ok(true)
    }

    fn show(&self, told: &Told, is_written: bool) -> io::Result<()> {
        let mut stderr = io::stderr();
        writeln!(stderr, "{}", told.text)?;
        match (&self.out, &told.toml) {
            (Some(path), Some(_)) if is_written => writeln!(stderr, "written: {}", path.display())?,
            (Some(path), None) => {
                writeln!(stderr, "{} is not written: there is no limit to write", path.display())?;
            }
            _ => {}
        }
        if self.json {
            writeln!(io::stdout(), "{}", told.json)
        } else if let Some(toml) = &told.toml {
            write!(io::stdout(), "{toml}")
        } else {
            Ok(())
        }
    }
}

fn of_findings(findings: &Findings) -> Told {
    Told { text: findings.text(), json: findings.json(), toml: findings.toml(), code: findings.exit_code() }
}

/// Reads a log, off the async threads.
async fn read(path: PathBuf) -> Result<Told, CommandError> {
    let reading = tokio::task::spawn_blocking(move || probe::read(&path));
    let reading = reading.await.expect("reading a log does not panic")?;
    Ok(Told { text: reading.text(), json: reading.json(), toml: reading.toml(), code: 0 })
}

/// Whole or not at all; and not over what came to be there since the probe began.
fn save(path: &Path, toml: &str, force: bool) -> io::Result<()> {
    if !force && path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    crate::page::save(path, |out| out.write_all(toml.as_bytes()))
}

/// Cancelled by SIGINT (Ctrl-C) or SIGTERM; the second of them stops the program at once.
///
/// # Errors
/// When the system does not hand its signals over.
fn stop_on_signal() -> io::Result<CancellationToken> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    tokio::spawn(async move {
        for count in 0.. {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if count > 0 {
                std::process::exit(1);
            }
            stopping.cancel();
        }
    });
    Ok(stop)
}
