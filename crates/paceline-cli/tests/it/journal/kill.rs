//! `kill -9` at random instants: a second process is killed while it commits.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use paceline_cli::journal::{Journal, JournalError, JournalReader, Open, Repeat, Standing};

use super::{Desk, delivered, departed, record, wait};

/// Set for the process that is to be killed: the journal's folder, and the first position to send.
const FOLDER: &str = "PACELINE_TEST_FOLDER";
const FIRST: &str = "PACELINE_TEST_FIRST";

/// The process to be killed: commits departures and deliveries for ever, and says each once it is safe.
#[test]
#[ignore = "runs only as the child of the tests below"]
fn child() {
    // Somebody may run all tests, the ignored ones included.
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let desk = Desk::unkeyed();
    let path = folder.join("records.journal");
    let journal = Journal::open(&path, &desk.binding, Open::Resume, Repeat::Unsafe).unwrap().journal;
    let mut out = std::io::stdout();
    writeln!(out, "\nopen").unwrap();
    for position in first.. {
        wait(journal.commit(vec![departed(&[record(position)])])).unwrap();
        writeln!(out, "departed {position}").unwrap();
        wait(journal.commit(vec![delivered(&[record(position)])])).unwrap();
        writeln!(out, "delivered {position}").unwrap();
    }
}

fn spawn(desk: &Desk, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "journal::kill::child", "--ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, desk.folder.path())
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the child says, line by line, without what the test harness says.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let out = BufReader::new(child.stdout.take().unwrap());
    out.lines().map_while(Result::ok).skip_while(|line| line != "open")
}

/// The positions that were said to have departed, and to be delivered.
#[derive(Default)]
struct Said {
    departed: BTreeSet<u64>,
    delivered: BTreeSet<u64>,
}

impl Said {
    fn hear(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            match line.split_once(' ') {
                Some(("departed", position)) => self.departed.insert(position.parse().unwrap()),
                Some(("delivered", position)) => self.delivered.insert(position.parse().unwrap()),
                _ => false,
            };
        }
    }

    /// The first position that nothing was said of.
    fn end(&self) -> u64 {
        self.departed.last().map_or(0, |last| last + 1)
    }

    fn allows(&self, position: u64, standing: Standing) -> bool {
        match standing {
            Standing::Delivered => position <= self.end(),
            Standing::InDoubt { has_content: false } => {
                position <= self.end() && !self.delivered.contains(&position)
            }
            Standing::New => !self.departed.contains(&position),
            _ => false,
        }
    }
}

#[test]
fn a_killed_process_leaves_all_that_it_acknowledged() {
    let desk = Desk::unkeyed();
    let mut said = Said::default();
    for round in 0..12 {
        let mut child = spawn(&desk, said.end());
        let mut lines = lines(&mut child);
        // Killed after a different number of words each time, at whatever it is doing then.
        said.hear(lines.by_ref().take(2 + round * 7 % 31));
        child.kill().unwrap();
        said.hear(lines);
        child.wait().unwrap();

        // Readable as it was left, before a run brings it to rest.
        let left = JournalReader::open(&desk.path()).unwrap().counts().unwrap();
        assert!(left.delivered >= said.delivered.len() as u64, "{left:?}");
        assert!(left.departed <= 1, "{left:?}");

        let records: Vec<_> = (0..said.end() + 2).map(record).collect();
        for (position, standing) in (0..).zip(desk.standings(Repeat::Unsafe, &records)) {
            assert!(said.allows(position, standing), "round {round}: {position} is {standing:?}");
        }
    }
    assert!(said.delivered.len() > 50, "the children came to something");
}

#[test]
fn another_process_is_refused_while_one_holds_the_journal() {
    let desk = Desk::unkeyed();
    let mut child = spawn(&desk, 0);
    let mut said = lines(&mut child);
    assert_eq!(said.next().as_deref(), Some("open"));
    let error = desk.try_open(Open::Resume, Repeat::Unsafe).unwrap_err();
    assert_eq!(error, JournalError::InUse { path: desk.path(), holder: Some(child.id()) });
    child.kill().unwrap();
    child.wait().unwrap();
    // The lock died with its holder.
    desk.run(Repeat::Unsafe, vec![]);
}
