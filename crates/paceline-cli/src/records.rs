//! Records: what a source holds, one at a time.
//!
//! A source is CSV, TSV, JSON Lines or a JSON array, plain, gzip or zstd, in a file or on standard
//! input. It is streamed: memory does not grow with the source. [`scan`] reads a whole file once before
//! anything is sent, [`open`] hands out its records, and both read every row by the same rules.

mod delimited;
mod error;
mod fault;
mod format;
mod input;
mod json_array;
mod json_lines;
mod json_object;
mod reader;
mod record;
mod scan;
mod source;

pub use error::RecordsError;
pub use fault::{Compression, Fault};
pub use format::{Format, UnknownFormat};
pub use input::MAX_RECORD_BYTES;
pub use reader::{Records, open};
pub use record::Record;
pub use scan::{Scan, ScanProgress, scan};
pub use source::{Location, SourceSpec};
