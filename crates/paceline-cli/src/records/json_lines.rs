//! JSON Lines: one object per line, blank lines between them.

use super::error::Misread;
use super::fault::Fault;
use super::input::{Input, MAX_RECORD_BYTES};
use super::json_object;
use super::record::Unplaced;

/// Reads lines.
pub(super) struct JsonLines {
    input: Input,
    /// The line where the next record starts.
    line: u64,
    text: Vec<u8>,
}

impl JsonLines {
    pub(super) fn start(input: Input) -> Self {
        Self { input, line: 1, text: Vec::new() }
    }

    /// The next object and its line, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Unplaced>, Misread> {
        if self.input.skip_blanks(&mut self.line, |byte| byte.is_ascii_whitespace())?.is_none() {
            return Ok(None);
        }
        let line = self.line;
        self.read_line().map_err(|fault| fault.at(line))?;
        Ok(Some(Unplaced { line, fields: json_object::parse(&self.text, line)? }))
    }

    /// Reads what is left of the line, without its end.
    fn read_line(&mut self) -> Result<(), Fault> {
        self.text.clear();
        loop {
            let chunk = self.input.fill()?;
            let end = memchr::memchr(b'\n', chunk);
            self.text.extend_from_slice(&chunk[..end.unwrap_or(chunk.len())]);
            let (taken, ended) = match end {
                Some(end) => (end + 1, true),
                None => (chunk.len(), chunk.is_empty()),
            };
            self.input.consume(taken);
            self.line += u64::from(end.is_some());
            if self.text.len() > MAX_RECORD_BYTES {
                return Err(Fault::TooLarge);
            }
            if ended {
                return Ok(());
            }
        }
    }
}
