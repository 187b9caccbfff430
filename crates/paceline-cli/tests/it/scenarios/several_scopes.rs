//! Limits of several scopes at once, of which a refusal does not say which refused: nobody comes early.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use paceline_cli::scenario::ScenarioFile;
use paceline_core::{Config, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::world::{self, Terms};

const HOUR: Duration = Duration::from_secs(3_600);

/// Two limits, one in the other. The wider binds where its rate is below that of all the narrower ones.
fn nested(wide: (&str, &str), narrow: (&str, &str), callers: &str) -> ScenarioFile {
    let limit = |(scope, law): (&str, &str)| format!("[[limit]]\nscope = \"{scope}\"\n{law}\n");
    let text = format!(
        "name = \"nested\"\nabout = \"Nested.\"\nrecords = 2000\npayload = \"2KB\"\n[users]\ncount = 300\n[callers]\n{callers}\n\
         [network]\nround_trip = \"20ms..60ms\"\n[platform]\nlatency = \"10ms..80ms\"\nretry_after = \"seconds\"\n{}{}",
        limit(wide),
        limit(narrow)
    );
    ScenarioFile::parse(&text, PathBuf::from("nested.toml")).unwrap()
}

fn early(file: &ScenarioFile, seed: u64) -> u64 {
    let limits = file.scopes().into_iter().map(|kind| (kind, Limits::default())).collect();
    let mut client = Paced::with_scopes(Config { seed, ..Config::default() }, limits);
    let terms = Terms { seed, batch: NonZeroU32::MIN, linger: file.linger, workers: None, limit: HOUR };
    let run = world::play(&file.scenario, &mut client, &terms);
    assert_eq!((run.unfinished, run.given_up_records), (0, 0));
    run.stats.early_returns
}

#[test]
fn nobody_comes_early_whichever_of_two_limits_refuses() {
    let wides = [
        "kind = \"fixed-window\"\nrate = \"600/10s\"\nphase = \"3700ms\"",
        "kind = \"sliding-log\"\nrate = \"300/10s\"",
        "kind = \"token-bucket\"\nrate = \"40/s\"\nburst = 40",
        "kind = \"concurrency\"\nslots = 8",
    ];
    let narrows = [
        "kind = \"fixed-window\"\nrate = \"150/10s\"\nphase = \"1s\"",
        "kind = \"sliding-log\"\nrate = \"200/10s\"",
        "kind = \"token-bucket\"\nrate = \"20/s\"\nburst = 20",
    ];
    let shapes = [
        ("tenant", "credential", "credentials = 3"),
        ("credential", "endpoint", "endpoints = 4"),
        ("tenant", "endpoint", "credentials = 2\nendpoints = 3"),
    ];
    let mut failures = Vec::new();
    for (wide_scope, narrow_scope, callers) in shapes {
        for (wide, narrow) in wides.iter().flat_map(|wide| narrows.iter().map(move |narrow| (wide, narrow))) {
            let file = nested((wide_scope, wide), (narrow_scope, narrow), callers);
            let count: u64 = (0..2).map(|seed| early(&file, seed)).sum();
            if count > 0 {
                failures.push(format!("{count} early: {wide_scope} {wide:?} over {narrow_scope} {narrow:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
