//! Standard input: what is wrong in it shows only when it comes.

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};
use super::refused;

#[tokio::test]
async fn a_pipe_needs_a_place_for_its_journal() {
    let said = refused(&Desk::empty(), &["-", "--to", "URL"]).await;
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn records_before_a_malformed_row_are_safe_and_the_rest_follows_once_it_is_mended() {
    let desk = Desk::empty();
    let platform = stand_in(PlatformConfig::default()).await;
    let to = platform.url();
    let arguments = ["-", "--to", &to, "--key", "id", "--journal", "pipe.journal", "--json"];
    let before: String = (0..400).map(|id| format!("{id},name {id}\n")).collect();
    let after: String = (401..450).map(|id| format!("{id},name {id}\n")).collect();
    let broken = format!("id,name\n{before}400\n{after}");
    let ended = desk.sync(&arguments).input(broken).ended().await.expect(1);
    let [delivered, dead, in_doubt, remaining] = ended.counts();
    assert_eq!((delivered + remaining, dead, in_doubt), (400, 0, 0), "{}", ended.stderr);
    assert_eq!(ended.json()["exit_reason"], "source");
    let message: Vec<&str> = ended.stderr.lines().take(2).collect();
    insta::assert_snapshot!(message.join("\n"));
    let mended = format!("id,name\n{before}400,name 400\n{after}");
    let ended = desk.sync(&arguments).input(mended).ended().await.expect(0);
    assert_eq!(ended.counts(), [450, 0, 0, 0]);
    let stats = platform.stats();
    assert_eq!((stats.distinct, stats.duplicates), (450, 0));
}

#[tokio::test]
async fn a_pipe_that_cannot_be_resumed_says_so() {
    let desk = Desk::empty();
    let platform = stand_in(PlatformConfig::default()).await;
    let to = platform.url();
    let arguments = ["-", "--to", &to, "--journal", "pipe.journal"];
    desk.sync(&arguments).input("id,name\n1,a\n").ended().await.expect(0);
    let ended = desk.sync(&arguments).input("id,name\n1,a\n").ended().await.expect(2);
    insta::assert_snapshot!(
        ended.stderr.replace(&*desk.path("").canonicalize().unwrap().to_string_lossy(), "FOLDER")
    );
    assert_eq!(platform.stats().arrivals, 1);
}
