//! Numbers as people compare them: three figures, a comma between thousands, and the interval beside the mean.

use std::fmt;

use crate::lab::outcome::Estimate;

/// A number with about three figures; a dash where it is none.
pub(super) fn figure(number: f64) -> String {
    let size = number.abs();
    match size {
        _ if !number.is_finite() => "–".to_owned(),
        _ if size >= 99.95 => with_commas(number),
        _ if size >= 9.995 => trimmed(format!("{number:.1}")),
        _ if size >= 0.0995 || size == 0.0 => trimmed(format!("{number:.2}")),
        _ => trimmed(format!("{number:.3}")),
    }
}

/// A cell of a table that holds an estimate: the mean to sort by, and below it the interval if it has a width.
pub(super) struct Cell<'a>(pub(super) &'a Estimate);

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<td class=\"number\" data-value=\"{}\">{self:#}</td>", sortable(self.0.mean))
    }
}

impl fmt::LowerExp for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number as an attribute that scripts sort by: empty where it is none.
pub(super) fn sortable(number: f64) -> String {
    if number.is_finite() { number.to_string() } else { String::new() }
}

fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits.as_str()), |digits| ("-", digits));
    let mut text = sign.to_owned();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn trimmed(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
