//! The bytes of a source: decompressed, without a byte order mark, a buffer at a time.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::error::Misread;
use super::fault::{Compression, Fault};
use super::format::Format;

/// The most bytes of one record: 16 MiB. A larger one is most likely a quote that was never closed.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// A source's bytes.
pub(super) struct Input {
    reader: BufReader<Box<dyn Read + Send>>,
    compression: Option<Compression>,
}

impl Input {
    /// Begins to read `raw`: finds out how it is compressed, and skips a byte order mark.
    pub(super) fn start(mut raw: Box<dyn Read + Send>) -> Result<Self, Fault> {
        let magic = read_prefix(&mut raw, MAGIC_BYTES).map_err(Fault::Read)?;
        let compression = match *magic.as_slice() {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
            [b'P', b'K', 3, 4] => return Err(Fault::Archive),
            _ => None,
        };
        let whole = Cursor::new(magic).chain(raw);
        let mut text: Box<dyn Read + Send> = match compression {
            Some(Compression::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(whole)),
            Some(Compression::Zstd) => Box::new(zstd::Decoder::new(whole).map_err(Fault::Read)?),
            None => Box::new(whole),
        };
        let mark =
            read_prefix(&mut text, BYTE_ORDER_MARK.len()).map_err(|cause| fault(compression, cause))?;
        if mark.starts_with(&[0xff, 0xfe]) || mark.starts_with(&[0xfe, 0xff]) {
            return Err(Fault::Utf16);
        }
        if mark != BYTE_ORDER_MARK {
            text = Box::new(Cursor::new(mark).chain(text));
        }
        Ok(Self { reader: BufReader::with_capacity(BUFFER_BYTES, text), compression })
    }

    /// The format that the first bytes tell, without taking them.
    pub(super) fn sniff(&mut self) -> Result<Format, Fault> {
        self.fill()?;
        // Sources begin with their first record, or with a few blanks before it; what begins with
        // more blanks than one buffer holds is told by nothing.
        Ok(Format::sniff(self.reader.buffer()))
    }

    /// The bytes at hand, at least one unless the source has ended.
    pub(super) fn fill(&mut self) -> Result<&[u8], Fault> {
        while let Err(cause) = self.reader.fill_buf() {
            if cause.kind() != io::ErrorKind::Interrupted {
                return Err(fault(self.compression, cause));
            }
        }
        Ok(self.reader.buffer())
    }

    /// Takes `count` of the bytes at hand.
    pub(super) fn consume(&mut self, count: usize) {
        self.reader.consume(count);
    }

    /// Takes bytes while `is_blank` says so, counting line ends into `line`; the next byte, if any.
    pub(super) fn skip_blanks(
        &mut self,
        line: &mut u64,
        is_blank: fn(u8) -> bool,
    ) -> Result<Option<u8>, Misread> {
        loop {
            let chunk = self.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| !is_blank(*byte));
            let blanks = &chunk[..end.unwrap_or(chunk.len())];
            *line += count_lines(blanks);
            let (next, taken) = (end.map(|end| chunk[end]), blanks.len());
            self.consume(taken);
            if next.is_some() {
                return Ok(next);
            }
        }
    }
}

/// The line ends in `bytes`.
pub(super) fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// The first `count` bytes of `reader`, or all when there are fewer.
fn read_prefix(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut prefix = Vec::with_capacity(count);
    reader.by_ref().take(count as u64).read_to_end(&mut prefix)?;
    Ok(prefix)
}

fn fault(compression: Option<Compression>, cause: io::Error) -> Fault {
    match (compression, cause.kind()) {
        (Some(compression), io::ErrorKind::UnexpectedEof) => Fault::Truncated(compression),
        (
            Some(compression),
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::Other,
        ) => Fault::Damaged { compression, detail: cause.to_string() },
        _ => Fault::Read(cause),
    }
}

/// The longest magic number that is looked for (zstd, zip).
const MAGIC_BYTES: usize = 4;

/// U+FEFF in UTF-8; spreadsheets write it in front of CSV.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// Large enough that reading costs nothing beside parsing, small enough for a cache.
const BUFFER_BYTES: usize = 128 << 10;
