//! A JSON array of objects, cut into its elements without holding the array.

use super::error::Misread;
use super::fault::{Fault, found};
use super::input::{Input, MAX_RECORD_BYTES, count_lines};
use super::json_object;
use super::record::Unplaced;

/// Reads elements.
pub(super) struct JsonArray {
    input: Input,
    line: u64,
    expected: Expected,
    text: Vec<u8>,
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expected {
    Opening,
    FirstOrClosing,
    CommaOrClosing,
    Nothing,
}

impl JsonArray {
    pub(super) fn start(input: Input) -> Self {
        Self { input, line: 1, expected: Expected::Opening, text: Vec::new() }
    }

    /// The next element and the line where it starts, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Unplaced>, Misread> {
        loop {
            let byte = self.peek()?;
            match (self.expected, byte) {
                (Expected::Opening, Some(b'[')) => self.step(Expected::FirstOrClosing),
                (Expected::Opening, other) => {
                    let found = other.map_or("nothing", found);
                    return Err(Fault::NotArray { found }.at(self.line));
                }
                (Expected::Nothing, None) => return Ok(None),
                (Expected::Nothing, Some(byte)) => {
                    return Err(Fault::AfterArray { found: found(byte) }.at(self.line));
                }
                (_, None) => return Err(Fault::ArrayCut.at(self.line)),
                (_, Some(b']')) => self.step(Expected::Nothing),
                (Expected::FirstOrClosing, Some(byte)) => return self.element(byte).map(Some),
                (Expected::CommaOrClosing, Some(b',')) => {
                    self.input.consume(1);
                    let byte = self.peek()?.ok_or_else(|| Fault::ArrayCut.at(self.line))?;
                    return self.element(byte).map(Some);
                }
                (Expected::CommaOrClosing, Some(byte)) => {
                    return Err(Fault::NoComma { found: found(byte) }.at(self.line));
                }
            }
        }
    }

    fn peek(&mut self) -> Result<Option<u8>, Misread> {
        let line = self.line;
        let byte = self.input.skip_blanks(&mut self.line, |byte| byte.is_ascii_whitespace());
        byte.map_err(|misread| misread.fault.at(line))
    }

    fn step(&mut self, expected: Expected) {
        self.input.consume(1);
        self.expected = expected;
    }

    fn element(&mut self, first: u8) -> Result<Unplaced, Misread> {
        let line = self.line;
        if first != b'{' {
            return Err(Fault::NotObject { found: found(first) }.at(line));
        }
        self.cut_object().map_err(|fault| fault.at(line))?;
        self.expected = Expected::CommaOrClosing;
        Ok(Unplaced { line, fields: json_object::parse(&self.text, line)? })
    }

    /// Takes bytes up to the `}` that closes the object at hand.
    fn cut_object(&mut self) -> Result<(), Fault> {
        self.text.clear();
        let mut nesting = Nesting::default();
        loop {
            let chunk = self.input.fill()?;
            if chunk.is_empty() {
                return Err(Fault::ArrayCut);
            }
            let end = nesting.end_of_object(chunk);
            let part = &chunk[..end.unwrap_or(chunk.len())];
            self.text.extend_from_slice(part);
            self.line += count_lines(part);
            let taken = part.len();
            self.input.consume(taken);
            if self.text.len() > MAX_RECORD_BYTES {
                return Err(Fault::TooLarge);
            }
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

/// How deep within an object a byte is. Brackets are only counted: the parser checks that they match.
#[derive(Default)]
struct Nesting {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Nesting {
    /// The length of `chunk` up to the end of the object, if it ends there.
    fn end_of_object(&mut self, chunk: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < chunk.len() {
            if self.in_string {
                at = self.skip_string(chunk, at);
                continue;
            }
            match chunk[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            at += 1;
            if self.depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// Where the string that `chunk[at..]` is in goes on or ends.
    fn skip_string(&mut self, chunk: &[u8], at: usize) -> usize {
        if self.escaped {
            self.escaped = false;
            return at + 1;
        }
        let Some(offset) = memchr::memchr2(b'"', b'\\', &chunk[at..]) else { return chunk.len() };
        let found = at + offset;
        self.in_string = chunk[found] != b'"';
        self.escaped = chunk[found] == b'\\';
        found + 1
    }
}
