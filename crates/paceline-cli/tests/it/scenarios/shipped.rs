//! Every shipped scenario is whole, and Paceline brings it through.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use paceline_cli::scenario::{Overrides, ScenarioFile};
use paceline_core::{Config, Limits, ScopeKind};
use paceline_sim::driver::Paced;
use paceline_sim::world::{self, Run, Terms};

const HOUR: Duration = Duration::from_secs(3_600);

/// Fewer records, where nothing happens later in the run.
fn reduced(file: &ScenarioFile) -> ScenarioFile {
    let platform = &file.scenario.platform;
    if !platform.changes.is_empty() || !platform.outages.is_empty() {
        return file.clone();
    }
    file.with(&Overrides { records: NonZeroU32::new(2_000), ..Overrides::default() }).unwrap()
}

fn play(file: &ScenarioFile, batch: NonZeroU32) -> Run {
    play_seed(file, batch, 7)
}

fn play_seed(file: &ScenarioFile, batch: NonZeroU32, seed: u64) -> Run {
    let limits = file.scopes().into_iter().map(|kind| (kind, Limits::default())).collect();
    let mut client = Paced::with_scopes(Config { seed, ..Config::default() }, limits);
    let terms = Terms { seed, batch, linger: file.linger, workers: None, limit: HOUR };
    world::play(&file.scenario, &mut client, &terms)
}

fn check(name: &str, file: &ScenarioFile, run: &Run) {
    assert!(run.findings.is_clean(), "{name}: {:?}", run.findings);
    assert_eq!((run.stats.early_returns, run.stats.banned), (0, 0), "{name}");
    assert_eq!(run.unfinished, 0, "{name}: {} delivered", run.delivered);
    assert_eq!(run.delivered + run.given_up_records, file.scenario.records, "{name}");
    assert!(!file.scenario.is_repeatable || run.given_up_records == 0, "{name}: {:?}", run.given_up);
}

#[test]
fn paceline_brings_every_scenario_through_record_by_record() {
    for file in ScenarioFile::builtins() {
        let file = reduced(&file);
        check(&file.name, &file, &play(&file, NonZeroU32::MIN));
    }
}

#[test]
fn paceline_brings_every_scenario_through_in_batches() {
    for file in ScenarioFile::builtins() {
        let Some(bulk) = file.scenario.bulk else { continue };
        let file = reduced(&file);
        check(&format!("{} in batches", file.name), &file, &play(&file, bulk.items));
    }
}

#[test]
fn nobody_comes_early_where_calls_have_several_scopes() {
    for name in
        ["limits-at-once", "endpoint-limits", "founding-credential", "documented", "three-credentials"]
    {
        let file = ScenarioFile::builtin(name).unwrap();
        for seed in 0..4 {
            let run = play_seed(&file, NonZeroU32::MIN, seed);
            check(&format!("{name} with seed {seed}"), &file, &run);
        }
    }
}

#[test]
fn what_a_scenario_is_there_for_happens_in_it() {
    let run = |name: &str| {
        let file = ScenarioFile::builtin(name).unwrap();
        play(&file, NonZeroU32::MIN)
    };
    assert!(run("outage").stats.unavailable > 0);
    let lost = run("lost-replies");
    assert!(lost.stats.faults > 50 && lost.given_up_records == lost.stats.faults);
    let halved = run("halved").finished.saturating_since(paceline_core::Instant::EPOCH);
    assert!(halved > Duration::from_secs(125), "60 s at 120/s, 60 s at 60/s, and the rest: {halved:?}");
}

#[test]
fn a_call_falls_under_the_scopes_of_all_limits_and_its_credential() {
    use ScopeKind::{Credential, Endpoint, Tenant};
    let scopes = |name: &str| ScenarioFile::builtin(name).unwrap().scopes();
    assert_eq!(scopes("founding"), [Credential]);
    assert_eq!(scopes("founding-minute"), [Tenant, Credential]);
    assert_eq!(scopes("endpoint-limits"), [Credential, Endpoint]);
    assert_eq!(scopes("limits-at-once"), [Tenant, Credential, Endpoint]);
    assert_eq!(scopes("three-credentials"), [Tenant, Credential]);
}

#[test]
fn every_file_of_the_folder_is_shipped_under_its_own_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    there.sort();
    let mut shipped: Vec<String> = ScenarioFile::builtins().map(|file| file.name).collect();
    assert_eq!(shipped[0], "founding");
    shipped.sort();
    assert_eq!(shipped, there);
    for name in there {
        let read = ScenarioFile::read(folder.join(format!("{name}.toml"))).unwrap();
        assert_eq!(read.text(), ScenarioFile::builtin(&name).unwrap().text());
        assert!(
            read.about.ends_with('.') && !read.about.trim_end_matches('.').contains(". "),
            "{name}: one sentence"
        );
        assert!(read.text().contains("# "), "{name}: comments say why the numbers are what they are");
    }
}

#[test]
fn a_name_that_is_not_shipped_is_an_error_with_what_may_be_meant() {
    let error = |name| ScenarioFile::builtin(name).unwrap_err().to_string();
    assert_eq!(error("foundin"), "there is no scenario `foundin`; did you mean `founding`?");
    assert!(error("zzz").contains("there are founding, founding-concurrency, "));
}
