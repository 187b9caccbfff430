//! Help, and usage that is none.

use super::super::desk::{Desk, stand_in};
use super::{bucket, limited, probe};

#[tokio::test]
async fn help_has_every_flag_with_examples_and_exit_codes() {
    insta::assert_snapshot!(probe(&Desk::empty(), &["--help"]).await.expect(0).stdout);
}

#[tokio::test]
async fn what_cannot_be_asked_is_a_clear_error_and_nothing_is_sent() {
    let desk = Desk::empty();
    desk.put("results.jtl", "1,2,a,200\n");
    let cases: [(&[&str], &str); 13] = [
        (&[], "name a URL"),
        (&["api.example.com/people"], "https://"),
        (&["ftp://api.example.com"], "ftp"),
        (&["http://"], "URL"),
        (&["http://h:99999/"], "99999"),
        (&["http://ann:secret@h/"], "[auth]"),
        (&["http://127.0.0.1:1/{{ id }}"], "id"),
        (&["http://127.0.0.1:1/", "--max-calls", "0"], "--max-calls"),
        (&["http://127.0.0.1:1/", "--max-time", "0s"], "--max-time"),
        (&["http://127.0.0.1:1/", "--header", "nonsense"], "Name: value"),
        (&["http://127.0.0.1:1/", "--header", "Authorization: Bearer x"], "[auth]"),
        (&["http://127.0.0.1:1/", "--body", "{}"], "--method"),
        (&["http://127.0.0.1:1/", "--from", "results.jtl"], "--from"),
    ];
    for (arguments, words) in cases {
        let ended = probe(&desk, arguments).await.expect(2);
        assert!(ended.stderr.contains(words), "{arguments:?}: {}", ended.stderr);
        assert!(!ended.stderr.contains("Bearer x") && ended.stdout.is_empty(), "{ended:?}");
    }
}

#[tokio::test]
async fn a_configuration_is_never_written_over_unless_it_is_asked_for() {
    let platform = stand_in(limited(bucket(200, 10))).await;
    let desk = Desk::empty();
    desk.put("paceline.toml", "# mine\n");
    let url = platform.url();
    let arguments = [&url, "--out", "paceline.toml", "--max-refusals", "1"];
    let ended = probe(&desk, &arguments).await.expect(2);
    assert!(ended.stderr.contains("paceline.toml is there already"), "{}", ended.stderr);
    assert_eq!(platform.stats().arrivals, 0, "nothing is asked in vain");
    assert_eq!(std::fs::read_to_string(desk.path("paceline.toml")).unwrap(), "# mine\n");
    probe(&desk, &[&arguments[..], &["--force"]].concat()).await.expect(0);
    assert!(std::fs::read_to_string(desk.path("paceline.toml")).unwrap().contains("[limits.credential]"));
    let ended = probe(&desk, &[&url, "--max-refusals", "1", "--out", "no/such/folder.toml"]).await.expect(1);
    assert!(ended.stderr.contains("folder.toml cannot be written"), "{}", ended.stderr);
}
