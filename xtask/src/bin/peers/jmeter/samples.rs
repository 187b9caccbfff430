//! What JMeter writes of its samples, without the fields that may hold commas.

use std::collections::BTreeMap;
use std::time::Duration;

/// The samples of a run.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    /// Those that JMeter calls failed.
    pub(crate) errors: u64,
    /// How long each took, in milliseconds, the quickest first.
    elapsed: Vec<u64>,
    by_status: BTreeMap<String, u64>,
    /// When the first began and the last ended, in milliseconds.
    from_to: Option<(u64, u64)>,
}

impl Samples {
    /// Reads lines of a header's fields; nothing where one of the four that count is missing.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next()?.split(',').collect();
        let column = |name: &str| header.iter().position(|field| *field == name);
        let columns = [column("timeStamp")?, column("elapsed")?, column("responseCode")?, column("success")?];
        let mut samples = Self::default();
        for line in lines {
            let fields: Vec<&str> = line.split(',').collect();
            let [start, elapsed, status, success] = columns.map(|column| fields.get(column).copied());
            samples.add(start?.parse().ok()?, elapsed?.parse().ok()?, status?, success? == "true");
        }
        samples.elapsed.sort_unstable();
        Some(samples)
    }

    fn add(&mut self, start: u64, elapsed: u64, status: &str, success: bool) {
        let (first, last) = self.from_to.unwrap_or((start, start));
        self.from_to = Some((first.min(start), last.max(start + elapsed)));
        self.elapsed.push(elapsed);
        self.errors += u64::from(!success);
        // A call that was not answered has a class of Java there.
        let status = status.rsplit('.').next().unwrap_or(status);
        *self.by_status.entry(status.to_owned()).or_default() += 1;
    }

    pub(crate) const fn count(&self) -> usize {
        self.elapsed.len()
    }

    /// From the first sample's start to the last one's end.
    pub(crate) fn span(&self) -> Duration {
        Duration::from_millis(self.from_to.map_or(0, |(first, last)| last - first))
    }

    /// How many milliseconds this share of the samples, in percent, took at most.
    pub(crate) fn percentile(&self, percent: usize) -> u64 {
        let index = self.elapsed.len() * percent / 100;
        self.elapsed.get(index).or(self.elapsed.last()).copied().unwrap_or_default()
    }

    /// Each status, or what Java calls the failure, with how often it came.
    pub(crate) fn statuses(&self) -> String {
        let words: Vec<String> =
            self.by_status.iter().map(|(status, count)| format!("{count} x {status}")).collect();
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "timeStamp,elapsed,responseCode,dataType,success\n\
                        1000,500,201,text,true\n\
                        1100,5,429,text,false\n\
                        1900,900,Non HTTP response code: java.net.SocketException,text,false\n";

    #[test]
    fn samples_are_counted_by_status_and_failure() {
        let samples = Samples::read(TEXT).unwrap();
        assert_eq!((samples.count(), samples.errors), (3, 2));
        assert_eq!(samples.statuses(), "1 x 201, 1 x 429, 1 x SocketException");
        assert_eq!(samples.span(), Duration::from_millis(1_800));
        assert_eq!((samples.percentile(0), samples.percentile(50), samples.percentile(99)), (5, 500, 900));
    }

    #[test]
    fn without_the_fields_that_count_there_are_no_samples() {
        assert!(Samples::read("").is_none());
        assert!(Samples::read("timeStamp,elapsed\n1,2\n").is_none());
        assert_eq!(Samples::read("timeStamp,elapsed,responseCode,success\n").unwrap().percentile(50), 0);
    }
}
