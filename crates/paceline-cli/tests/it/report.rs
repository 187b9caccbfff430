//! Reports: what they say of a journal, and what they take out of it.

mod exports;
mod page;
mod program;
mod round_trip;
mod summary;
mod todo;

use std::future::Future;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use paceline_cli::journal::{Binding, Counts, Digest, Entry, Journal, Letter, Open, RecordRef, Repeat};
use paceline_cli::records::{self, Record, SourceSpec};
use paceline_cli::report::{self, Clock, Form, ReportError, Request, Selection, SourceChoice};
use paceline_core::WallTime;
use tempfile::TempDir;

/// A source, and the journal of its runs beside it.
struct Case {
    folder: TempDir,
    name: &'static str,
    binding: Binding,
}

impl Case {
    /// A case whose source has the name `name` and the content `content`.
    fn new(name: &'static str, content: &str, key: Option<&str>) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        let scan = records::scan(&SourceSpec::named(folder.path().join(name)), &mut |_| {}).unwrap();
        let binding = Binding {
            source: name.to_owned(),
            fingerprint: Some(scan.fingerprint_text()),
            key_field: key.map(str::to_owned),
            target: "POST https://api.example.com/records".to_owned(),
            template: "7e57".to_owned(),
        };
        Self { folder, name, binding }
    }

    /// Seven airports; the third and the fifth have odd names.
    fn airports(key: Option<&str>) -> Self {
        Self::new("airports.csv", AIRPORTS, key)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn journal(&self) -> PathBuf {
        self.path("airports.journal")
    }

    /// The records of the source.
    fn records(&self) -> Vec<(Record, RecordRef)> {
        let records = records::open(&SourceSpec::named(self.path(self.name))).unwrap();
        records.map(|record| self.with_reference(record.unwrap())).collect()
    }

    fn with_reference(&self, record: Record) -> (Record, RecordRef) {
        let key = self.binding.key_field.as_ref().and_then(|field| record.field_text(field));
        let reference = RecordRef {
            position: record.position,
            key: key.map(|text| (*text).into()),
            digest: Digest::from_bytes(record.digest()),
            line: record.line,
        };
        (record, reference)
    }

    fn reference(&self, position: usize) -> RecordRef {
        self.records()[position].1.clone()
    }

    fn delivered(&self, positions: impl IntoIterator<Item = usize>) -> Entry {
        Entry::Delivered { records: positions.into_iter().map(|position| self.reference(position)).collect() }
    }

    fn departed(&self, position: usize) -> Entry {
        Entry::Departed { records: vec![self.reference(position)], batch: None }
    }

    fn dead(&self, position: usize, status: u16, body: &str) -> Entry {
        Entry::Dead(self.letter(position, "rejected", Some(status), body))
    }

    fn in_doubt(&self, position: usize) -> Entry {
        Entry::InDoubt(self.letter(position, "the connection broke after the call was sent", None, ""))
    }

    fn letter(&self, position: usize, verdict: &str, status: Option<u16>, body: &str) -> Box<Letter> {
        let (record, reference) = self.records()[position].clone();
        Box::new(Letter {
            record: reference,
            verdict: verdict.to_owned().into(),
            status,
            body: status.map(|_| body.to_owned()),
            headers: status.map(|_| r#"{"x-request-id":"r-7"}"#.to_owned()),
            content: Some(record.json()),
            attempts: 2,
            at: WallTime::from_unix_millis(NOW - 30_000),
        })
    }

    /// One run that says `entries` and closes without a word of its end, as a crash would.
    fn run(&self, repeat: Repeat, entries: Vec<Entry>) {
        let journal = self.open(repeat);
        wait(journal.commit(entries)).unwrap();
        wait(journal.close()).unwrap();
    }

    fn open(&self, repeat: Repeat) -> Journal {
        Journal::open(&self.journal(), &self.binding, Open::Resume, repeat).unwrap().journal
    }

    /// One run that says `entries` and ends in good order.
    fn whole_run(&self, reason: &str, mut entries: Vec<Entry>) {
        entries.push(Entry::RunEnded { reason: reason.to_owned(), counts: Counts::default() });
        self.run(Repeat::Unsafe, entries);
    }

    /// Makes the runs begin a minute ago, and end 12 s ago where they ended.
    fn date_runs(&self) {
        let connection = rusqlite::Connection::open(self.journal()).unwrap();
        let sql = "UPDATE run SET started = ?1, ended = CASE WHEN ended IS NULL THEN NULL ELSE ?2 END";
        let (started, ended) = (i64::try_from(NOW - 60_000).unwrap(), i64::try_from(NOW - 12_000).unwrap());
        connection.execute(sql, [started, ended]).unwrap();
    }

    fn request(&self, selection: Option<Selection>, form: Form) -> Request {
        Request {
            journal: self.journal(),
            selection,
            form,
            with_reasons: false,
            source: SourceChoice::default(),
            page: None,
        }
    }

    /// What is written; the error if there is one.
    fn report(&self, selection: Option<Selection>, form: Form) -> Result<String, ReportError> {
        let (out, error) = written(&self.request(selection, form));
        error.map_or(Ok(out), Err)
    }

    /// The report as text, with the folder's own name left out.
    fn text(&self, selection: Option<Selection>) -> String {
        let folder = format!("{}/", self.folder.path().display());
        self.report(selection, Form::Text).unwrap().replace(&folder, "")
    }
}

/// What `request` writes, also when it fails.
fn written(request: &Request) -> (String, Option<ReportError>) {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let clock = Clock { now: WallTime::from_unix_millis(NOW), zone: TimeZone::UTC };
    let error = report::write(request, &clock, &mut out, &mut notes).err();
    (String::from_utf8(out).unwrap(), error)
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The fields of each record of `text`, a source with the name `name`, as JSON.
fn read_back(name: &str, text: &str) -> Vec<String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let records = records::open(&SourceSpec::named(&path)).unwrap();
    records.map(|record| record.unwrap().json()).collect()
}

/// 2023-11-14T22:13:20Z.
const NOW: u64 = 1_700_000_000_000;

const AIRPORTS: &str = "\
iata,name
00M,Thigpen
00R,Livingston
00V,\"Meadow, \"\"Lake\"\"
East\"
01G,Perry-Warsaw
01J,<script>alert(1)</script>
01M,Tishomingo
02A,Gragg-Wade
";
