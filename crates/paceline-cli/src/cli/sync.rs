//! `paceline sync`: its flags and its wiring.

mod flags;
mod limiting;
mod planning;
mod stopping;

use std::io::{self, Write};
use std::process::ExitCode;

use tokio::sync::watch;

use crate::observe::{ProgressView, ScanView};
use crate::settings::{Loaded, SecretError, SettingsError, print_config};
use crate::sync::{self, Forecast, Inspection, Rehearsal, StartError, Summary, SyncPlan, inspect, judgement};

pub use flags::SyncArgs;

/// Runs the command.
pub async fn run(args: SyncArgs) -> ExitCode {
    match Command::new(args).run().await {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", error.report());
            ExitCode::from(USAGE)
        }
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(
        "there is nothing to send to: name --to URL, or [target] url in the configuration, or try --rehearse"
    )]
    NoTarget,
    #[error(transparent)]
    TwoLimits(#[from] limiting::TwoLimits),
    #[error(transparent)]
    Io(#[from] io::Error),
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
    args: SyncArgs,
}

impl Command {
    const fn new(args: SyncArgs) -> Self {
        Self { args }
    }

    async fn run(self) -> Result<ExitCode, CommandError> {
        let loaded = self.load()?;
        if self.args.print_config {
            planning::check_request(&loaded)?;
            io::stdout().write_all(print_config(&loaded).as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        for warning in &loaded.warnings {
            let _ = writeln!(io::stderr(), "warning: {warning}");
        }
        let rehearsal = self.rehearsal(&loaded).await?;
        let scratch = self.args.scene().map(|_| scratch_folder()).transpose()?;
        let place = planning::Place {
            rehearsal: rehearsal.as_ref().map(Rehearsal::url),
            scratch: scratch.as_ref().map(|folder| folder.path().join("rehearsal.journal")),
        };
        let plan = planning::plan(&self.args, &loaded, &place)?;
        for idle in limiting::idle(&loaded.settings, &plan) {
            let _ = writeln!(io::stderr(), "warning: {idle}");
        }
        let inspection = inspected(plan.clone()).await?;
        if self.args.dry_run {
            self.show_forecast(&plan, &inspection)?;
            return Ok(ExitCode::SUCCESS);
        }
        let summary = self.sync(plan, inspection).await?;
        let seen = match rehearsal {
            Some(rehearsal) => Some(rehearsal.stop().await),
            None => None,
        };
        // The run is over and its state saved: whether anybody can read of it changes nothing.
        let _ = self.show(&summary, seen.as_ref());
        Ok(ExitCode::from(summary.exit_code()))
    }

    fn load(&self) -> Result<Loaded, SettingsError> {
        Loaded::from_command(self.args.config.as_deref(), self.args.flags())
    }

    async fn rehearsal(&self, loaded: &Loaded) -> io::Result<Option<Rehearsal>> {
        let Some(scene) = self.args.scene().filter(|_| !self.args.dry_run) else { return Ok(None) };
        let key_field = loaded.settings.records.key.as_deref();
        Ok(Some(Rehearsal::start(scene, key_field).await?))
    }

    async fn sync(&self, plan: SyncPlan, inspection: Inspection) -> Result<Summary, CommandError> {
        let started = sync::start(plan, inspection).await?;
        if let Some(resumed) = &started.resumed {
            let counts = &resumed.counts;
            // Nobody needs to read it for the run to go on.
            let _ = writeln!(
                io::stderr(),
                "resuming: {} delivered, {} dead, {} in doubt so far",
                counts.delivered,
                counts.dead,
                counts.in_doubt
            );
        }
        let (watchers, watching) = watch::channel(sync::Progress::default());
        let view = tokio::spawn(ProgressView::new(watching).show());
        let stop = stopping::on_signal()?;
        let summary = sync::run(started, &watchers, stop).await;
        drop(watchers);
        view.abort();
        Ok(summary)
    }

    fn show_forecast(&self, plan: &SyncPlan, inspection: &Inspection) -> Result<(), CommandError> {
        let forecast = Forecast::look_ahead(plan, inspection)?;
        if self.args.json {
            writeln!(io::stdout(), "{}", as_json(&forecast))?;
        } else {
            writeln!(io::stdout(), "{}", forecast.text())?;
        }
        Ok(())
    }

    fn show(&self, summary: &Summary, seen: Option<&paceline_sim::platform::Stats>) -> io::Result<()> {
        let mut stderr = io::stderr();
        match summary.message() {
            // Its journal goes with it.
            Some(_) if seen.is_some() && matches!(summary.ending, sync::Ending::Interrupted) => {
                writeln!(stderr, "stopped; a rehearsal leaves nothing behind")?;
            }
            Some(message) => writeln!(stderr, "{message}")?,
            None => {}
        }
        writeln!(stderr, "{}", summary.text())?;
        match seen {
            Some(stats) => writeln!(stderr, "{}", judgement(stats))?,
            None => writeln!(stderr, "journal: {}", summary.journal.display())?,
        }
        if self.args.json {
            let mut object = as_json(summary);
            if let (Some(stats), Some(object)) = (seen, object.as_object_mut()) {
                object.insert("rehearsal".to_owned(), as_json(stats));
            }
            writeln!(io::stdout(), "{object}")?;
        }
        Ok(())
    }
}

fn as_json(value: &impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).expect("counts, texts and lists are JSON")
}

/// Reads the whole source, off the async threads.
async fn inspected(plan: SyncPlan) -> Result<Inspection, StartError> {
    let inspecting = tokio::task::spawn_blocking(move || {
        let mut view = ScanView::new();
        inspect(&plan, &mut |progress| view.show(progress))
    });
    inspecting.await.expect("inspecting a source does not panic")
}

/// A folder that goes when the rehearsal is over: a rehearsal leaves nothing behind.
fn scratch_folder() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("paceline-").tempdir()
}

/// Bad usage, configuration, journal or input; nothing was sent.
const USAGE: u8 = 2;
