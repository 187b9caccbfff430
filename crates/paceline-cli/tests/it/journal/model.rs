//! The journal against a model of it: whatever is said and however often it is opened, they agree.

use std::collections::{BTreeMap, BTreeSet};

use paceline_cli::journal::{
    Batch, BatchId, Counts, Digest, Entry, Journal, Letter, RecordRef, Repeat, Standing, State,
};
use proptest::prelude::*;

use super::{Desk, digest, keyed, letter, record, wait};

/// What a test may do.
#[derive(Clone, Debug)]
enum Step {
    Departed(Vec<RecordRef>),
    Delivered(Vec<RecordRef>),
    Dead(RecordRef),
    InDoubt(RecordRef, bool),
    BackToTodo(Vec<RecordRef>),
    Formed(Vec<RecordRef>),
    Classify(Vec<RecordRef>),
    Reopen(Repeat),
}

#[derive(Clone, Debug)]
struct Row {
    position: u64,
    digest: Digest,
    state: State,
    has_content: bool,
    run: u64,
    batch: Option<BatchId>,
}

/// The same rules, told a second time.
struct Model {
    keyed: bool,
    rows: BTreeMap<String, Row>,
    open: BTreeSet<BatchId>,
    run: u64,
    repeat: Repeat,
}

impl Model {
    fn name(&self, record: &RecordRef) -> String {
        match &record.key {
            Some(key) if self.keyed => format!("key {key}"),
            _ => format!("position {}", record.position),
        }
    }

    fn put(
        &mut self,
        record: &RecordRef,
        state: State,
        has_content: bool,
        batch: impl FnOnce(Option<BatchId>) -> Option<BatchId>,
    ) {
        let name = self.name(record);
        let old = self.rows.get(&name);
        let is_final = old
            .is_some_and(|old| old.state == State::Delivered && (!self.keyed || old.digest == record.digest));
        if is_final {
            return;
        }
        let batch = batch(old.and_then(|old| old.batch));
        let (position, digest, run) = (record.position, record.digest, self.run);
        self.rows.insert(name, Row { position, digest, state, has_content, run, batch });
    }

    fn back_to_todo(&mut self, record: &RecordRef) {
        let name = self.name(record);
        if let Some(row) = self.rows.get_mut(&name)
            && matches!(row.state, State::Departed | State::Todo)
        {
            (row.state, row.batch) = (State::Todo, None);
        }
    }

    fn classify(&mut self, record: &RecordRef) -> Standing {
        let name = self.name(record);
        let Some(row) = self.rows.get(&name).cloned() else {
            if self.keyed {
                self.put(record, State::Todo, false, |_| None);
            }
            return Standing::New;
        };
        if self.keyed && row.run == self.run && row.position != record.position {
            let (first_position, first_line) = (row.position, row.position + 2);
            return Standing::DuplicateKey { first_position, first_line };
        }
        if row.digest != record.digest {
            return self.classify_changed(record, &row);
        }
        self.see(record);
        match row.state {
            State::Todo => Standing::Todo { batch: row.batch },
            State::Departed => Standing::Departed,
            State::Delivered => Standing::Delivered,
            State::Dead => Standing::Dead,
            State::InDoubt => Standing::InDoubt { has_content: row.has_content },
        }
    }

    fn classify_changed(&mut self, record: &RecordRef, row: &Row) -> Standing {
        if !self.keyed {
            return Standing::SourceChanged;
        }
        self.see(record);
        match row.state {
            State::Todo | State::Dead => {
                self.put(record, State::Todo, false, |_| None);
                Standing::Todo { batch: None }
            }
            State::Departed => Standing::Departed,
            State::Delivered => Standing::ChangedSinceDelivered,
            State::InDoubt => Standing::InDoubt { has_content: row.has_content },
        }
    }

    fn see(&mut self, record: &RecordRef) {
        let (name, run) = (self.name(record), self.run);
        if let Some(row) = self.rows.get_mut(&name)
            && self.keyed
        {
            (row.position, row.run) = (record.position, run);
        }
    }

    /// Starts the next run and returns the batches that it finds pending.
    fn reopen(&mut self, repeat: Repeat) -> Vec<BatchId> {
        let rest =
            if self.repeat == Repeat::Safe && repeat == Repeat::Safe { State::Todo } else { State::InDoubt };
        for row in self.rows.values_mut().filter(|row| row.state == State::Departed) {
            (row.state, row.has_content) = (rest, false);
        }
        (self.run, self.repeat) = (self.run + 1, repeat);
        let todo_in = |rows: &BTreeMap<String, Row>, id| {
            rows.values().filter(|row| row.state == State::Todo && row.batch == Some(id)).count()
        };
        self.open.retain(|id| todo_in(&self.rows, *id) > 0);
        for row in self.rows.values_mut().filter(|row| row.state == State::Todo) {
            row.batch = row.batch.filter(|id| self.open.contains(id));
        }
        self.open.iter().copied().collect()
    }

    fn counts(&self) -> Counts {
        let count = |state| self.rows.values().filter(|row| row.state == state).count() as u64;
        Counts {
            todo: count(State::Todo),
            departed: count(State::Departed),
            delivered: count(State::Delivered),
            dead: count(State::Dead),
            in_doubt: count(State::InDoubt),
        }
    }

    /// Says `step` to both. A reopening is not for here.
    fn say(&mut self, journal: &Journal, step: Step) {
        let commit = |entry| wait(journal.commit(vec![entry])).unwrap();
        match step {
            Step::Departed(records) => {
                records.iter().for_each(|record| self.put(record, State::Departed, false, |_| None));
                commit(Entry::Departed { records, batch: None });
            }
            Step::Delivered(records) => {
                records.iter().for_each(|record| self.put(record, State::Delivered, false, |batch| batch));
                journal.enqueue(Entry::Delivered { records });
            }
            Step::Dead(record) => {
                self.put(&record, State::Dead, true, |batch| batch);
                journal.enqueue(Entry::Dead(letter(record)));
            }
            Step::InDoubt(record, has_content) => {
                self.put(&record, State::InDoubt, has_content, |batch| batch);
                let content = has_content.then(|| "{}".to_owned());
                commit(Entry::InDoubt(Box::new(Letter { content, ..*letter(record) })));
            }
            Step::BackToTodo(records) => {
                records.iter().for_each(|record| self.back_to_todo(record));
                commit(Entry::BackToTodo { records, batch: None });
            }
            Step::Formed(members) => {
                let id = journal.next_batch_id();
                members.iter().for_each(|record| self.put(record, State::Todo, false, |_| Some(id)));
                self.open.insert(id);
                commit(Entry::BatchFormed(Batch { id, key: format!("{id:?}"), members }));
            }
            Step::Classify(records) => {
                let expected: Vec<_> = records.iter().map(|record| self.classify(record)).collect();
                assert_eq!(wait(journal.classify(records)).unwrap(), expected);
            }
            Step::Reopen(_) => unreachable!("the test does that"),
        }
        assert_eq!(wait(journal.counts()).unwrap(), self.counts());
    }
}

/// A record of a source of six. Its content is mostly what it was; its key is once in a while that of
/// another.
fn any_record(is_keyed: bool) -> impl Strategy<Value = RecordRef> {
    let changed = prop_oneof![9 => Just(false), 1 => Just(true)];
    (0..6_u64, changed.clone(), changed).prop_map(move |(position, is_changed, is_moved)| {
        let version = if is_changed { 9 } else { position };
        if is_keyed {
            let place = if is_moved { position + 10 } else { position };
            keyed(place, &format!("k{position}"), version)
        } else {
            RecordRef { digest: digest(version), ..record(position) }
        }
    })
}

/// Up to three records, none of them twice.
fn some_records(is_keyed: bool) -> impl Strategy<Value = Vec<RecordRef>> {
    prop::collection::vec(any_record(is_keyed), 1..4).prop_map(|mut records| {
        records.sort_by_key(|record| (record.key.clone(), record.position % 10));
        records.dedup_by_key(|record| (record.key.clone(), record.position % 10));
        records
    })
}

fn any_step(is_keyed: bool) -> impl Strategy<Value = Step> {
    let repeat = prop_oneof![Just(Repeat::Safe), Just(Repeat::Unsafe)];
    prop_oneof![
        3 => some_records(is_keyed).prop_map(Step::Departed),
        2 => some_records(is_keyed).prop_map(Step::Delivered),
        1 => any_record(is_keyed).prop_map(Step::Dead),
        1 => (any_record(is_keyed), any::<bool>()).prop_map(|(record, content)| Step::InDoubt(record, content)),
        1 => some_records(is_keyed).prop_map(Step::BackToTodo),
        2 => some_records(is_keyed).prop_map(Step::Formed),
        3 => some_records(is_keyed).prop_map(Step::Classify),
        2 => repeat.prop_map(Step::Reopen),
    ]
}

fn agrees_with_the_model(is_keyed: bool, steps: Vec<Step>) {
    let desk = if is_keyed { Desk::keyed() } else { Desk::unkeyed() };
    let (rows, open) = (BTreeMap::new(), BTreeSet::new());
    let mut model = Model { keyed: is_keyed, rows, open, run: 1, repeat: Repeat::Safe };
    let mut journal = desk.open(Repeat::Safe).journal;
    for step in steps {
        let Step::Reopen(repeat) = step else {
            model.say(&journal, step);
            continue;
        };
        wait(journal.close()).unwrap();
        let opened = desk.open(repeat);
        let resumed = opened.resumed.unwrap();
        let pending = model.reopen(repeat);
        assert_eq!(resumed.batches.iter().map(|batch| batch.id).collect::<Vec<_>>(), pending);
        assert_eq!(resumed.counts, model.counts());
        journal = opened.journal;
    }
    wait(journal.close()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn records_without_keys_stand_as_the_model_says(steps in prop::collection::vec(any_step(false), 1..30)) {
        agrees_with_the_model(false, steps);
    }

    #[test]
    fn records_with_keys_stand_as_the_model_says(steps in prop::collection::vec(any_step(true), 1..30)) {
        agrees_with_the_model(true, steps);
    }
}
