//! The pass over a whole file before anything is sent.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::{Misread, RecordsError};
use super::fault::Fault;
use super::reader::Rows;
use super::source::{Location, SourceSpec};

/// What a whole file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Its records.
    pub records: u64,
    /// Its size as it lies on disk, compressed or not, in bytes.
    pub bytes: u64,
    /// The BLAKE3 hash of these bytes.
    pub fingerprint: [u8; 32],
    /// The names of the fields where the source has a header (CSV and TSV).
    pub header: Option<Vec<String>>,
}

impl Scan {
    /// The fingerprint as journals keep it: 64 hexadecimal digits.
    #[must_use]
    pub fn fingerprint_text(&self) -> String {
        blake3::Hash::from_bytes(self.fingerprint).to_hex().to_string()
    }
}

/// How far a scan has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanProgress {
    /// Records found.
    pub records: u64,
    /// Bytes read, as they lie on disk.
    pub bytes: u64,
    /// Bytes of the whole file.
    pub total_bytes: u64,
}

/// Reads the whole of `spec`, a file, and checks every row, so that a malformed one is found before the
/// first call. `progress` is told now and then, and at the end.
///
/// # Errors
/// When the file cannot be read, a row is malformed, or `spec` can be read only once (standard input, a pipe).
pub fn scan(spec: &SourceSpec, progress: &mut dyn FnMut(ScanProgress)) -> Result<Scan, RecordsError> {
    scan_location(spec, progress).map_err(|misread| RecordsError::new(&spec.location.to_string(), misread))
}

fn scan_location(spec: &SourceSpec, progress: &mut dyn FnMut(ScanProgress)) -> Result<Scan, Misread> {
    let Location::File(path) = &spec.location else { return Err(Fault::Stdin.into()) };
    let metadata = std::fs::metadata(path).map_err(Fault::Open)?;
    if !metadata.is_file() {
        return Err(Fault::NotAFile.into());
    }
    let file = File::open(path).map_err(Fault::Open)?;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let raw = Fingerprinting { file, seen: Arc::clone(&seen) };
    let mut rows = Rows::start(Box::new(raw), spec.known_format())?;
    let mut records = 0;
    while rows.check_next()? {
        records += 1;
        if records % RECORDS_BETWEEN_REPORTS == 0 {
            progress(ScanProgress { records, bytes: bytes_of(&seen), total_bytes: metadata.len() });
        }
    }
    let header = rows.header().map(<[String]>::to_vec);
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    progress(ScanProgress { records, bytes: seen.bytes, total_bytes: seen.bytes });
    Ok(Scan { records, bytes: seen.bytes, fingerprint: *seen.hasher.finalize().as_bytes(), header })
}

fn bytes_of(seen: &Mutex<Seen>) -> u64 {
    seen.lock().unwrap_or_else(PoisonError::into_inner).bytes
}

/// A file that notes what is read from it. The decoder above owns it, so the notes are shared.
struct Fingerprinting {
    file: File,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Read for Fingerprinting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.hasher.update(&buffer[..count]);
        seen.bytes += count as u64;
        Ok(count)
    }
}

/// Often enough for a smooth progress bar, rarely enough to cost nothing.
const RECORDS_BETWEEN_REPORTS: u64 = 4096;
