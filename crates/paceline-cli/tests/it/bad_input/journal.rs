//! Journals that cannot be used, or belong to another run.

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};
use super::super::scripted::{Answer, Scripted};
use super::refused;

#[tokio::test]
async fn a_place_where_no_journal_can_be_is_named() {
    let desk = Desk::with_records(3);
    desk.put("letter.txt", "Dear reader, this is not a journal.\n");
    std::fs::create_dir(desk.path("folder")).unwrap();
    let mut said = String::new();
    for place in ["missing/records.journal", "letter.txt", "folder"] {
        said.push_str(&refused(&desk, &["records.csv", "--to", "URL", "--journal", place]).await);
    }
    insta::assert_snapshot!(said);
    assert_eq!(
        std::fs::read_to_string(desk.path("letter.txt")).unwrap(),
        "Dear reader, this is not a journal.\n"
    );
}

#[tokio::test]
async fn a_journal_of_another_source_target_or_template_is_refused() {
    let desk = Desk::with_records(3);
    let platform = stand_in(PlatformConfig::default()).await;
    let to = platform.url();
    desk.sync(&["records.csv", "--to", &to]).ended().await.expect(0);
    desk.put("paceline.toml", "[target]\nbody = '{\"number\": \"{{ id }}\"}'\n");
    let others: [&[&str]; 3] = [
        &["records.csv", "--to", "https://other.example.com/"],
        &["records.csv", "--to", &to, "-c", "paceline.toml"],
        &["records.csv", "--to", &to, "--key", "id"],
    ];
    let mut said = String::new();
    for arguments in others {
        said.push_str(&refused(&desk, arguments).await);
    }
    desk.put("records.csv", "id,name\n0,changed\n");
    said.push_str(&refused(&desk, &["records.csv", "--to", &to]).await);
    insta::assert_snapshot!(without_digests(&said.replace(&to, "URL")));
    assert_eq!(platform.stats().arrivals, 3, "none of them sent anything");
}

#[tokio::test]
async fn a_toggle_of_batching_is_a_mismatch_that_sends_nothing() {
    let desk = Desk::with_records(3);
    let platform = Scripted::start(|_| Answer::new(201, "")).await;
    let (single, batches) = (["--key", "id"], ["--key", "id", "--batch", "2"]);
    for (first, second, what) in [(&single[..], &batches[..], "single"), (&batches, &single, "batches")] {
        let journal = format!("{what}.journal");
        let common = ["records.csv", "--to", &platform.url, "--idempotency-key", "--journal", &journal];
        desk.sync(&[&common, first].concat()).ended().await.expect(0);
        let asked = platform.asked().len();
        let said = refused(&desk, &[&common, second].concat()).await;
        for word in ["another template", what, "single calls", "batches", "--journal", "--start-over"] {
            assert!(said.contains(word), "`{word}` is not said: {said}");
        }
        assert_eq!(platform.asked().len(), asked);
    }
}

#[tokio::test]
async fn two_processes_on_one_journal_are_one_too_many() {
    let desk = Desk::with_records(3);
    let platform = stand_in(PlatformConfig::default()).await;
    let mut first = desk.sync(&["-", "--to", &platform.url(), "--journal", "records.csv.journal"]);
    first = first.input("");
    let mut first = first.spawn();
    let mut stdin = first.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stdin, b"id,name\n0,a\n1,b\n").await.unwrap();
    // Once the first record has arrived, the journal is held.
    while platform.stats().arrivals == 0 {
        tokio::task::yield_now().await;
    }
    let said = refused(&desk, &["records.csv", "--to", "URL"]).await;
    assert!(said.contains("in use by process"), "{said}");
    drop(stdin);
    super::super::desk::Ended::of(first).await.expect(0);
}

/// A template is told by a digest, in which the port of the platform counts.
fn without_digests(text: &str) -> String {
    let is_digest = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()).map(|part| {
        let word = part.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        if is_digest(word) { part.replace(word, "DIGEST") } else { part.to_owned() }
    });
    parts.collect()
}
