//! What flags change, and that the text says the same.

use std::num::NonZeroU32;

use paceline_cli::scenario::{Overrides, ScenarioFile};
use paceline_cli::units::Size;
use proptest::prelude::*;

use super::{parse, with};

/// A scenario, all of it, as text.
fn told(file: &ScenarioFile) -> String {
    format!("{} {} {:?} {:?} {:?}", file.name, file.about, file.scenario, file.believed, file.linger)
}

fn limit(rate: &str) -> Overrides {
    Overrides { limit: Some(rate.parse().unwrap()), ..Overrides::default() }
}

#[test]
fn only_what_a_flag_names_changes_and_comments_stay() {
    let file = ScenarioFile::builtin("founding").unwrap();
    let overrides = Overrides {
        users: NonZeroU32::new(50),
        payload: Some(Size(512)),
        limit: Some("60/s".parse().unwrap()),
        records: NonZeroU32::new(600),
    };
    let changed = file.with(&overrides).unwrap();
    let differing = |one: &str, other: &str| -> Vec<String> {
        one.lines().filter(|line| !other.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    assert_eq!(
        differing(changed.text(), file.text()),
        ["records = 600", "payload = \"512B\"", "count = 50", "rate = \"60/s\""]
    );
    assert_eq!(
        differing(file.text(), changed.text()),
        ["records = 12_000", "payload = \"2KB\"", "count = 500", "rate = \"120/s\"", "burst = 120"]
    );
}

#[test]
fn nothing_named_changes_nothing() {
    let file = ScenarioFile::builtin("founding").unwrap();
    assert_eq!(file.with(&Overrides::default()).unwrap().text(), file.text());
}

#[test]
fn the_limit_is_the_one_that_clients_are_told_of() {
    let file = ScenarioFile::builtin("limits-at-once").unwrap().with(&limit("90/s")).unwrap();
    let limits = &file.scenario.platform.limits;
    let before = ScenarioFile::builtin("limits-at-once").unwrap().scenario.platform.limits;
    assert_ne!(limits[0], before[0]);
    assert_eq!(limits[1..], before[1..]);
    assert_eq!(file.believed.unwrap().rate.to_string(), "90/s");
}

#[test]
fn a_limit_is_added_where_nothing_limits_a_rate() {
    let texts = [
        with(""),
        with("[[limit]]\nkind = \"concurrency\"\nslots = 5\n"),
        format!("believed = \"1/s\"\nlimit = [{{ kind = \"concurrency\", slots = 5 }}]\n{}", with("")),
    ];
    for text in texts {
        let before = parse(&text).unwrap();
        let file = before.with(&limit("30/s")).unwrap();
        assert_eq!(file.scenario.platform.limits.len(), before.scenario.platform.limits.len() + 1);
        assert_eq!(file.believed.unwrap().rate.to_string(), "30/s", "{}", file.text());
    }
}

#[test]
fn a_flag_that_does_not_fit_is_an_error() {
    let users = Overrides { users: NonZeroU32::new(5), ..Overrides::default() };
    let error = ScenarioFile::builtin("open-loop").unwrap().with(&users).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--users: the records of open-loop come at a rate, not from users; leave it out, or take a scenario with [users]"
    );
    let payload = Overrides { payload: Some(Size(600_000)), ..Overrides::default() };
    let error = ScenarioFile::builtin("founding").unwrap().with(&payload).unwrap_err().to_string();
    assert!(error.contains("one record is more than a body of 500KiB may hold"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_changed_text_reads_back_as_the_changed_scenario(
        which: proptest::sample::Index,
        users in proptest::option::of(1..1_000_u32),
        payload in proptest::option::of(1..500_000_u64),
        limit in proptest::option::of((1..500_u64, 1..120_u64)),
        records in proptest::option::of(1..50_000_u32),
    ) {
        let shipped: Vec<ScenarioFile> = ScenarioFile::builtins().collect();
        let file = which.get(&shipped);
        let is_open = matches!(file.scenario.arrivals, paceline_sim::scenario::Arrivals::Open { .. });
        let overrides = Overrides {
            users: users.and_then(NonZeroU32::new).filter(|_| !is_open),
            payload: payload.map(Size),
            limit: limit.map(|(count, seconds)| format!("{count}/{seconds}s").parse().unwrap()),
            records: records.and_then(NonZeroU32::new),
        };
        let changed = file.with(&overrides).unwrap();
        let read = ScenarioFile::parse(changed.text(), "elsewhere.toml").unwrap();
        prop_assert_eq!(told(&read), told(&changed));
        prop_assert!(records.is_none_or(|records| changed.scenario.records == u64::from(records)));
        prop_assert!(payload.is_none_or(|bytes| u64::from(changed.scenario.record_bytes) == bytes));
        if let Some(rate) = overrides.limit {
            let limits = &changed.scenario.platform.limits;
            let is_it = |limit: &paceline_sim::platform::LimitConfig| format!("{:?}", limit.kind).contains(&format!("count: {}", rate.count));
            prop_assert!(limits.iter().any(is_it), "{}", changed.text());
        }
    }
}
