//! What clients are told of a platform's limit.

use paceline_cli::scenario::ScenarioFile;

use super::{parse, with};

/// The rate and the burst.
fn believed(more: &str) -> Option<(String, u32)> {
    let file = parse(&format!("{more}\n{}", with(""))).unwrap();
    file.believed.map(|believed| (believed.rate.to_string(), believed.burst.get()))
}

fn limit(lines: &str) -> String {
    format!("limit = [{{ {lines} }}]")
}

#[test]
fn it_is_the_tightest_limit_of_all_callers_together() {
    let told = |rate: &str, burst| Some((rate.to_owned(), burst));
    assert_eq!(believed(""), None);
    assert_eq!(believed(&limit("rate = '120/s', burst = 12")), told("120/s", 12));
    assert_eq!(believed(&limit("rate = '120/s'")), told("120/s", 120));
    assert_eq!(believed(&limit("rate = '20/s', kind = 'leaky-bucket', queue = 40")), told("20/s", 41));
    assert_eq!(believed(&limit("rate = '300/min', kind = 'fixed-window'")), told("300/min", 1));
    assert_eq!(
        believed(&format!("callers.credentials = 24\n{}", limit("rate = '300/min', burst = 5"))),
        told("7200/min", 120)
    );
    let two = "limit = [{ rate = '120/s' }, { scope = 'tenant', rate = '2500/min', burst = 9 }]";
    assert_eq!(believed(two), told("2500/min", 9));
}

#[test]
fn a_file_may_say_otherwise_and_must_where_only_calls_at_once_are_limited() {
    let slots = limit("kind = 'concurrency', slots = 50");
    assert_eq!(believed(&slots), None);
    assert_eq!(believed(&format!("believed = '120/s'\n{slots}")), Some(("120/s".to_owned(), 1)));
    assert_eq!(
        believed(&format!("believed = '120/s'\nbelieved_burst = 50\n{slots}")),
        Some(("120/s".to_owned(), 50))
    );
}

#[test]
fn the_founding_question_is_120_a_second_in_all_its_readings_but_the_published_minute() {
    let per_second = |name: &str| ScenarioFile::builtin(name).unwrap().believed.unwrap().rate.per_second();
    for name in ["founding", "founding-concurrency", "founding-credential", "founding-ban"] {
        assert!((per_second(name) - 120.0).abs() < 1e-9, "{name}");
    }
    assert!((per_second("founding-minute") - 2_500.0 / 60.0).abs() < 1e-9);
    let known = ScenarioFile::builtin("founding").unwrap().believed.unwrap().known().unwrap();
    assert!((known.rate.as_per_second() - 120.0).abs() < 1e-9);
}
