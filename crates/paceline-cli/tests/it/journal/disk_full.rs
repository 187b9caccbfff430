//! A disk that fills up or fails: a clear error, and a journal that holds what it acknowledged.

use paceline_cli::journal::{JournalError, Open, Repeat, Standing};

use super::disk::{Disk, fast_folder};
use super::{Desk, delivered, record, wait};

/// Delivers records one by one until it fails. Returns how many were acknowledged, and the error.
fn deliver_until_it_fails(desk: &Desk) -> (u64, JournalError) {
    let journal = desk.open(Repeat::Unsafe).journal;
    let mut acknowledged = 0;
    let error = loop {
        match wait(journal.commit(vec![delivered(&[record(acknowledged)])])) {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    // Whatever comes after is refused for the same reason, to the very end.
    wait(journal.room());
    assert_eq!(wait(journal.classify(vec![record(0)])), Err(error.clone()));
    assert_eq!(wait(journal.close()), Err(error.clone()));
    (acknowledged, error)
}

/// Opens again and expects what was acknowledged; the one that failed may be there or not.
fn assert_holds(desk: &Desk, acknowledged: u64) {
    let records: Vec<_> = (0..acknowledged + 2).map(record).collect();
    let standings = desk.standings(Repeat::Unsafe, &records);
    let (sure, rest) = standings.split_at(usize::try_from(acknowledged).unwrap());
    assert!(sure.iter().all(|standing| *standing == Standing::Delivered), "{standings:?}");
    assert_eq!(rest[1], Standing::New, "nothing was said of it");
    let connection = rusqlite::Connection::open(desk.path()).unwrap();
    let integrity: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
}

fn watched_desk() -> (Desk, Disk) {
    let mut desk = Desk::unkeyed();
    desk.folder = fast_folder();
    let disk = Disk::watch(desk.folder.path());
    (desk, disk)
}

#[test]
fn a_full_disk_says_so_and_loses_nothing_acknowledged() {
    for extra in (0..24).map(|step| step * 1_111) {
        let (desk, disk) = watched_desk();
        desk.run(Repeat::Unsafe, vec![]);
        disk.limit(Some(30_000 + extra));
        let (acknowledged, error) = deliver_until_it_fails(&desk);
        assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("no space left") && text.contains("records.journal"), "{text}");
        disk.limit(None);
        assert_holds(&desk, acknowledged);
    }
}

#[test]
fn a_journal_that_finds_no_room_to_begin_is_begun_once_there_is() {
    for room in (0..40).map(|step| step * 1_000) {
        let (desk, disk) = watched_desk();
        disk.limit(Some(room));
        match desk.try_open(Open::Resume, Repeat::Unsafe) {
            Ok(opened) => wait(opened.journal.close()).unwrap(),
            Err(error) => assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}"),
        }
        disk.limit(None);
        assert_holds(&desk, 0);
    }
}

#[test]
fn a_sync_that_fails_is_not_acknowledged() {
    for good in 0..12 {
        let (desk, disk) = watched_desk();
        desk.run(Repeat::Unsafe, vec![]);
        disk.limit_syncs(Some(good + 4));
        let (acknowledged, error) = deliver_until_it_fails(&desk);
        assert!(matches!(error, JournalError::Unusable { .. }), "{error:?}");
        assert!(acknowledged <= good + 4);
        disk.limit_syncs(None);
        assert_holds(&desk, acknowledged);
    }
}

#[test]
fn what_was_enqueued_and_lost_shows_at_the_next_commit() {
    let (desk, disk) = watched_desk();
    let journal = desk.open(Repeat::Unsafe).journal;
    disk.limit(Some(0));
    journal.enqueue(delivered(&[record(0)]));
    let error = wait(journal.commit(vec![])).unwrap_err();
    assert!(matches!(error, JournalError::DiskFull { .. }), "{error:?}");
    assert_eq!(wait(journal.close()), Err(error));
}
