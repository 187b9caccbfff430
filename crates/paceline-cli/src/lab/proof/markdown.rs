//! The proof as two tables.

use std::fmt::Write;

use super::figures::{Figures, Summary};
use super::floor::{Floor, Miss};
use super::play::{Proof, Tried};

impl Proof {
    /// Both tables as Markdown, and below the first what it misses.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = self.told();
        if !self.strategies.is_empty() {
            let _ = write!(text, "\n### Everybody, {} seeds\n\n", self.strategy_seeds);
            text.push_str(&self.everybody());
        }
        text
    }

    /// Paceline's table, and what it misses.
    fn told(&self) -> String {
        let mut text = format!("### Paceline, {} seeds\n\n", self.seeds);
        text.push_str("| limiter | asked | cold | warm, asked | warm | early | bans | |\n");
        text.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
        for tried in &self.rows {
            text.push_str(&row(tried));
        }
        let missed: Vec<&Tried> = self.rows.iter().filter(|tried| !tried.misses.is_empty()).collect();
        if missed.is_empty() {
            text.push_str("\nEvery row holds.\n");
            return text;
        }
        let _ = write!(text, "\n{} of {} rows miss their floor:\n\n", missed.len(), self.rows.len());
        for tried in missed {
            let misses: Vec<String> = tried.misses.iter().map(Miss::to_string).collect();
            let _ = writeln!(text, "- {}: {}", tried.row.title, misses.join("; "));
        }
        text
    }

    fn everybody(&self) -> String {
        let mut text = format!("| limiter | {} |\n", self.strategies.join(" | "));
        text.push_str(&format!("| --- |{}\n", " ---: |".repeat(self.strategies.len())));
        for (tried, summaries) in self.rows.iter().zip(&self.table).filter(|(_, row)| !row.is_empty()) {
            let cells: Vec<String> = summaries.iter().map(cell).collect();
            let _ = writeln!(text, "| {} | {} |", tried.row.title, cells.join(" | "));
        }
        text
    }
}

fn row(tried: &Tried) -> String {
    let Tried { row, misses, cold, warm } = tried;
    if misses.contains(&Miss::Absent) {
        return format!(
            "| {} | {} | | {} | | | | not played |\n",
            row.title,
            asked(row.cold),
            asked(row.warm)
        );
    }
    let both = |count: fn(&Figures) -> u64| count(&cold.worst) + count(&warm.worst);
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} |\n",
        row.title,
        asked(row.cold),
        figures(cold),
        asked(row.warm),
        figures(warm),
        both(|figures| figures.early_returns),
        both(|figures| figures.bans),
        if misses.is_empty() { "" } else { "missed" },
    )
}

fn asked(floor: Option<Floor>) -> String {
    floor.map_or_else(String::new, |Floor { ratio, refusals }| format!("{ratio} / {refusals}"))
}

/// Median and, in brackets, worst: of the goodput ratio, then of refusals per 1,000.
fn figures(Summary { median, worst }: &Summary) -> String {
    format!("{:.3} ({:.3}) / {:.2} ({:.2})", median.ratio, worst.ratio, median.refusals, worst.refusals)
}

/// Medians, and the early returns of all seeds. Who did not deliver everything is marked.
fn cell(Summary { median, .. }: &Summary) -> String {
    let mark = if median.failed > 0 { " †" } else { "" };
    let refusals = if median.refusals < 9.95 {
        format!("{:.1}", median.refusals)
    } else {
        format!("{:.0}", median.refusals)
    };
    format!("{:.2} / {refusals} / {}{mark}", median.ratio, median.early_returns)
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn summary(ratio: f64, refusals: f64, early_returns: u64) -> Summary {
        let figures = Figures { ratio, refusals, early_returns, bans: 0, failed: early_returns };
        Summary {
            median: figures,
            worst: Figures { ratio: ratio - 0.01, refusals: refusals + 1.0, ..figures },
        }
    }

    #[test]
    fn the_tables_say_what_is_asked_what_is_and_what_is_missed() {
        let tried = |place: usize, cold: Summary, warm: Summary, misses| Tried {
            row: ROWS[place],
            misses,
            cold,
            warm,
        };
        let good = summary(0.998, 0.3, 0);
        let proof = Proof {
            rows: vec![
                tried(0, good, good, Vec::new()),
                tried(5, summary(0.9, 0.3, 0), good, vec![Miss::Ratio(0.9, 0.94), Miss::Early(2)]),
                tried(10, Summary::default(), Summary::default(), vec![Miss::Absent]),
                tried(15, good, good, Vec::new()),
            ],
            strategies: vec!["forum", "paceline"],
            table: vec![
                vec![summary(1.0, 2_642.0, 9), good],
                vec![summary(1.0, 417.0, 3), good],
                Vec::new(),
                vec![summary(0.5, 12.0, 0), good],
            ],
            seeds: 20,
            strategy_seeds: 3,
        };
        insta::assert_snapshot!(proof.markdown());
    }
}
