//! `paceline lab` as a user types it.

use super::super::desk::Desk;

const SMALL: [&str; 8] = ["lab", "--records", "400", "--users", "50", "--seeds", "3", "--limit"];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], &["40/s"], more].concat()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let desk = Desk::empty();
    let mut told = Vec::new();
    for threads in ["1", "2", "5"] {
        let arguments = small(&["--json", "--threads", threads]);
        told.push(desk.program(&arguments).ended().await.expect(0).stdout);
    }
    assert!(told[0].contains("\"strategies\"") && told[0].contains("\"search\""));
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]));
    let other = desk.program(&small(&["--json", "--seed", "9"])).ended().await.expect(0).stdout;
    assert_ne!(told[0], other);
}

#[tokio::test]
async fn the_answer_has_three_sentences_and_the_page_and_the_configuration_are_written() {
    let desk = Desk::empty();
    let arguments = small(&["--html", "lab.html", "--out", "paceline.toml"]);
    let ended = desk.program(&arguments).ended().await.expect(0);
    for sentence in ["Retry strategy: ", "Batching: ", "Keep-alive: not measured: run lab --real."] {
        assert!(ended.stdout.contains(sentence), "{sentence}: {}", ended.stdout);
    }
    assert!(std::fs::read_to_string(desk.path("lab.html")).unwrap().contains("paceline"));
    desk.put("records.csv", "id\n1\n");
    let sync = ["records.csv", "--to", "http://127.0.0.1:1/", "-c", "paceline.toml", "--print-config"];
    let printed = desk.sync(&sync).ended().await.expect(0).stdout;
    assert!(printed.contains("workers"), "{printed}");
}

#[tokio::test]
async fn who_breaks_a_law_is_marked_and_not_ranked() {
    let desk = Desk::empty();
    let arguments = small(&["--json", "--no-search", "--strategies", "forum,paceline"]);
    let json = desk.program(&arguments).ended().await.expect(0).json();
    let strategies = json["strategies"].as_array().unwrap();
    assert_eq!((&strategies[0]["name"], &strategies[0]["rank"]), (&"paceline".into(), &1.into()));
    assert!(strategies[0]["marks"].as_array().unwrap().is_empty());
    assert!(strategies[1]["rank"].is_null() && !strategies[1]["marks"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_meant_is_a_clear_error() {
    let desk = Desk::empty();
    desk.put("wrong.toml", "abuot = \"a typo\"\nrecords = 0\n");
    let cases: [(&[&str], &str); 4] = [
        (&["lab", "fuonding"], "founding"),
        (&["lab", "wrong.toml"], "wrong.toml"),
        (&["lab", "missing.toml"], "missing.toml"),
        (&["lab", "--strategies", "hope"], "paceline"),
    ];
    for (arguments, named) in cases {
        let stderr = desk.program(arguments).ended().await.expect(2).stderr;
        assert!(stderr.contains(named), "{arguments:?}: {stderr}");
    }
}

#[tokio::test]
async fn the_list_names_every_scenario_and_strategy() {
    let listed = Desk::empty().program(&["lab", "--list"]).ended().await.expect(0).stdout;
    for name in ["founding", "founding-minute", "forum", "aws-adaptive", "paceline"] {
        assert!(listed.contains(name), "{name}: {listed}");
    }
}
