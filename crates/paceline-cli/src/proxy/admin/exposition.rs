//! Prometheus' text format, version 0.0.4.

use std::fmt::Write as _;
use std::time::Duration;

use crate::proxy::histogram::{BOUNDS, Spans};

/// Metrics as text: families one after the other, each with its samples.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
    /// The family that samples belong to.
    name: &'static str,
}

/// A label's name and value; the value may be any text.
pub(super) type Label<'a> = (&'static str, &'a str);

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
}

impl Exposition {
    /// Begins a family; `help` is one line.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        self.name = name;
        self.line(format_args!("# HELP {PREFIX}{name} {help}"));
        self.line(format_args!("# TYPE {PREFIX}{name} {kind}"));
    }

    /// A sample of the family.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: f64) {
        let value = if value == f64::INFINITY { "+Inf".to_owned() } else { value.to_string() };
        let name = self.name;
        self.line(format_args!("{PREFIX}{name}{} {value}", Labels(labels)));
    }

    /// A count of the family; more digits than a float has are of no use to anybody.
    #[expect(clippy::cast_precision_loss, reason = "the format's numbers are floats")]
    pub(super) fn count(&mut self, labels: &[Label<'_>], count: u64) {
        self.sample(labels, count as f64);
    }

    /// A family of one sample without labels.
    pub(super) fn single(&mut self, name: &'static str, kind: Kind, help: &str, value: u64) {
        self.family(name, kind, help);
        self.count(&[], value);
    }

    /// A family that is one histogram of seconds.
    pub(super) fn histogram(&mut self, name: &'static str, help: &str, spans: &Spans) {
        self.family(name, Kind::Histogram, help);
        for (bound, count) in BOUNDS.iter().zip(spans.up_to) {
            self.line(format_args!("{PREFIX}{name}_bucket{{le=\"{}\"}} {count}", bound.as_secs_f64()));
        }
        self.line(format_args!("{PREFIX}{name}_bucket{{le=\"+Inf\"}} {}", spans.count));
        let sum = Duration::from_micros(spans.sum_micros).as_secs_f64();
        self.line(format_args!("{PREFIX}{name}_sum {sum}"));
        self.line(format_args!("{PREFIX}{name}_count {}", spans.count));
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{line}").expect("a text takes any text");
    }
}

struct Labels<'a>(&'a [Label<'a>]);

impl std::fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        for (place, (name, value)) in self.0.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            write!(f, "{before}{name}=\"{}\"", escaped(value))?;
        }
        f.write_str("}")
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', r"\\").replace('"', r#"\""#).replace('\n', r"\n")
}

const PREFIX: &str = "paceline_proxy_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_hold_any_text_on_one_line() {
        let mut text = Exposition::default();
        text.family("open", Kind::Gauge, "Whether it is.");
        text.sample(&[("kind", "tenant"), ("name", "a\"b\\c\nd{}=, é")], 0.5);
        let told = r#"# HELP paceline_proxy_open Whether it is.
# TYPE paceline_proxy_open gauge
paceline_proxy_open{kind="tenant",name="a\"b\\c\nd{}=, é"} 0.5
"#;
        assert_eq!(text.into_text(), told);
    }
}
