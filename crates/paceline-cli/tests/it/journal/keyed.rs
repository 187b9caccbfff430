//! Records identified by a key field.

use paceline_cli::journal::{Batch, BatchId, Entry, PendingBatch, RecordRef, Repeat, Standing};

use super::{Desk, delivered, departed, keyed, letter, record, wait};

#[test]
fn a_second_run_skips_what_is_unchanged_and_sends_what_is_new_or_changed() {
    let desk = Desk::keyed();
    let first = [keyed(0, "a", 1), keyed(1, "b", 1), keyed(2, "c", 1)];
    assert_eq!(desk.standings(Repeat::Unsafe, &first), [Standing::New; 3]);
    desk.run(Repeat::Unsafe, vec![departed(&first[..2]), delivered(&first[..2])]);
    // The source is sorted anew, has one more record, and another content for `b`.
    let second = [keyed(0, "d", 1), keyed(1, "c", 1), keyed(2, "b", 2), keyed(3, "a", 1)];
    assert_eq!(
        desk.standings(Repeat::Unsafe, &second),
        [Standing::New, Standing::Todo { batch: None }, Standing::ChangedSinceDelivered, Standing::Delivered]
    );
}

#[test]
fn a_changed_record_counts_as_delivered_only_with_its_new_content() {
    let desk = Desk::keyed();
    let (old, new) = (keyed(0, "a", 1), keyed(0, "a", 2));
    desk.run(Repeat::Safe, vec![delivered(std::slice::from_ref(&old))]);
    desk.run(Repeat::Safe, vec![departed(std::slice::from_ref(&new))]);
    assert_eq!(desk.standings(Repeat::Safe, std::slice::from_ref(&new)), [Standing::Todo { batch: None }]);
    desk.run(Repeat::Safe, vec![delivered(std::slice::from_ref(&new))]);
    assert_eq!(desk.standings(Repeat::Safe, &[new]), [Standing::Delivered]);
    assert_eq!(desk.standings(Repeat::Safe, &[old]), [Standing::ChangedSinceDelivered]);
}

#[test]
fn a_key_that_occurs_twice_in_one_source_is_found_in_every_run() {
    let desk = Desk::keyed();
    let records = [keyed(0, "a", 1), keyed(1, "b", 1), keyed(2, "a", 2)];
    let duplicate = Standing::DuplicateKey { first_position: 0, first_line: 2 };
    assert_eq!(desk.standings(Repeat::Unsafe, &records), [Standing::New, Standing::New, duplicate]);
    let again = desk.standings(Repeat::Unsafe, &records);
    assert_eq!(again[2], duplicate);
}

#[test]
fn a_duplicate_is_given_up_beside_the_record_that_keeps_the_key() {
    let desk = Desk::keyed();
    let (first, second) = (keyed(0, "a", 1), RecordRef { key: None, ..keyed(2, "a", 2) });
    desk.run(
        Repeat::Unsafe,
        vec![delivered(std::slice::from_ref(&first)), Entry::Dead(letter(second.clone()))],
    );
    let counts = desk.resumed(Repeat::Unsafe).counts;
    assert_eq!((counts.delivered, counts.dead), (1, 1));
    assert_eq!(desk.standings(Repeat::Unsafe, &[first, second]), [Standing::Delivered, Standing::Dead]);
}

#[test]
fn a_dead_record_is_to_do_again_once_its_content_changed() {
    let desk = Desk::keyed();
    let (old, new) = (keyed(0, "a", 1), keyed(0, "a", 2));
    desk.run(Repeat::Unsafe, vec![Entry::Dead(letter(old.clone()))]);
    assert_eq!(desk.standings(Repeat::Unsafe, &[old]), [Standing::Dead]);
    assert_eq!(desk.standings(Repeat::Unsafe, std::slice::from_ref(&new)), [Standing::Todo { batch: None }]);
    assert_eq!(desk.standings(Repeat::Unsafe, &[new]), [Standing::Todo { batch: None }]);
}

#[test]
fn a_record_in_doubt_stays_so_even_if_its_content_changed() {
    let desk = Desk::keyed();
    desk.run(Repeat::Unsafe, vec![departed(&[keyed(0, "a", 1)])]);
    assert_eq!(
        desk.standings(Repeat::Unsafe, &[keyed(0, "a", 2)]),
        [Standing::InDoubt { has_content: false }]
    );
}

#[test]
fn a_record_that_changed_leaves_its_batch() {
    let desk = Desk::keyed();
    let members = vec![keyed(0, "a", 1), keyed(1, "b", 1)];
    let batch = Batch { id: BatchId(1), key: "k".to_owned(), members };
    desk.run(Repeat::Safe, vec![Entry::BatchFormed(batch)]);
    let journal = desk.open(Repeat::Safe).journal;
    let standings = wait(journal.classify(vec![keyed(0, "a", 1), keyed(1, "b", 2)])).unwrap();
    wait(journal.close()).unwrap();
    assert_eq!(standings, [Standing::Todo { batch: Some(BatchId(1)) }, Standing::Todo { batch: None }]);
    let left = PendingBatch { id: BatchId(1), key: "k".to_owned(), size: 2 };
    assert_eq!(desk.resumed(Repeat::Safe).batches, [left]);
}

#[test]
fn positions_of_records_without_key_do_not_meet_the_rows_of_keys() {
    let desk = Desk::keyed();
    let keyless = record(1);
    desk.run(
        Repeat::Unsafe,
        vec![
            delivered(&[keyed(0, "a", 1), keyed(1, "b", 1), keyed(2, "c", 1)]),
            Entry::Dead(letter(keyless.clone())),
        ],
    );
    assert_eq!(
        desk.standings(Repeat::Unsafe, &[keyed(0, "a", 1), keyless, keyed(2, "c", 1)]),
        [Standing::Delivered, Standing::Dead, Standing::Delivered]
    );
}
