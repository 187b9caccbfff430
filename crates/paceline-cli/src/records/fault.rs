//! What can be wrong with a source.

use std::fmt;
use std::io;

use super::error::Misread;
use super::input::MAX_RECORD_BYTES;

/// What is wrong with a source, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum Fault {
    #[error("cannot be opened: {0}; check the path and its permissions")]
    Open(#[source] io::Error),
    #[error("is a folder; name a file in it")]
    Folder,
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
    #[error("is not a regular file, so it cannot be read twice; give it on standard input (`-`) instead")]
    NotAFile,
    #[error("standard input can be read only once")]
    Stdin,
    #[error("the {0} stream ends early: the file was cut short; copy or download it again")]
    Truncated(Compression),
    #[error("the {compression} stream is damaged ({detail}); copy or download it again")]
    Damaged { compression: Compression, detail: String },
    #[error("a zip archive (or a spreadsheet) is not a source; unzip it, or export it as CSV")]
    Archive,
    #[error("the text is UTF-16; save it as UTF-8, or convert it with `iconv -f utf-16 -t utf-8`")]
    Utf16,
    #[error("not valid UTF-8; convert the file, for example with `iconv -f latin1 -t utf-8`")]
    NotUtf8,
    #[error("a record of more than {} MiB; split it, or look for a missing quote", MAX_RECORD_BYTES >> 20)]
    TooLarge,
    #[error("is empty, but its first line must name the fields")]
    NoHeader,
    #[error("column {0} has no name; give every column of the header a name")]
    EmptyHeader(usize),
    #[error("columns {first} and {second} are both named `{name}`; rename one of them")]
    DuplicateHeader { name: String, first: usize, second: usize },
    #[error(
        "{found} fields, but the header has {expected}; look for a missing or extra delimiter, or a quote \
         that is not closed"
    )]
    Ragged { found: usize, expected: usize },
    #[error("a quote is opened in this record and never closed; close it, or double a quote that is meant")]
    UnclosedQuote,
    #[error(
        "{found} where a JSON object {{...}} must stand; every record is one object (if this is not JSON, \
         set `format` under [records])"
    )]
    NotObject { found: &'static str },
    #[error("not valid JSON: {detail} (column {column})")]
    Json { detail: String, column: usize },
    #[error("the number {0} has more digits than can be kept exactly; write it as a string")]
    InexactNumber(String),
    #[error("not a JSON array: {found} where `[` must stand")]
    NotArray { found: &'static str },
    #[error("the array is not closed: the file was cut short; copy or download it again")]
    ArrayCut,
    #[error("{found} where `,` or `]` must stand")]
    NoComma { found: &'static str },
    #[error("{found} after the end of the array; a source is one array")]
    AfterArray { found: &'static str },
}

impl Fault {
    pub(super) fn at(self, line: u64) -> Misread {
        Misread { line: Some(line), fault: self }
    }
}

/// How a source is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// RFC 1952; members may follow one another.
    Gzip,
    /// RFC 8878; frames may follow one another.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// What `byte`, the first of something, begins.
pub(super) fn found(byte: u8) -> &'static str {
    match byte {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a string",
        b'0'..=b'9' | b'-' => "a number",
        b't' | b'f' => "text or a boolean",
        b'n' => "text or null",
        b']' => "`]`",
        b'}' => "`}`",
        b',' => "`,`",
        _ => "text",
    }
}
