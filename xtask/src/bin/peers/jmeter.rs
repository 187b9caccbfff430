//! A JMeter plan at the platform, and the same plan through the proxy: the only difference is the port that it is given.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use samples::Samples;

use crate::Anything;
use crate::paceline::{Seen, StandIn, number};
use crate::peer::{named, paceline_proxy};
use crate::process::Running;

mod samples;

/// Runs the plan straight at a stand-in, then at another one through the proxy, and prints a table of both.
#[expect(clippy::print_stdout, reason = "what was asked for")]
pub(crate) fn measure(users: u32, seconds: u32) -> Anything<()> {
    let home = home()?;
    let folder = tempfile::tempdir()?;
    let run = |through: bool| -> Anything<Run> {
        let stand_in = StandIn::start(folder.path())?;
        // Held until the run is over.
        let proxy = through.then(|| paceline_proxy(folder.path(), stand_in.address)).transpose()?;
        let to = proxy.as_ref().map_or(stand_in.address, |(_, address)| *address);
        let samples = play(&home, folder.path(), to, users, seconds)?;
        Ok(Run { samples, seen: stand_in.seen()? })
    };
    eprintln!("straight at the platform");
    let straight = run(false)?;
    eprintln!("through the proxy");
    let through = run(true)?;
    print!("{}", table(&straight, &through, users, seconds));
    Ok(())
}

/// What JMeter saw, and what the platform did.
struct Run {
    samples: Samples,
    seen: Seen,
}

fn table(straight: &Run, through: &Run, users: u32, seconds: u32) -> String {
    let mut text = format!(
        "| {users} users of JMeter for {seconds} s | straight | through Paceline |\n| --- | ---: | ---: |\n"
    );
    let mut row = |name: &str, cell: fn(&Run) -> String| {
        text += &format!("| {name} | {} | {} |\n", cell(straight), cell(through));
    };
    row("samples", |run| run.samples.count().to_string());
    row("by status", |run| run.samples.statuses());
    row("errors, as JMeter counts", |run| run.samples.errors.to_string());
    row("p50, ms", |run| run.samples.percentile(50).to_string());
    row("p99, ms", |run| run.samples.percentile(99).to_string());
    row("accepted a second", |run| {
        format!("{:.1}", number(run.seen.accepted) / run.samples.span().as_secs_f64().max(1.0))
    });
    row("goodput ratio", |run| format!("{:.3}", run.seen.goodput_ratio(run.samples.span())));
    row("refused per 1,000 accepted", |run| format!("{:.1}", run.seen.waste()));
    row("throttled by the platform", |run| run.seen.throttled.to_string());
    row("early returns", |run| run.seen.early_returns.to_string());
    row("refused under a ban", |run| run.seen.banned.to_string());
    text
}

/// JMeter, unpacked once beside what cargo builds.
fn home() -> Anything<PathBuf> {
    let program = std::env::current_exe()?;
    let folder =
        program.ancestors().nth(2).ok_or("this program is in cargo's target folder")?.join("jmeter-5.5");
    let home = folder.join("home");
    if !home.join("bin/ApacheJMeter.jar").exists() {
        eprintln!("putting JMeter 5.5 into {} (70 MB)", folder.display());
        let status =
            Command::new("sh").args(["-c", include_str!("jmeter.sh"), "sh"]).arg(&folder).status()?;
        if !status.success() {
            return Err("JMeter could not be put there: that needs pip, Python 3 and tar".into());
        }
    }
    Ok(home)
}

/// Plays the plan, and reads what it wrote.
fn play(home: &Path, folder: &Path, to: SocketAddr, users: u32, seconds: u32) -> Anything<Samples> {
    let (plan, results) = (folder.join("plan.jmx"), folder.join("results.jtl"));
    fs::write(&plan, include_str!("plan.jmx"))?;
    if results.exists() {
        fs::remove_file(&results)?;
    }
    let mut command = named("JAVA", "java");
    // Java's own notes of its user go where the run's are, and not into the home of who measures.
    command.arg(format!("-Djava.util.prefs.userRoot={}", folder.display()));
    command.args(["-Xmx1g", "-Djava.awt.headless=true", "-jar", "ApacheJMeter.jar", "-n"]);
    command.arg("-t").arg(&plan).arg("-l").arg(&results).arg("-j").arg(folder.join("jmeter.log"));
    command.args([
        format!("-Jport={}", to.port()),
        format!("-Jusers={users}"),
        format!("-Jseconds={seconds}"),
    ]);
    // Texts that may have commas are left out.
    let left_out = ["label", "response_message", "thread_name", "url", "assertion_results_failure_message"];
    command.args(left_out.map(|field| format!("-Jjmeter.save.saveservice.{field}=false")));
    command.current_dir(home.join("bin")).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut jmeter = Running::start(&mut command)?;
    let said = jmeter.output(Duration::from_secs(u64::from(seconds)) + GRACE)?;
    let text =
        fs::read_to_string(&results).map_err(|error| format!("{}: {error}\n{said}", results.display()))?;
    Samples::read(&text).ok_or_else(|| format!("JMeter wrote no samples\n{said}").into())
}

/// To start, and for the last replies.
const GRACE: Duration = Duration::from_secs(120);
