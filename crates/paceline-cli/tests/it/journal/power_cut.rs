//! A power cut at every single write, sync and deletion: what was acknowledged is there, and nothing is
//! there that was never said.

use std::collections::BTreeMap;

use paceline_cli::journal::{Binding, Entry, Journal, Letter, Open, RecordRef, Repeat, ScopeName, Standing};
use paceline_core::{GateCause, ScopeKind, WallTime};
use rusqlite::Connection;

use super::disk::{Cut, Disk, Image, Op, fast_folder, lay_out};
use super::{Desk, delivered, departed, keyed, letter, record, wait};

#[test]
fn at_most_once_records_without_keys_survive_every_cut() {
    let history = History::of(Desk::unkeyed, Repeat::Unsafe);
    history.cut_everywhere();
}

#[test]
fn at_least_once_records_with_keys_survive_every_cut() {
    let history = History::of(Desk::keyed, Repeat::Safe);
    history.cut_everywhere();
}

/// What a run that starts after the cut finds.
#[derive(Clone, Debug, PartialEq)]
struct View {
    standings: Vec<Standing>,
    gate: Option<WallTime>,
    /// The journal's own random bits; `None`: any, for there is no journal yet.
    salt: Option<[u8; 16]>,
}

/// Everything that some runs did to the disk, and what each acknowledgement promised.
struct History {
    binding: Binding,
    repeat: Repeat,
    ops: Vec<Op>,
    views: Vec<View>,
}

impl History {
    /// Three runs, each closed in good order, over one journal.
    fn of(desk: fn() -> Desk, repeat: Repeat) -> Self {
        let mut desk = desk();
        desk.folder = fast_folder();
        let disk = Disk::watch(desk.folder.path());
        let nothing = View { standings: vec![Standing::New; RECORDS], gate: None, salt: None };
        let mut story = Story { disk, desk, repeat, views: vec![nothing.clone()], now: nothing };
        story.acknowledge();
        for run in 0..3 {
            story.run(run);
        }
        Self { ops: story.disk.take_ops(), views: story.views, binding: story.desk.binding, repeat }
    }

    fn cut_everywhere(&self) {
        let mut image = Image::default();
        let mut acknowledged = 0;
        let mut last = BTreeMap::new();
        let mut cuts = 0;
        for (index, op) in self.ops.iter().enumerate() {
            image.apply(op);
            if let Op::Acknowledged(view) = op {
                acknowledged = *view;
            }
            let seed = index as u64;
            for cut in [Cut::NothingUnsynced, Cut::Everything, Cut::Some(seed), Cut::Some(!seed)] {
                let files = image.cut(cut);
                if files != last || matches!(op, Op::Acknowledged(_)) {
                    self.check(&files, acknowledged, &format!("cut after operation {index}, {cut:?}"));
                    cuts += 1;
                }
                last = files;
            }
        }
        assert_eq!(acknowledged, self.views.len() - 1, "the history ends with an acknowledgement");
        assert!(cuts > self.ops.len(), "every operation is followed by a cut");
    }

    /// Opens what the cut left: it must be what was acknowledged last, or what was being said.
    fn check(&self, files: &BTreeMap<String, Vec<u8>>, acknowledged: usize, cut: &str) {
        let folder = fast_folder();
        lay_out(files, folder.path());
        let path = folder.path().join("records.journal");
        let opened = Journal::open(&path, &self.binding, Open::Resume, self.repeat).expect(cut);
        let records = (0..RECORDS).map(|position| self.record(position)).collect();
        let found = View {
            standings: wait(opened.journal.classify(records)).expect(cut),
            gate: opened.scopes.first().and_then(|saved| saved.closed).map(|(until, _)| until),
            salt: opened.resumed.is_some().then_some(opened.salt),
        };
        wait(opened.journal.close()).expect(cut);
        let possible = &self.views[acknowledged..self.views.len().min(acknowledged + 2)];
        assert!(possible.contains(&found), "{cut}: found {found:#?} instead of one of {possible:#?}");
        let integrity: String = Connection::open(&path)
            .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
            .expect(cut);
        assert_eq!(integrity, "ok", "{cut}");
    }

    fn record(&self, position: usize) -> RecordRef {
        some_record(self.binding.key_field.is_some(), position)
    }
}

/// A history that is being made.
struct Story {
    disk: Disk,
    desk: Desk,
    repeat: Repeat,
    /// What a run finds after each acknowledgement.
    views: Vec<View>,
    /// What it finds after the latest.
    now: View,
}

impl Story {
    fn run(&mut self, run: usize) {
        let opened = self.desk.open(self.repeat);
        self.now.salt = Some(opened.salt);
        self.acknowledge();
        let journal = opened.journal;
        if self.is_keyed() {
            self.classify_all(&journal);
        }
        for position in (run..RECORDS).step_by(2) {
            self.send(&journal, position);
            if position % 5 == 4 {
                self.checkpoint(position);
            }
        }
        wait(journal.close()).unwrap();
        self.acknowledge();
    }

    /// One record's departure and what became of it; which, its position decides.
    fn send(&mut self, journal: &Journal, position: usize) {
        let record = some_record(self.is_keyed(), position);
        if self.now.standings[position] == Standing::Delivered {
            return;
        }
        let interrupted = match self.repeat {
            Repeat::Safe => Standing::Todo { batch: None },
            Repeat::Unsafe => Standing::InDoubt { has_content: false },
        };
        self.say(journal, vec![departed(std::slice::from_ref(&record))], position, interrupted);
        let (entry, standing) = match position % 6 {
            0 | 1 => (delivered(&[record]), Standing::Delivered),
            2 => (Entry::Dead(big_letter(record)), Standing::Dead),
            3 => (Entry::InDoubt(big_letter(record)), Standing::InDoubt { has_content: true }),
            4 => {
                let records = vec![record];
                (Entry::BackToTodo { records, batch: None }, Standing::Todo { batch: None })
            }
            _ => return,
        };
        let until = WallTime::from_unix_millis(1_000 + position as u64);
        self.now.gate = self.now.gate.max(Some(until));
        let scope = ScopeName { kind: ScopeKind::Tenant, name: "default".to_owned() };
        let closed = Entry::GateClosed { scope, until, cause: GateCause::RetryAfter };
        self.say(journal, vec![entry, closed], position, standing);
    }

    fn say(&mut self, journal: &Journal, entries: Vec<Entry>, position: usize, standing: Standing) {
        wait(journal.commit(entries)).unwrap();
        self.now.standings[position] = standing;
        self.acknowledge();
    }

    fn classify_all(&mut self, journal: &Journal) {
        let records = (0..RECORDS).map(|position| some_record(true, position)).collect();
        assert_eq!(wait(journal.classify(records)).unwrap(), self.now.standings);
        for standing in &mut self.now.standings {
            if *standing == Standing::New {
                *standing = Standing::Todo { batch: None };
            }
        }
        self.acknowledge();
    }

    /// What SQLite does by itself every thousand pages, and somebody with `sqlite3` at any time.
    fn checkpoint(&self, position: usize) {
        let mode = ["passive", "restart", "truncate"][position % 3];
        let connection = Connection::open(self.desk.path()).unwrap();
        connection.execute_batch(&format!("PRAGMA wal_checkpoint({mode})")).unwrap();
    }

    fn acknowledge(&mut self) {
        if self.now != self.views[self.views.len() - 1] {
            self.views.push(self.now.clone());
        }
        self.disk.push(Op::Acknowledged(self.views.len() - 1));
    }

    fn is_keyed(&self) -> bool {
        self.desk.binding.key_field.is_some()
    }
}

fn some_record(is_keyed: bool, position: usize) -> RecordRef {
    let position = position as u64;
    if is_keyed { keyed(position, &format!("key {position}"), position) } else { record(position) }
}

/// A letter that needs pages of its own.
fn big_letter(record: RecordRef) -> Box<Letter> {
    Box::new(Letter { content: Some("x".repeat(6_000)), ..*letter(record) })
}

const RECORDS: usize = 24;
