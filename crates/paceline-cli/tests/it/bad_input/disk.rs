//! A full disk under the journal of a running program.

use paceline_sim::platform::PlatformConfig;

use super::super::desk::{Desk, stand_in};

/// A shell that lets no file grow beyond so many blocks of 512 or 1,024 bytes, whichever it counts in.
const LIMITED: &str = "ulimit -f \"$1\"; trap '' XFSZ; shift; exec \"$@\"";

#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_a_clear_error_and_a_later_run_brings_the_rest() {
    let mut codes = Vec::new();
    // From no room at all to room for a part.
    for blocks in ["1", "60", "120", "240"] {
        let desk = Desk::with_records(4_000);
        let platform = stand_in(PlatformConfig::default()).await;
        let to = platform.url();
        let arguments = ["records.csv", "--to", &to, "--json"];
        let shell = ["-c", LIMITED, "sh", blocks, env!("CARGO_BIN_EXE_paceline"), "sync"];
        let ended = desk.command("sh", &[&shell[..], &arguments].concat()).ended().await;
        let said = &ended.stderr;
        assert!(said.contains("journal") && said.contains("records.csv.journal"), "{blocks}: {said}");
        assert!(said.contains("Make room") || said.contains("check that"), "{blocks}: {said}");
        match ended.code {
            Some(2) => assert_eq!(platform.stats().arrivals, 0, "{blocks}: {said}"),
            Some(1) => assert_eq!(ended.json()["exit_reason"], "journal"),
            other => panic!("{blocks}: {other:?} {said}"),
        }
        codes.push(ended.code);
        let ended = desk.sync(&arguments).ended().await;
        let [delivered, dead, in_doubt, remaining] = ended.counts();
        assert_eq!((delivered + in_doubt, dead, remaining), (4_000, 0, 0), "{}", ended.stderr);
        // Whatever was under way when the disk filled up: no more than there are workers.
        assert!(in_doubt <= 64, "{in_doubt}");
        let stats = platform.stats();
        assert!(stats.distinct >= delivered && stats.duplicates == 0, "{stats:?}");
    }
    assert!(codes.contains(&Some(2)) && codes.contains(&Some(1)), "{codes:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn where_nothing_waits_for_the_journal_its_failure_stops_the_run_all_the_same() {
    let platform = stand_in(PlatformConfig::default()).await;
    let desk = Desk::with_records(6_000);
    let arguments =
        ["records.csv", "--to", &platform.url(), "--idempotency-key", "--max-rate", "500/s", "--json"];
    let shell = ["-c", LIMITED, "sh", "120", env!("CARGO_BIN_EXE_paceline"), "sync"];
    let ended = desk.command("sh", &[&shell[..], &arguments].concat()).ended().await.expect(1);
    assert_eq!(ended.json()["exit_reason"], "journal", "{}", ended.stderr);
    assert!(platform.stats().arrivals < 6_000, "it stops long before the end");
}
