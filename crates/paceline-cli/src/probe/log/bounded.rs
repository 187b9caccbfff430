//! A reader that refuses a row without end before it fills the memory.

use std::io::{self, Read};

/// Reads `inner`, at most [`MOST`] bytes between two calls of [`Bounded::begin_row`].
#[derive(Debug)]
pub(super) struct Bounded<R> {
    inner: R,
    since: usize,
}

impl<R> Bounded<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, since: 0 }
    }

    /// The next row begins about here: what buffers have read ahead counts for it.
    pub(super) const fn begin_row(&mut self) {
        self.since = 0;
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since > MOST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TOO_LONG));
        }
        let read = self.inner.read(buffer)?;
        self.since += read;
        Ok(read)
    }
}

/// JMeter writes a few hundred bytes for a result; with bodies, some kilobytes.
const MOST: usize = 16 * 1024 * 1024;
pub(super) const TOO_LONG: &str = "a row is longer than 16 MiB, so this is no log of results";
