//! Records identified by position and content.

use paceline_cli::journal::{Batch, BatchId, Counts, Entry, PendingBatch, Repeat, Standing, State};

use super::{Desk, delivered, departed, letter, record, wait};

#[test]
fn a_record_that_nothing_happened_to_is_new_and_leaves_no_row() {
    let desk = Desk::unkeyed();
    assert_eq!(desk.standings(Repeat::Unsafe, &[record(0), record(1)]), [Standing::New; 2]);
    let opened = desk.open(Repeat::Unsafe);
    assert_eq!(opened.resumed.unwrap().counts, Counts::default());
}

#[test]
fn every_state_is_told_after_a_restart() {
    let desk = Desk::unkeyed();
    desk.run(
        Repeat::Unsafe,
        vec![
            departed(&[record(0), record(1), record(2), record(3), record(4)]),
            delivered(&[record(0)]),
            Entry::Dead(letter(record(1))),
            Entry::InDoubt(letter(record(2))),
            Entry::BackToTodo { records: vec![record(3)], batch: None },
        ],
    );
    let records: Vec<_> = (0..6).map(record).collect();
    assert_eq!(
        desk.standings(Repeat::Unsafe, &records),
        [
            Standing::Delivered,
            Standing::Dead,
            Standing::InDoubt { has_content: true },
            Standing::Todo { batch: None },
            Standing::InDoubt { has_content: false },
            Standing::New,
        ]
    );
}

#[test]
fn what_departed_in_a_run_that_may_repeat_is_still_to_do() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Safe, vec![departed(&[record(0)])]);
    let resumed = desk.resumed(Repeat::Safe);
    assert_eq!(resumed.interrupted, 1);
    assert_eq!(resumed.counts, Counts { todo: 1, ..Counts::default() });
}

#[test]
fn what_departed_is_in_doubt_if_either_run_may_not_repeat() {
    for (before, after) in
        [(Repeat::Unsafe, Repeat::Unsafe), (Repeat::Unsafe, Repeat::Safe), (Repeat::Safe, Repeat::Unsafe)]
    {
        let desk = Desk::unkeyed();
        desk.run(before, vec![departed(&[record(0)])]);
        let resumed = desk.resumed(after);
        assert_eq!(resumed.counts, Counts { in_doubt: 1, ..Counts::default() }, "{before:?}, {after:?}");
    }
}

#[test]
fn a_batch_that_departed_is_to_be_sent_again_as_it_was() {
    let desk = Desk::unkeyed();
    let members = vec![record(0), record(1)];
    let batch = Batch { id: BatchId(1), key: "k-1".to_owned(), members: members.clone() };
    desk.run(
        Repeat::Safe,
        vec![
            Entry::BatchFormed(batch),
            Entry::Departed { records: members.clone(), batch: Some(BatchId(1)) },
        ],
    );
    let opened = desk.open(Repeat::Safe);
    let expected = PendingBatch { id: BatchId(1), key: "k-1".to_owned(), size: 2 };
    assert_eq!(opened.resumed.unwrap().batches, [expected]);
    let standings = wait(opened.journal.classify(members)).unwrap();
    assert_eq!(standings, [Standing::Todo { batch: Some(BatchId(1)) }; 2]);
    assert_eq!(opened.journal.next_batch_id(), BatchId(2));
}

#[test]
fn a_batch_that_lost_a_member_is_known_by_the_size_that_it_had() {
    let desk = Desk::unkeyed();
    let members = vec![record(0), record(1)];
    let batch = Batch { id: BatchId(1), key: "k-1".to_owned(), members: members.clone() };
    desk.run(Repeat::Safe, vec![Entry::BatchFormed(batch), delivered(&members[..1])]);
    let expected = PendingBatch { id: BatchId(1), key: "k-1".to_owned(), size: 2 };
    assert_eq!(desk.resumed(Repeat::Safe).batches, [expected]);
    let batch = Some(BatchId(1));
    assert_eq!(desk.standings(Repeat::Safe, &members), [Standing::Delivered, Standing::Todo { batch }]);
}

#[test]
fn the_halves_of_a_split_batch_take_its_place() {
    let desk = Desk::unkeyed();
    let whole =
        Batch { id: BatchId(1), key: "whole".to_owned(), members: vec![record(0), record(1), record(2)] };
    let left = Batch { id: BatchId(2), key: "left".to_owned(), members: vec![record(0), record(1)] };
    let right = Batch { id: BatchId(3), key: "right".to_owned(), members: vec![record(2)] };
    desk.run(
        Repeat::Safe,
        vec![
            Entry::BatchFormed(whole),
            Entry::BatchSplit { batch: BatchId(1), into: vec![left, right] },
            delivered(&[record(0), record(1)]),
            Entry::BatchDone { batch: BatchId(2) },
        ],
    );
    let expected = PendingBatch { id: BatchId(3), key: "right".to_owned(), size: 1 };
    assert_eq!(desk.resumed(Repeat::Safe).batches, [expected]);
}

#[test]
fn a_delivered_record_stays_delivered_whatever_comes_late() {
    let desk = Desk::unkeyed();
    desk.run(
        Repeat::Unsafe,
        vec![
            delivered(&[record(0)]),
            departed(&[record(0)]),
            Entry::InDoubt(letter(record(0))),
            Entry::Dead(letter(record(0))),
            Entry::BackToTodo { records: vec![record(0)], batch: None },
        ],
    );
    assert_eq!(desk.standings(Repeat::Unsafe, &[record(0)]), [Standing::Delivered]);
    let reader = paceline_cli::journal::JournalReader::open(&desk.path()).unwrap();
    assert_eq!(reader.letters(State::Dead).count() + reader.letters(State::InDoubt).count(), 0);
}

#[test]
fn another_record_at_a_known_position_is_noticed() {
    let desk = Desk::unkeyed();
    desk.run(Repeat::Unsafe, vec![delivered(&[record(0)])]);
    let mut other = record(0);
    other.digest = record(9).digest;
    assert_eq!(desk.standings(Repeat::Unsafe, &[other]), [Standing::SourceChanged]);
}
