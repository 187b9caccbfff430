//! Sources: what they hold, and what is wrong with broken ones.

mod broken;
mod formats;
mod properties;
mod scanning;

use std::io::{Cursor, Read, Write};

use paceline_cli::records::{Format, Record, Records, RecordsError};

/// All records of `bytes`, or the first error.
fn read(bytes: impl Into<Vec<u8>>, format: Option<Format>) -> Result<Vec<Record>, RecordsError> {
    Records::from_reader("source", Box::new(Cursor::new(bytes.into())), format)?.collect()
}

/// The records of `bytes` as lines of `line position json`.
fn listed(bytes: impl Into<Vec<u8>>, format: Option<Format>) -> Vec<String> {
    let records = read(bytes, format).expect("a well-formed source");
    records.iter().map(|record| format!("{} {} {}", record.line, record.position, record.json())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("a Vec takes any write");
    encoder.finish().expect("a Vec takes any write")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("a Vec takes any write")
}

/// Hands out at most `size` bytes at a time.
struct Dripping {
    inner: Cursor<Vec<u8>>,
    size: usize,
}

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.size.min(buffer.len());
        self.inner.read(&mut buffer[..size])
    }
}
