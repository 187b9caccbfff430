//! A strict reader of Prometheus' text format, version 0.0.4: what a careful scraper would refuse, it refuses.

use std::collections::{BTreeMap, BTreeSet};

/// All samples by name and labels, such as `a_total{b="c"}`.
pub(crate) type Samples = BTreeMap<String, f64>;

/// A label's name and value.
type Label = (String, String);
type Labels = Vec<Label>;

/// One family, as it is read.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    has_samples: bool,
}

/// Reads a page.
///
/// # Errors
/// What is wrong with it, and in which line.
pub(crate) fn read(text: &str) -> Result<Samples, String> {
    let mut samples = Samples::new();
    let mut seen = BTreeSet::new();
    let mut family = Family::default();
    let ended = text.strip_suffix('\n').ok_or("the last line has no end")?;
    for line in ended.split('\n') {
        let wrong = |what: &str| format!("{what}: {line:?}");
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, told) = help.split_once(' ').ok_or_else(|| wrong("help without a text"))?;
            let is_sentence = told.ends_with('.') && told.trim() == told;
            if !is_name(name) || !is_sentence || !seen.insert(name.to_owned()) {
                return Err(wrong("no help, or a second one"));
            }
            family = Family { name: name.to_owned(), ..Family::default() };
        } else if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').ok_or_else(|| wrong("a type without a kind"))?;
            let is_kind = ["counter", "gauge", "histogram"].contains(&kind);
            if name != family.name || !family.kind.is_empty() || family.has_samples || !is_kind {
                return Err(wrong("a type out of its place"));
            }
            kind.clone_into(&mut family.kind);
        } else {
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("no sample"))?;
            if !family.has(name, &labels, value) {
                return Err(wrong("a sample that is none of its family"));
            }
            family.has_samples = true;
            let key = line.rsplit_once(' ').expect("a sample has a value").0;
            if samples.insert(key.to_owned(), value).is_some() {
                return Err(wrong("twice the same"));
            }
        }
    }
    histograms(&samples)?;
    Ok(samples)
}

impl Family {
    fn has(&self, name: &str, labels: &[Label], value: f64) -> bool {
        let is_bucket = labels.iter().any(|(name, _)| name == "le");
        let is_count = value >= 0.0 && value.fract() == 0.0;
        match self.kind.as_str() {
            "counter" => name == self.name && name.ends_with("_total") && is_count && !is_bucket,
            "gauge" => name == self.name && !name.ends_with("_total") && !is_bucket,
            "histogram" => match name.strip_prefix(self.name.as_str()) {
                Some("_bucket") => is_bucket && is_count,
                Some("_count") => !is_bucket && is_count,
                Some("_sum") => !is_bucket && value >= 0.0,
                _ => false,
            },
            _ => false,
        }
    }
}

/// Buckets only grow, and the last one is the count.
fn histograms(samples: &Samples) -> Result<(), String> {
    for (key, count) in samples.iter().filter(|(key, _)| key.ends_with("_count")) {
        let buckets = key.replace("_count", "_bucket{le=\"");
        let mut counted: Vec<(f64, f64)> = Vec::new();
        for (key, value) in samples.iter().filter(|(key, _)| key.starts_with(&buckets)) {
            let bound = key[buckets.len()..].trim_end_matches("\"}");
            counted.push((number(bound).ok_or("no bound")?, *value));
        }
        counted.sort_by(|a, b| a.partial_cmp(b).expect("bounds are numbers"));
        let (last, all) = counted.last().ok_or("no buckets")?;
        if !last.is_infinite() || all != count || !counted.is_sorted_by(|a, b| a.1 <= b.1) {
            return Err(format!("{key}: {counted:?}"));
        }
    }
    Ok(())
}

/// A line's name, labels and value.
fn sample(line: &str) -> Option<(&str, Labels, f64)> {
    let (name, rest) = line.split_at(line.find(['{', ' '])?);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = number(rest.strip_prefix(' ')?)?;
    is_name(name).then_some((name, labels, value))
}

/// Labels up to their closing brace, each known once, and what comes after it.
fn labels(mut rest: &str) -> Option<(Labels, &str)> {
    let mut labels = Labels::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        if !is_name(name) || name.contains(':') || labels.iter().any(|(known, _)| known == name) {
            return None;
        }
        labels.push((name.to_owned(), value));
        match after.split_at_checked(1)? {
            (",", after) => rest = after,
            ("}", after) => return Some((labels, after)),
            _ => return None,
        }
    }
}

/// A label's value up to its closing quote.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                _ => return None,
            },
            _ => value.push(letter),
        }
    }
    None
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        _ if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphabetic() || "_:".contains(letter);
    name.starts_with(is_letter) && name.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
}

#[test]
fn the_reader_takes_what_is_right_and_refuses_what_is_not() {
    let head = "# HELP a_total A.\n# TYPE a_total counter\n";
    let right = read(&format!("{head}a_total{{b=\"c\\\"\\\\\\n\",d=\"\"}} 3\n")).unwrap();
    assert_eq!(right.into_values().collect::<Vec<_>>(), [3.0]);
    let wrong = [
        "a_total 3\n",
        &format!("{head}a_total 3"),
        &format!("{head}a_total -1\n"),
        &format!("{head}a_total 1\na_total 2\n"),
        &format!("{head}b_total 1\n"),
        &format!("{head}a_total{{b=\"c\"d\"\"}} 1\n"),
        &format!("{head}a_total{{b=\"c}} 1\n"),
        &format!("{head}a_total{{b=\"\\t\"}} 1\n"),
        &format!("{head}a_total  1\n"),
        &format!("{head}a_total 1 \n"),
        &format!("{head}\n"),
        &format!("{head}{head}"),
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 1\n",
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_sum 1\na_count 2\n",
    ];
    for text in wrong {
        assert!(read(text).is_err(), "{text}");
    }
}
