//! The numbers that the scripts draw, as compact JSON that is safe inside a script element.

use serde::Serialize;

use super::strategies::is_ours;
use crate::lab::outcome::{BatchPoint, Judged, Outcome};
use crate::printable::Printable;

/// What the charts show.
#[derive(Serialize)]
pub(super) struct Charted {
    limit_per_s: Option<f64>,
    strategies: Vec<Line>,
    batches: Vec<Point>,
}

impl Charted {
    /// What the charts show of `outcome`.
    pub(super) fn of(outcome: &Outcome) -> Self {
        Self {
            limit_per_s: outcome.scenario.limit_per_s.filter(|limit| limit.is_finite()),
            strategies: outcome.strategies.iter().map(Line::of).collect(),
            batches: outcome.batches.iter().map(Point::of).collect(),
        }
    }

    /// As JSON in which nothing ends or opens an element, or a line of a script.
    pub(super) fn as_json(&self) -> String {
        let json =
            serde_json::to_string(self).expect("these are numbers, lists and texts: all of them are JSON");
        // `<` stands only inside texts, where its escape means the same.
        json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    }
}

/// A strategy, in every chart.
#[derive(Serialize)]
struct Line {
    name: String,
    ours: bool,
    rank: Option<u32>,
    marks: Vec<String>,
    finish_s: Option<f64>,
    peak: Option<f64>,
    bin_ms: u32,
    offered: Vec<u32>,
    admitted: Vec<u32>,
    refused: Vec<u32>,
    percentiles: Vec<(f64, f64)>,
}

impl Line {
    fn of(judged: &Judged) -> Self {
        let series = &judged.series;
        let is_whole = |(percentile, seconds): &(f64, f64)| percentile.is_finite() && seconds.is_finite();
        Self {
            name: Printable::whole(&judged.name).to_string(),
            ours: is_ours(&judged.name),
            rank: judged.rank,
            marks: judged.marks.iter().map(|mark| Printable::whole(mark).to_string()).collect(),
            finish_s: short(judged.measures.finish_s.mean),
            peak: short(judged.measures.peak_per_100ms.mean),
            bin_ms: series.bin_ms.max(1),
            offered: series.offered.clone(),
            admitted: series.admitted.clone(),
            refused: series.refused.clone(),
            percentiles: judged
                .percentiles
                .iter()
                .copied()
                .filter(is_whole)
                .map(|(percentile, seconds)| (percentile, (seconds * 1e4).round() / 1e4))
                .collect(),
        }
    }
}

/// How long a batch size took: batch, mean, lower and upper end in seconds.
#[derive(Serialize)]
struct Point(u32, Option<f64>, Option<f64>, Option<f64>);

impl Point {
    fn of(point: &BatchPoint) -> Self {
        let finish = &point.measures.finish_s;
        Self(point.batch, short(finish.mean), short(finish.low), short(finish.high))
    }
}

/// A number to the thousandth: no chart shows more. None where it is none.
fn short(number: f64) -> Option<f64> {
    number.is_finite().then(|| (number * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::outcome::{Measures, Series};

    fn named(name: &str) -> Charted {
        let judged = Judged {
            name: name.to_owned(),
            about: String::new(),
            source: String::new(),
            rank: None,
            marks: vec![],
            measures: Measures {
                finish_s: crate::lab::outcome::Estimate { mean: f64::NAN, low: 0.0, high: 0.0 },
                ..Measures::default()
            },
            series: Series::default(),
            percentiles: vec![(50.0, f64::INFINITY), (99.0, 0.123_456)],
        };
        Charted { limit_per_s: None, strategies: vec![Line::of(&judged)], batches: vec![] }
    }

    #[test]
    fn no_name_ends_or_opens_an_element() {
        for name in
            ["</script><script>a()", "<!--", "a\u{2028}b\u{2029}c", "\"quoted\" \\ 'too'", "\u{202e}turned"]
        {
            let json = named(name).as_json();
            assert!(!json.contains(['<', '\u{2028}', '\u{2029}', '\u{202e}']), "{json}");
            let read: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(read["strategies"][0]["name"], Printable::whole(name).to_string());
        }
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        let read: serde_json::Value = serde_json::from_str(&named("a").as_json()).unwrap();
        assert_eq!(read["strategies"][0]["finish_s"], serde_json::Value::Null);
        assert_eq!(read["strategies"][0]["percentiles"], serde_json::json!([[99.0, 0.1235]]));
    }
}
