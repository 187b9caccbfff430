//! The outcome for a terminal.

use std::fmt::Write as _;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::outcome::{Compared, Estimate, Judged, KeptAlive, Outcome, Searched, Settings};
use super::real::Agreement;

/// The tables and the answer as text.
#[must_use]
pub fn told(outcome: &Outcome) -> String {
    let played = &outcome.scenario;
    let ideal = played.ideal_finish_s.map_or_else(String::new, |ideal| format!(", {ideal:.1} s at best"));
    let mut text = format!(
        "{}: {}\n{} records, seeds {} to {}{ideal}\n\n",
        played.name,
        played.about,
        played.records,
        played.seed,
        played.seed + u64::from(played.seeds.saturating_sub(1)),
    );
    let _ = writeln!(text, "{}\n{SCORE}", strategies(&outcome.strategies));
    if !outcome.search.is_empty() {
        let _ = writeln!(text, "\nPaceline's settings, the best first:\n{}", searched(&outcome.search));
    }
    if !outcome.real.is_empty() {
        let _ = writeln!(text, "\nIn virtual time and over sockets:\n{}", compared(&outcome.real));
    }
    if !outcome.keep_alive.is_empty() {
        let _ = writeln!(text, "\nA sync beside WebSockets:\n{}", kept_alive(&outcome.keep_alive));
    }
    let answer = &outcome.answer;
    let _ = writeln!(text, "\n{}\n{}\n{}", answer.retry, answer.batching, answer.keep_alive);
    text
}

fn strategies(judged: &[Judged]) -> Table {
    let mut table = table(&[
        "",
        "strategy",
        "score",
        "finish",
        "of limit",
        "refused/1,000",
        "early",
        "bans",
        "p50",
        "p99",
        "left",
        "",
    ]);
    for judged in judged {
        let measures = &judged.measures;
        table.add_row(vec![
            judged.rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string()),
            judged.name.clone(),
            spread(measures.score_s, 1),
            format!("{:.1} s", measures.finish_s.mean),
            format!("{:.1} %", 100.0 * measures.goodput_ratio.mean),
            format!("{:.1}", measures.waste_per_1000.mean),
            format!("{:.0}", measures.early_returns.mean),
            format!("{:.0}", measures.bans_earned.mean),
            format!("{:.1} s", measures.p50_s.mean),
            format!("{:.1} s", measures.p99_s.mean),
            format!("{:.0}", measures.not_delivered.mean),
            if judged.rank.is_some() { String::new() } else { "broke a law".to_owned() },
        ]);
    }
    table
}

fn searched(searched: &[Searched]) -> Table {
    let mut table = table(&["batch", "workers", "limit", "score", "finish", "refused/1,000", ""]);
    for (place, candidate) in searched.iter().enumerate() {
        let Settings { batch, workers, margin_percent } = candidate.settings;
        let measures = &candidate.measures;
        table.add_row(vec![
            batch.to_string(),
            workers.to_string(),
            margin_percent.map_or_else(|| "learned".to_owned(), |margin| format!("known - {margin} %")),
            spread(measures.score_s, 1),
            format!("{:.1} s", measures.finish_s.mean),
            format!("{:.1}", measures.waste_per_1000.mean),
            candidate.marks.first().cloned().unwrap_or_else(|| tie(candidate, place == 0)),
        ]);
    }
    table
}

fn tie(candidate: &Searched, is_best: bool) -> String {
    match (is_best, candidate.ties_with_best) {
        (true, _) => "best".to_owned(),
        (false, true) => "as good".to_owned(),
        (false, false) => String::new(),
    }
}

fn compared(compared: &[Compared]) -> Table {
    let mut table = table(&["strategy", "", "finish", "of limit", "refused/1,000", "early", "delivered", ""]);
    for compared in compared {
        let agreement = Agreement::of(compared);
        for (place, run) in [("virtual", &compared.virtual_run), ("real", &compared.real_run)] {
            table.add_row(vec![
                compared.name.clone(),
                place.to_owned(),
                format!("{:.1} s", run.finish_s),
                format!("{:.1} %", 100.0 * run.goodput_ratio),
                format!("{:.1}", run.waste_per_1000),
                run.early_returns.to_string(),
                run.delivered.to_string(),
                if place == "real" { agreed(agreement).to_owned() } else { String::new() },
            ]);
        }
    }
    table
}

const fn agreed(agreement: Agreement) -> &'static str {
    match (agreement.on_goodput, agreement.on_waste) {
        (true, true) => "agrees",
        (true, false) => "differs in refusals",
        (false, true) => "differs in goodput",
        (false, false) => "differs",
    }
}

fn kept_alive(kept: &[KeptAlive]) -> Table {
    let mut table =
        table(&["pings", "held", "lost", "pongs", "finish", "of limit", "refused/1,000", "early"]);
    for kept in kept {
        table.add_row(vec![
            kept.interval_s.map_or_else(|| "none".to_owned(), |seconds| format!("every {seconds} s")),
            kept.held.to_string(),
            kept.lost.to_string(),
            kept.pongs.to_string(),
            format!("{:.1} s", kept.run.finish_s),
            format!("{:.1} %", 100.0 * kept.run.goodput_ratio),
            format!("{:.1}", kept.run.waste_per_1000),
            kept.run.early_returns.to_string(),
        ]);
    }
    table
}

/// Columns of numbers stand flush right, names flush left.
fn table(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings.to_vec());
    for (column, heading) in table.column_iter_mut().zip(headings) {
        let is_text = heading.is_empty() || NAMES.contains(heading);
        column.set_cell_alignment(if is_text { CellAlignment::Left } else { CellAlignment::Right });
        column.set_padding((0, 2));
    }
    table
}

/// A mean, and half the width of its interval.
fn spread(estimate: Estimate, decimals: usize) -> String {
    let half = estimate.high - estimate.mean;
    format!("{:.decimals$} ± {half:.decimals$}", estimate.mean)
}

/// Columns of text.
const NAMES: [&str; 3] = ["strategy", "limit", "pings"];
const SCORE: &str = "\nscore: finish + p99 of the time to success + 10 ms for each refused call, in seconds; ± is the \
     95 % interval of the mean.\nWho cannot be told apart shares a rank; who breaks a law has none: a call before a wait \
     was over, a record lost, doubled or given up.";
