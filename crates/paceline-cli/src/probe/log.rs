//! The results of a load test that JMeter wrote, as CSV or XML, in constant memory.

mod bounded;
mod csv_rows;
mod order;
mod xml_rows;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::inference::Sample;
use order::Ordered;

/// A file of results. It can be read as often as need be.
#[derive(Debug)]
pub struct ResultsLog {
    path: PathBuf,
    file: File,
    form: Form,
}

/// What of a log could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Rows that are no result, and where the first of them is.
    pub unreadable: u64,
    /// The first of them, for people: `line 17: ...`.
    pub first: Option<String>,
    /// Calls that got no answer: nobody knows whether a limit counted them.
    pub unanswered: u64,
    /// Sums of other results: transactions.
    pub sums: u64,
}

/// Why a log tells nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message is its documentation")]
pub enum LogError {
    #[error("{} cannot be read: {cause}", path.display())]
    Unreadable { path: PathBuf, cause: io::Error },
    #[error("{} is empty; name the file that JMeter wrote with -l", path.display())]
    Empty { path: PathBuf },
    #[error("{} holds no results of JMeter: {why}; name the file that it wrote with -l, as CSV or XML", path.display())]
    Foreign { path: PathBuf, why: String },
    #[error("{}, at {place}: {why}", path.display())]
    Broken { path: PathBuf, place: String, why: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Csv,
    Xml,
}

/// What one row says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Row {
    Result(Sample),
    Unanswered,
    Sum,
    Unreadable(String),
}

/// What goes wrong while rows are read: where, and what.
#[derive(Debug)]
enum Fault {
    Read(io::Error),
    Foreign(String),
    At(String, String),
}

impl ResultsLog {
    /// Opens `path` and looks what it is.
    ///
    /// # Errors
    /// When it cannot be read or is empty.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        let unreadable = |cause| LogError::Unreadable { path: path.to_owned(), cause };
        let file = File::open(path).map_err(unreadable)?;
        let mut start = BufReader::new(&file);
        let form = match start.fill_buf().map_err(unreadable)? {
            [] => return Err(LogError::Empty { path: path.to_owned() }),
            bytes => form(bytes),
        };
        Ok(Self { path: path.to_owned(), file, form })
    }

    /// Tells all results, in the order of their departure; what ended more than 65,536 results later, as it comes.
    ///
    /// # Errors
    /// When it cannot be read, or holds no results.
    pub fn play(&self, tell: &mut dyn FnMut(Sample)) -> Result<Passed, LogError> {
        let (mut passed, mut told) = (Passed::default(), false);
        let mut ordered = Ordered::new(tell);
        let mut take = |row| match row {
            Row::Result(sample) => {
                told = true;
                ordered.push(sample);
            }
            Row::Unanswered => passed.unanswered += 1,
            Row::Sum => passed.sums += 1,
            Row::Unreadable(what) => {
                passed.unreadable += 1;
                passed.first.get_or_insert(what);
            }
        };
        self.rows(&mut take).map_err(|fault| self.error(fault))?;
        ordered.finish();
        if !told {
            let why = passed.first.unwrap_or_else(|| "there is not one answered call in it".to_owned());
            return Err(self.error(Fault::Foreign(why)));
        }
        Ok(passed)
    }

    fn rows(&self, take: &mut dyn FnMut(Row)) -> Result<(), Fault> {
        let mut file = &self.file;
        file.rewind().map_err(Fault::Read)?;
        match self.form {
            Form::Csv => csv_rows::read(file, take),
            Form::Xml => xml_rows::read(file, take),
        }
    }

    fn error(&self, fault: Fault) -> LogError {
        let path = self.path.clone();
        match fault {
            Fault::Read(cause) => LogError::Unreadable { path, cause },
            Fault::Foreign(why) => LogError::Foreign { path, why },
            Fault::At(place, why) => LogError::Broken { path, place, why },
        }
    }
}

fn form(start: &[u8]) -> Form {
    let start = start.strip_prefix(BYTE_ORDER_MARK).unwrap_or(start).trim_ascii_start();
    if start.first() == Some(&b'<') { Form::Xml } else { Form::Csv }
}

/// A result by its texts. A code that is no status means that no answer came (JMeter writes `Non HTTP response code: ...`).
fn row(stamp: &str, elapsed: &str, code: &str, message: &str) -> Row {
    if message.starts_with(SUM) {
        return Row::Sum;
    }
    let (Ok(sent), Ok(elapsed)) = (stamp.trim().parse::<u64>(), elapsed.trim().parse::<u64>()) else {
        return Row::Unreadable(format!("`{}`, `{}` are no milliseconds", shown(stamp), shown(elapsed)));
    };
    let Ok(code) = code.trim().parse::<u16>() else { return Row::Unanswered };
    let sent = Duration::from_millis(sent.min(LATEST_MILLIS));
    let done = sent + Duration::from_millis(elapsed.min(LATEST_MILLIS));
    Row::Result(Sample { sent, done, is_refused: REFUSALS.contains(&code) })
}

fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(40).collect()
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How JMeter marks the row of a transaction (`Number of samples in transaction : 3, ...`).
const SUM: &str = "Number of samples in transaction";
/// What platforms refuse with for a limit. A log has no Retry-After, which would tell an overload from an outage.
const REFUSALS: [u16; 2] = [429, 503];
/// The year 5138: no clock says so, and sums of it do not overflow.
const LATEST_MILLIS: u64 = 100_000_000_000_000;

#[cfg(test)]
mod tests;
