//! What the program says of itself.

use super::super::desk::Desk;

#[tokio::test]
async fn help_has_every_flag_with_examples_and_exit_codes() {
    let desk = Desk::empty();
    insta::assert_snapshot!("paceline", desk.program(&["--help"]).ended().await.expect(0).stdout);
    insta::assert_snapshot!("sync", desk.sync(&["-h"]).ended().await.expect(0).stdout);
}

#[tokio::test]
async fn usage_that_is_none_is_a_clear_error() {
    let desk = Desk::with_records(1);
    let mut said = String::new();
    let wrong: [&[&str]; 4] = [
        &["sync"],
        &["sinc"],
        &["sync", "records.csv", "--worker", "3"],
        &["sync", "records.csv", "--to", "http://h/", "--rehearse"],
    ];
    for arguments in wrong {
        said.push_str(&desk.program(arguments).ended().await.expect(2).stderr);
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn every_shell_has_its_completions() {
    let desk = Desk::empty();
    for shell in ["bash", "zsh", "fish"] {
        let completions = desk.program(&["completions", shell]).ended().await.expect(0).stdout;
        for word in ["paceline", "sync", "max-rate", "idempotency-key", "probe", "max-refusals"] {
            assert!(completions.contains(word), "{shell}: {word}");
        }
    }
    desk.program(&["completions", "tcsh"]).ended().await.expect(2);
}
