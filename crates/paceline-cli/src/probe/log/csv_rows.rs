//! Results as CSV. The header names the columns; without one they are those that JMeter writes by default.

use std::io::{BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::bounded::{Bounded, TOO_LONG};
use super::{BYTE_ORDER_MARK, Fault, Row, row};

/// Where the columns are.
#[derive(Clone, Copy, Debug)]
struct Columns {
    stamp: usize,
    elapsed: usize,
    code: usize,
    message: Option<usize>,
}

impl Columns {
    /// JMeter's default order: timeStamp, elapsed, label, responseCode, responseMessage, ...
    const DEFAULT: Self = Self { stamp: 0, elapsed: 1, code: 3, message: Some(4) };

    /// From a header; None: it is none.
    fn named(header: &ByteRecord) -> Option<Result<Self, Fault>> {
        let find = |name: &str| header.iter().position(|field| field == name.as_bytes());
        let stamp = find("timeStamp")?;
        let missing = |name: &str| Fault::Foreign(format!("its header has no column {name}"));
        let columns = || {
            Ok(Self {
                stamp,
                elapsed: find("elapsed").ok_or_else(|| missing("elapsed"))?,
                code: find("responseCode").ok_or_else(|| missing("responseCode"))?,
                message: find("responseMessage"),
            })
        };
        Some(columns())
    }
}

pub(super) fn read(file: impl Read, take: &mut dyn FnMut(Row)) -> Result<(), Fault> {
    let mut start = BufReader::new(file);
    let ahead = start.fill_buf().map_err(Fault::Read)?;
    let delimiter = delimiter(ahead);
    if ahead.starts_with(BYTE_ORDER_MARK) {
        start.consume(BYTE_ORDER_MARK.len());
    }
    let mut builder = ReaderBuilder::new();
    let mut reader =
        builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(Bounded::new(start));
    let (mut record, mut columns) = (ByteRecord::new(), None);
    loop {
        reader.get_mut().begin_row();
        let line = reader.position().line();
        let is_there = reader.read_byte_record(&mut record).map_err(|error| fault(error, line))?;
        if !is_there {
            return Ok(());
        }
        let columns = match columns {
            Some(columns) => columns,
            None => match Columns::named(&record) {
                Some(named) => {
                    columns = Some(named?);
                    continue;
                }
                None => *columns.insert(Columns::DEFAULT),
            },
        };
        take(result(columns, &record, line));
    }
}

fn result(columns: Columns, record: &ByteRecord, line: u64) -> Row {
    let text = |index: usize| record.get(index).map(String::from_utf8_lossy).unwrap_or_default();
    let message = columns.message.map(text).unwrap_or_default();
    match row(&text(columns.stamp), &text(columns.elapsed), &text(columns.code), &message) {
        Row::Unreadable(what) => Row::Unreadable(format!("line {line}: {what}")),
        row => row,
    }
}

/// What stands after the first field: users set it.
fn delimiter(start: &[u8]) -> u8 {
    let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.iter().copied().find(|byte| DELIMITERS.contains(byte)).unwrap_or(b',')
}

fn fault(error: csv::Error, line: u64) -> Fault {
    match error.into_kind() {
        csv::ErrorKind::Io(cause) if cause.to_string() == TOO_LONG => {
            Fault::At(format!("line {line}"), cause.to_string())
        }
        csv::ErrorKind::Io(cause) => Fault::Read(cause),
        other => Fault::At(format!("line {line}"), format!("{other:?}")),
    }
}

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
