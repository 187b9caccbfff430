//! Reading beside the process that writes, and after it.

use std::path::Path;

use paceline_cli::journal::{Entry, JournalError, JournalReader, Repeat, Standing, State};

use super::{Desk, delivered, departed, keyed, letter, record, wait};

#[test]
fn a_reader_sees_a_running_journal_as_it_was_when_opened() {
    let desk = Desk::unkeyed();
    let journal = desk.open(Repeat::Unsafe).journal;
    wait(journal.commit(vec![delivered(&[record(0)])])).unwrap();
    let reader = JournalReader::open(&desk.path()).unwrap();
    wait(journal.commit(vec![departed(&[record(1)])])).unwrap();
    assert_eq!(reader.counts().unwrap().delivered, 1);
    assert_eq!(reader.counts().unwrap().departed, 0);
    assert_eq!(reader.latest_run().unwrap().unwrap().ended, None);
    // Closing does not wait for the reader, and loses nothing to it.
    wait(journal.close()).unwrap();
    drop(reader);
    assert_eq!(JournalReader::open(&desk.path()).unwrap().counts().unwrap().departed, 1);
}

#[test]
fn letters_come_back_as_they_were_written_page_after_page() {
    let desk = Desk::keyed();
    let letters: Vec<_> =
        (0..1_000).map(|position| letter(keyed(position, &format!("k{position}"), 1))).collect();
    desk.run(Repeat::Unsafe, letters.iter().cloned().map(Entry::Dead).collect());
    desk.run(Repeat::Unsafe, vec![Entry::InDoubt(letter(keyed(1_000, "odd", 1)))]);
    let reader = JournalReader::open(&desk.path()).unwrap();
    let read: Vec<_> = reader.letters(State::Dead).map(|letter| Box::new(letter.unwrap())).collect();
    assert_eq!(read, letters);
    assert_eq!(reader.letters(State::InDoubt).count(), 1);
}

#[test]
fn a_crash_leaves_a_letter_for_each_record_in_doubt() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![departed(&[record(5)])]);
    wait(desk.open(Repeat::Unsafe).journal.close()).unwrap();
    let reader = JournalReader::open(&desk.path()).unwrap();
    let letters: Vec<_> = reader.letters(State::InDoubt).map(Result::unwrap).collect();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].record.clone(), &*letters[0].verdict), (record(5), "interrupted"));
    assert_eq!(letters[0].content, None);
}

#[test]
fn a_letter_is_void_once_its_record_is_delivered() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![Entry::InDoubt(letter(record(0))), delivered(&[record(0)])]);
    let connection = rusqlite::Connection::open(desk.path()).unwrap();
    let letters: i64 = connection.query_row("SELECT count(*) FROM letter", [], |row| row.get(0)).unwrap();
    assert_eq!(letters, 0);
}

#[test]
fn a_reader_tells_what_is_still_to_do_and_changes_nothing() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![delivered(&[record(1)]), Entry::Dead(letter(record(2)))]);
    let before = std::fs::read(desk.path()).unwrap();
    let reader = JournalReader::open(&desk.path()).unwrap();
    let standings: Vec<_> = (0..3).map(|position| reader.standing(&record(position)).unwrap()).collect();
    assert_eq!(standings, [Standing::New, Standing::Delivered, Standing::Dead]);
    assert_eq!(reader.binding(), &desk.binding);
    drop(reader);
    assert_eq!(std::fs::read(desk.path()).unwrap(), before);
}

#[test]
fn a_journal_that_is_not_there_is_missing() {
    let error = JournalReader::open(Path::new("no.such.journal")).unwrap_err();
    assert_eq!(error, JournalError::Missing { path: "no.such.journal".into() });
}

#[test]
fn a_reader_tells_whether_a_process_holds_the_journal() {
    let desk = Desk::unkeyed();
    let journal = desk.open(Repeat::Unsafe).journal;
    let reader = JournalReader::open(&desk.path()).unwrap();
    assert!(reader.is_in_use());
    wait(journal.close()).unwrap();
    assert!(!reader.is_in_use());
    // What a crash leaves of the lock holds nobody back.
    std::fs::write(super::shift(&desk.path(), ".lock"), "1\n").unwrap();
    assert!(!reader.is_in_use());
    drop(reader);
    wait(desk.open(Repeat::Unsafe).journal.close()).unwrap();
}

#[test]
fn a_reader_lists_what_departed_and_was_not_heard_of_again() {
    let desk = Desk::keyed();
    let records = [keyed(0, "a", 1), keyed(1, "b", 1), keyed(2, "c", 1)];
    desk.run(Repeat::Unsafe, vec![departed(&records), delivered(&records[1..2])]);
    let reader = JournalReader::open(&desk.path()).unwrap();
    assert_eq!(reader.departed().unwrap(), [records[0].clone(), records[2].clone()]);
}
