//! What may be opened, by whom, and what is said when it may not.

use std::fs;

use paceline_cli::journal::{Entry, Journal, JournalError, Open, Repeat, Standing};

use super::{Desk, delivered, departed, record, shift, wait};

#[test]
fn a_clean_close_leaves_one_file() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![delivered(&[record(0)])]);
    assert_eq!(desk.files(), ["records.journal"]);
}

#[test]
fn a_second_holder_is_refused_and_told_who_the_first_is() {
    let desk = Desk::unkeyed();
    let first = desk.open(Repeat::Unsafe).journal;
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert_eq!(error, JournalError::InUse { path: desk.path(), holder: Some(std::process::id()) });
    wait(first.close()).unwrap();
    wait(desk.open(Repeat::Unsafe).journal.close()).unwrap();
}

#[test]
fn the_lock_left_by_a_dead_process_holds_nobody() {
    let desk = Desk::unkeyed();
    fs::write(shift(&desk.path(), ".lock"), "4194304\n").unwrap();
    desk.run(Repeat::Unsafe, vec![]);
    assert_eq!(desk.files(), ["records.journal"]);
}

#[cfg(unix)]
#[test]
fn two_names_of_one_journal_meet_at_one_lock() {
    let desk = Desk::unkeyed();
    let _held = desk.open(Repeat::Unsafe).journal;
    let link = desk.folder.path().join("link.journal");
    std::os::unix::fs::symlink(desk.path(), &link).unwrap();
    let error = Journal::open(&link, &desk.binding, Open::Resume, Repeat::Unsafe).unwrap_err();
    assert!(matches!(error, JournalError::InUse { .. }), "{error}");
}

#[test]
fn each_difference_of_the_run_is_named() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![]);
    for what in ["target", "template", "key field"] {
        let mut binding = desk.binding.clone();
        match what {
            "target" => binding.target = "PUT https://other.example.com".to_owned(),
            "template" => binding.template = "0123".to_owned(),
            _ => binding.key_field = Some("id".to_owned()),
        }
        let error = Journal::open(&desk.path(), &binding, Open::Resume, Repeat::Unsafe).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("--start-over"), "{text}");
    }
}

#[test]
fn a_changed_source_is_refused_without_keys_and_welcome_with_them() {
    let mut desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![]);
    desk.binding.fingerprint = Some("beef".to_owned());
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert!(matches!(error, JournalError::SourceChanged { .. }), "{error}");

    let mut desk = Desk::keyed();
    desk.run(Repeat::Unsafe, vec![]);
    desk.binding.fingerprint = Some("beef".to_owned());
    desk.run(Repeat::Unsafe, vec![]);
}

#[test]
fn a_pipe_is_resumed_only_with_keys() {
    let mut desk = Desk::unkeyed();
    desk.binding.fingerprint = None;
    desk.run(Repeat::Unsafe, vec![]);
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert!(matches!(error, JournalError::PipeWithoutKey { .. }), "{error}");
}

#[test]
fn starting_over_keeps_the_old_journals_under_other_names() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![delivered(&[record(0)])]);
    for _ in 0..2 {
        let opened = desk.try_open(Open::StartOver, Repeat::Unsafe).unwrap();
        assert_eq!(opened.resumed, None);
        wait(opened.journal.close()).unwrap();
    }
    assert_eq!(desk.files(), ["records.journal", "records.journal.1", "records.journal.2"]);
    let old = shift(&desk.path(), ".1");
    let opened = Journal::open(&old, &desk.binding, Open::Resume, Repeat::Unsafe).unwrap();
    assert_eq!(wait(opened.journal.classify(vec![record(0)])).unwrap(), [Standing::Delivered]);
}

#[test]
fn every_journal_has_a_salt_of_its_own_for_life() {
    let desk = Desk::unkeyed();
    let first = desk.open(Repeat::Unsafe);
    wait(first.journal.close()).unwrap();
    let again = desk.open(Repeat::Unsafe);
    wait(again.journal.close()).unwrap();
    assert_eq!(first.salt, again.salt);
    assert_ne!(first.salt, Desk::unkeyed().open(Repeat::Unsafe).salt);
}

#[test]
fn a_file_of_something_else_is_refused_and_not_touched() {
    for mode in [Open::Resume, Open::StartOver] {
        let desk = Desk::unkeyed();
        let content = "code,name\nZRH,Zurich\n".repeat(100);
        fs::write(desk.path(), &content).unwrap();
        let error = desk.try_open(mode, Repeat::Unsafe).unwrap_err();
        assert_eq!(error, JournalError::NotAJournal { path: desk.path() });
        assert_eq!(fs::read_to_string(desk.path()).unwrap(), content);
        assert_eq!(desk.files(), ["records.journal"]);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_not_touched() {
    let desk = Desk::unkeyed();
    let other = rusqlite::Connection::open(desk.path()).unwrap();
    other.execute_batch("CREATE TABLE song (title TEXT)").unwrap();
    drop(other);
    let before = fs::read(desk.path()).unwrap();
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert_eq!(error, JournalError::NotAJournal { path: desk.path() });
    assert_eq!(fs::read(desk.path()).unwrap(), before);
}

#[test]
fn a_newer_format_is_refused() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![]);
    let newer = rusqlite::Connection::open(desk.path()).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    drop(newer);
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert_eq!(error, JournalError::Newer { path: desk.path(), found: 2, known: 1 });
}

#[test]
fn a_damaged_journal_is_refused_and_can_be_set_aside() {
    let desk = Desk::unkeyed();
    let records: Vec<_> = (0..2_000).map(record).collect();
    desk.run(Repeat::Unsafe, vec![delivered(&records)]);
    let mut bytes = fs::read(desk.path()).unwrap();
    // All but the first page, which says what the file is.
    bytes[4096..].fill(0xA5);
    fs::write(desk.path(), &bytes).unwrap();
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error:?}");
    let opened = desk.try_open(Open::StartOver, Repeat::Unsafe).unwrap();
    assert_eq!(opened.resumed, None);
    assert_eq!(fs::read(shift(&desk.path(), ".1")).unwrap(), bytes);
}

#[test]
fn a_name_that_looks_like_a_uri_is_a_name() {
    let desk = Desk::unkeyed();
    let path = desk.folder.path().join("file:a?mode=memory");
    let opened = Journal::open(&path, &desk.binding, Open::Resume, Repeat::Unsafe).unwrap();
    wait(opened.journal.close()).unwrap();
    assert_eq!(desk.files(), ["file:a?mode=memory"]);
}

#[test]
fn a_missing_folder_is_named() {
    let desk = Desk::unkeyed();
    let path = desk.folder.path().join("nowhere").join("x.journal");
    let error = Journal::open(&path, &desk.binding, Open::Resume, Repeat::Unsafe).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn a_closed_handle_refuses_work() {
    let desk = Desk::unkeyed();
    let journal = desk.open(Repeat::Unsafe).journal;
    let clone = journal.clone();
    wait(journal.close()).unwrap();
    clone.enqueue(delivered(&[record(0)]));
    let closed = JournalError::Closed { path: desk.path() };
    assert_eq!(wait(clone.commit(vec![])).unwrap_err(), closed);
    assert_eq!(wait(clone.close()).unwrap_err(), closed);
}

#[test]
fn a_close_writes_what_was_enqueued() {
    let desk = Desk::unkeyed();
    let journal = desk.open(Repeat::Unsafe).journal;
    for position in 0..10_000 {
        journal.enqueue(delivered(&[record(position)]));
    }
    wait(journal.room());
    wait(journal.close()).unwrap();
    assert_eq!(desk.resumed(Repeat::Unsafe).counts.delivered, 10_000);
}

#[test]
fn what_is_enqueued_is_written_before_what_is_committed_after_it() {
    let desk = Desk::unkeyed();
    let journal = desk.open(Repeat::Unsafe).journal;
    journal.enqueue(departed(&[record(0)]));
    journal.enqueue(Entry::BackToTodo { records: vec![record(0)], batch: None });
    wait(journal.commit(vec![delivered(&[record(0)])])).unwrap();
    let counts = wait(journal.counts()).unwrap();
    assert_eq!((counts.delivered, counts.todo, counts.departed), (1, 0, 0));
}
