//! Numbers as people compare them: three figures, a comma between thousands, and the interval beside the mean.

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

/// A cell that holds an estimate: the mean to sort by, and below it the interval if it has a width.
pub(super) fn estimate_cell(estimate: &Estimate) -> String {
    let mean = figure(estimate.mean);
    format!("<td data-value=\"{}\">{mean}{}</td>", sortable(estimate.mean), interval(estimate))
}

/// A cell that holds a number.
pub(super) fn number_cell(number: f64) -> String {
    format!("<td data-value=\"{}\">{}</td>", sortable(number), figure(number))
}

/// The interval in small; nothing where all seeds agree.
pub(super) fn interval(estimate: &Estimate) -> String {
    let (low, high) = (figure(estimate.low), figure(estimate.high));
    if low == high { String::new() } else { format!("<small>{low}–{high}</small>") }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_three_figures_or_its_thousands() {
        let shown = [0.0, 0.0042, 0.5, 1.234, 12.345, 99.96, 1_234_567.8, -1_234.0].map(figure);
        assert_eq!(shown, ["0", "0.004", "0.5", "1.23", "12.3", "100", "1,234,568", "-1,234"]);
    }

    #[test]
    fn what_is_no_number_is_a_dash_and_sorts_as_nothing() {
        assert_eq!(number_cell(f64::NAN), "<td data-value=\"\">–</td>");
        assert_eq!(number_cell(f64::INFINITY), "<td data-value=\"\">–</td>");
    }

    #[test]
    fn an_interval_is_shown_where_it_has_a_width() {
        let same = Estimate { mean: 2.0, low: 2.0, high: 2.0 };
        assert_eq!(estimate_cell(&same), "<td data-value=\"2\">2</td>");
        let wide = Estimate { mean: 2.0, low: 1.5, high: 2.5 };
        assert_eq!(estimate_cell(&wide), "<td data-value=\"2\">2<small>1.5–2.5</small></td>");
    }
}
