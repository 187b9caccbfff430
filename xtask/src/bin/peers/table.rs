//! The table of the peers: medians, ratios, and the floors beside them, which are shown and fail nothing.

use std::fmt::Write;

use crate::cost::{FEW, MANY, Sample};
use crate::paceline::number;
use crate::steady::RATE;

/// Prints the samples of Paceline, nginx and HAProxy.
#[expect(clippy::print_stdout, reason = "a table for people")]
pub(crate) fn print(samples: &[Vec<Sample>; 3]) {
    print!("{}", text(samples));
}

fn text(samples: &[Vec<Sample>; 3]) -> String {
    let mut text = format!(
        "| median of {} rounds | Paceline | nginx | HAProxy | to nginx | to HAProxy | asked for |\n",
        samples[0].len()
    );
    text += "| --- | ---: | ---: | ---: | ---: | ---: | --- |\n";
    for row in rows() {
        let [paceline, nginx, haproxy] = samples.each_ref().map(|samples| median(samples, row.figure));
        let digits = row.digits;
        let _ = writeln!(
            text,
            "| {} | {paceline:.digits$} | {nginx:.digits$} | {haproxy:.digits$} | {} | {} | {} |",
            row.name,
            ratio(paceline, nginx),
            ratio(paceline, haproxy),
            row.asked
        );
    }
    text
}

/// `-` where the other one needs too little to be measured.
fn ratio(ours: f64, other: f64) -> String {
    if other > 0.0 { format!("{:.2}", ours / other) } else { "-".to_owned() }
}

/// The middle one; of an even number, the lower of the two.
fn median(samples: &[Sample], figure: fn(&Sample) -> f64) -> f64 {
    let mut figures: Vec<f64> = samples.iter().map(figure).collect();
    figures.sort_unstable_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

struct Row {
    name: String,
    digits: usize,
    figure: fn(&Sample) -> f64,
    asked: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |name, digits, figure, asked| Row { name, digits, figure, asked };
    vec![
        row(format!("CPU a call at {FEW} connections, us"), 1, |s| 1e6 * s.few.cpu.as_secs_f64(), CPU),
        row(format!("CPU a call at {MANY} connections, us"), 1, |s| 1e6 * s.many.cpu.as_secs_f64(), CPU),
        row(format!("CPU a call at {RATE}/s, us"), 1, |s| 1e6 * s.steady_cpu.as_secs_f64(), CPU),
        row(format!("added p50 at {RATE}/s, ms"), 3, |s| 1e3 * s.added_p50.as_secs_f64(), ""),
        row(format!("added p99 at {RATE}/s, ms"), 3, |s| 1e3 * s.added_p99.as_secs_f64(), "below 1 ms"),
        row(format!("peak memory at {MANY} connections, MB"), 1, |s| number(s.peak_kib) * 1.024e-3, "80 MB"),
        row(format!("calls a second at {FEW} connections"), 0, |s| s.few.per_second, ""),
        row(format!("calls a second at {MANY} connections"), 0, |s| s.many.per_second, ""),
        row("calls that failed".to_owned(), 0, |s| number(s.few.failed + s.many.failed), "0"),
    ]
}

const CPU: &str = "1.2 x nginx, 1.3 x HAProxy";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_row_has_the_medians_of_the_three_and_our_ratio_to_the_others() {
        let rounds = |micros: [u64; 3]| {
            micros
                .map(|micros| Sample { steady_cpu: Duration::from_micros(micros), ..Sample::default() })
                .to_vec()
        };
        let text = text(&[rounds([30, 10, 20]), rounds([16, 1, 99]), rounds([0, 0, 0])]);
        assert!(text.contains("at 2000/s, us | 20.0 | 16.0 | 0.0 | 1.25 | - |"), "{text}");
        assert_eq!(text.lines().count(), 2 + rows().len());
    }
}
