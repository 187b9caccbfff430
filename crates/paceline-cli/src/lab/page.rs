//! The outcome as one page: charts, sortable tables, light and dark, no network, readable on a phone.

mod charted;
mod figure;
mod side_tables;
mod strategies;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::outcome::{Outcome, Played};
use crate::page::{CHARTS_STYLE, COLOURS, Escaped, PLOT, SHEET, THEME, UPLOT, UPLOT_STYLE};
use charted::Charted;
use figure::figure;

/// Why a page is not there.
#[derive(Debug, thiserror::Error)]
#[error(
    "the page {} cannot be written: {cause}; check that its folder exists and can be written",
    path.display()
)]
pub struct PageError {
    /// Where it should be.
    pub path: PathBuf,
    /// Why it is not.
    pub cause: io::Error,
}

/// Writes the page to `path`: it is there whole, or what was there stays.
///
/// # Errors
/// When the file cannot be written.
pub fn save(path: &Path, outcome: &Outcome) -> Result<(), PageError> {
    crate::page::save(path, |out| write(outcome, out))
        .map_err(|cause| PageError { path: path.to_owned(), cause })
}

/// Writes the page. The same outcome gives the same page, byte for byte.
///
/// # Errors
/// What `out` says.
pub fn write(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let charted = Charted::of(outcome).as_json();
    let nonce = blake3::hash(&serde_json::to_vec(outcome)?).to_hex();
    head(&outcome.scenario.name, &nonce, out)?;
    title(outcome, out)?;
    answer(outcome, out)?;
    strategies::section(&outcome.strategies, out)?;
    if !outcome.strategies.is_empty() {
        write!(out, "{CHARTS}")?;
    }
    batches(outcome, out)?;
    side_tables::search(&outcome.search, out)?;
    side_tables::virtual_and_real(&outcome.real, out)?;
    side_tables::keep_alive(&outcome.keep_alive, out)?;
    reproduce(&outcome.scenario, out)?;
    writeln!(out, "</main>\n<script type=\"application/json\" id=\"charted\">{charted}</script>")?;
    for script in SCRIPTS {
        writeln!(out, "<script nonce=\"{nonce}\">{script}</script>")?;
    }
    writeln!(out, "</body></html>")
}

/// The policy lets in the styles, and the scripts that carry the page's own number. That number is a hash of all that the
/// page tells, so that no part of it can hold it: even what slipped through the escaping could do nothing.
fn head(name: &str, nonce: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'nonce-{nonce}'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{} · Paceline lab</title>",
        Escaped::whole(name)
    )?;
    for style in STYLES {
        writeln!(out, "<style>{style}</style>")?;
    }
    writeln!(out, "</head><body>")
}

fn title(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let played = &outcome.scenario;
    let (name, about) = (Escaped::whole(&played.name), Escaped::whole(&played.about));
    writeln!(
        out,
        "<main><header><p class=\"brand\"><b>Paceline</b> lab</p>\
         <button type=\"button\" id=\"theme\" class=\"needs-script\">Theme: system</button>\
         <h1><bdi>{name}</bdi></h1><p class=\"about\" dir=\"auto\">{about}</p>"
    )?;
    writeln!(out, "<ul class=\"facts\">")?;
    for (number, what) in facts(outcome) {
        writeln!(out, "<li><b>{number}</b> {what}</li>")?;
    }
    writeln!(
        out,
        "</ul><nav id=\"contents\" class=\"needs-script\" aria-label=\"Contents\"></nav><noscript><p class=\"note\">{NO_SCRIPT}</p></noscript></header>"
    )
}

/// What was played, as numbers and what they count.
fn facts(outcome: &Outcome) -> Vec<(String, &'static str)> {
    let played = &outcome.scenario;
    let count = |number: usize| figure(number as f64);
    let mut facts = vec![
        (count(outcome.strategies.len()), "strategies"),
        (figure(played.records as f64), "records"),
        (figure(f64::from(played.seeds)), if played.seeds == 1 { "seed" } else { "seeds each" }),
    ];
    facts.push(match played.limit_per_s {
        Some(limit) => (format!("{}/s", figure(limit)), "is the limit"),
        None => ("no".to_owned(), "limit on the rate"),
    });
    facts.extend(
        played.ideal_finish_s.map(|ideal| (format!("{} s", figure(ideal)), "is the best finish possible")),
    );
    facts
}

fn answer(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let answer = &outcome.answer;
    writeln!(out, "<section id=\"answer\"><h2>The answer</h2><dl class=\"answer\">")?;
    let sentences =
        [("Retries", &answer.retry), ("Batching", &answer.batching), ("Keep-alive", &answer.keep_alive)];
    for (about, sentence) in sentences {
        writeln!(out, "<div><dt>{about}</dt><dd dir=\"auto\">{}</dd></div>", Escaped::whole(sentence))?;
    }
    writeln!(out, "</dl></section>")
}

fn batches(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"batch-size\"><h2>Batch size</h2>")?;
    if outcome.batches.is_empty() {
        return writeln!(
            out,
            "<p class=\"note\">This platform has no bulk endpoint: every call carries one record.</p></section>"
        );
    }
    writeln!(out, "{BATCH_CHART}")?;
    side_tables::batches(&outcome.batches, out)?;
    writeln!(out, "</section>")
}

fn reproduce(played: &Played, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"reproduce\"><h2>Reproduce</h2>\
         <p>Save the scenario as <code>scenario.toml</code>, and play it again from seed {seed}: \
         the outcome is the same, byte for byte.</p>\
         <div class=\"copied\"><pre id=\"command\" tabindex=\"0\">paceline lab scenario.toml <span>--seed {seed}</span> <span>--seeds {seeds}</span></pre>\
         <button type=\"button\" class=\"needs-script\" data-copies=\"command\">Copy</button></div>\
         <div class=\"copied\"><pre id=\"scenario\" class=\"long\" tabindex=\"0\">{toml}</pre>\
         <button type=\"button\" class=\"needs-script\" data-copies=\"scenario\">Copy</button></div></section>",
        seed = played.seed,
        seeds = played.seeds,
        toml = Lines(&played.toml),
    )
}

/// A text of several lines, escaped line by line: the ends of the lines stay.
struct Lines<'a>(&'a str);

impl std::fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.lines().try_for_each(|line| writeln!(f, "{}", Escaped::whole(line)))
    }
}

const NO_SCRIPT: &str = "The charts need JavaScript. The tables are all here without it.";

/// The charts' places, which the scripts fill.
const CHARTS: &str = include_str!("page/charts.html");

const BATCH_CHART: &str = "<p class=\"lead\">How long until the last record is through, by records in a call. \
The whiskers are the 95 % interval.</p><figure id=\"batches\" class=\"chart needs-script\"></figure>";

const STYLES: [&str; 4] = [UPLOT_STYLE, COLOURS, SHEET, CHARTS_STYLE];

/// In the order in which they need one another.
const SCRIPTS: [&str; 12] = [
    UPLOT,
    THEME,
    PLOT,
    include_str!("page/contents.js"),
    include_str!("page/table.js"),
    include_str!("page/chart.js"),
    include_str!("page/rate.js"),
    include_str!("page/herd.js"),
    include_str!("page/choice.js"),
    include_str!("page/percentiles.js"),
    include_str!("page/batches.js"),
    include_str!("page/copy.js"),
];
