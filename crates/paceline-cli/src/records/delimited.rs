//! CSV and TSV: a header row, then one record per row.

use serde_json::{Map, Value};

use super::error::Misread;
use super::fault::Fault;
use super::input::{Input, MAX_RECORD_BYTES, count_lines};

/// Reads rows.
pub(super) struct Delimited {
    input: Input,
    parser: csv_core::Reader,
    header: Vec<String>,
    /// The line where the next row starts.
    line: u64,
    row: Row,
}

impl Delimited {
    /// Reads the header.
    pub(super) fn start(input: Input, delimiter: u8) -> Result<Self, Misread> {
        let parser = csv_core::ReaderBuilder::new().delimiter(delimiter).build();
        let mut this = Self { input, parser, header: Vec::new(), line: 1, row: Row::default() };
        let line = this.read_row()?.ok_or(Fault::NoHeader)?;
        this.header = this.row.names().map_err(|fault| fault.at(line))?;
        Ok(this)
    }

    /// The names of the fields.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Reads and checks the next row; the line where it starts, or `None` at the end.
    pub(super) fn advance(&mut self) -> Result<Option<u64>, Misread> {
        let Some(line) = self.read_row()? else { return Ok(None) };
        let found = self.row.len();
        if found != self.header.len() {
            return Err(Fault::Ragged { found, expected: self.header.len() }.at(line));
        }
        if !self.row.is_utf8() {
            return Err(Fault::NotUtf8.at(line));
        }
        Ok(Some(line))
    }

    /// The fields of the row that [`Delimited::advance`] read.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let mut fields = Map::with_capacity(self.header.len());
        for (name, value) in self.header.iter().zip(self.row.texts()) {
            fields.insert(name.clone(), Value::String(value.to_owned()));
        }
        fields
    }

    fn read_row(&mut self) -> Result<Option<u64>, Misread> {
        if self.input.skip_blanks(&mut self.line, is_line_end)?.is_none() {
            return Ok(None);
        }
        let start = self.line;
        self.row.clear();
        loop {
            let chunk = self.input.fill().map_err(|fault| fault.at(start))?;
            let step = match chunk {
                [] => self.row.finish(&mut self.parser),
                chunk => self.row.take(&mut self.parser, chunk),
            };
            let step = step.map_err(|fault| fault.at(start))?;
            self.line += count_lines(chunk.get(..step.taken).unwrap_or_default());
            self.input.consume(step.taken);
            if step.complete {
                return Ok(Some(start));
            }
        }
    }
}

/// One row: its fields one after another, and where each ends.
#[derive(Default)]
struct Row {
    text: Vec<u8>,
    text_len: usize,
    ends: Vec<usize>,
    ends_len: usize,
    /// What the row takes in the source, delimiters and quotes included.
    raw_bytes: usize,
}

/// What feeding a chunk to the parser came to.
struct Step {
    taken: usize,
    complete: bool,
}

impl Row {
    fn clear(&mut self) {
        self.text_len = 0;
        self.ends_len = 0;
        self.raw_bytes = 0;
    }

    fn len(&self) -> usize {
        self.ends_len
    }

    /// Feeds `chunk` to the parser until the row or the chunk ends.
    fn take(&mut self, parser: &mut csv_core::Reader, chunk: &[u8]) -> Result<Step, Fault> {
        let mut taken = 0;
        loop {
            let (result, read, written, ended) = parser.read_record(
                &chunk[taken..],
                &mut self.text[self.text_len..],
                &mut self.ends[self.ends_len..],
            );
            taken += read;
            self.raw_bytes += read;
            self.text_len += written;
            self.ends_len += ended;
            if self.raw_bytes > MAX_RECORD_BYTES {
                return Err(Fault::TooLarge);
            }
            match result {
                csv_core::ReadRecordResult::InputEmpty => return Ok(Step { taken, complete: false }),
                csv_core::ReadRecordResult::OutputFull => grow(&mut self.text),
                csv_core::ReadRecordResult::OutputEndsFull => grow(&mut self.ends),
                csv_core::ReadRecordResult::Record | csv_core::ReadRecordResult::End => {
                    return Ok(Step { taken, complete: true });
                }
            }
        }
    }

    /// Ends the last row of a source without a line end: a line end completes it, unless a quote is open.
    fn finish(&mut self, parser: &mut csv_core::Reader) -> Result<Step, Fault> {
        let step = self.take(parser, b"\n")?;
        if !step.complete {
            return Err(Fault::UnclosedQuote);
        }
        Ok(Step { taken: 0, complete: true })
    }

    /// Whether every field is UTF-8 by itself.
    fn is_utf8(&self) -> bool {
        // ASCII is the common case, and no field of it can end within a character.
        let Ok(text) = std::str::from_utf8(&self.text[..self.text_len]) else { return false };
        self.ends().iter().all(|end| text.is_char_boundary(*end))
    }

    /// The fields of a row that is UTF-8.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let text = std::str::from_utf8(&self.text[..self.text_len]).unwrap_or_default();
        let starts = std::iter::once(0).chain(self.ends().iter().copied());
        starts.zip(self.ends()).map(move |(start, end)| text.get(start..*end).unwrap_or_default())
    }

    /// The fields as the names of a header: none empty, none twice.
    fn names(&self) -> Result<Vec<String>, Fault> {
        if !self.is_utf8() {
            return Err(Fault::NotUtf8);
        }
        let names: Vec<String> = self.texts().map(str::to_owned).collect();
        for (index, name) in names.iter().enumerate() {
            if name.trim().is_empty() {
                return Err(Fault::EmptyHeader(index + 1));
            }
            if let Some(earlier) = names[..index].iter().position(|earlier| earlier == name) {
                let (name, first, second) = (name.clone(), earlier + 1, index + 1);
                return Err(Fault::DuplicateHeader { name, first, second });
            }
        }
        Ok(names)
    }

    fn ends(&self) -> &[usize] {
        &self.ends[..self.ends_len]
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn grow<T: Default + Clone>(buffer: &mut Vec<T>) {
    buffer.resize((buffer.len() * 2).max(256), T::default());
}
