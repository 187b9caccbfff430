//! The smaller tables: batch sizes, searched settings, virtual beside real runs, keep-alive intervals.

use std::io::{self, Write};

use super::figure::{estimate_cell, number_cell};
use crate::lab::outcome::{BatchPoint, Brief, Compared, KeptAlive, Searched};
use crate::page::Escaped;

/// The numbers behind the chart of batch sizes.
pub(super) fn batches(points: &[BatchPoint], out: &mut dyn Write) -> io::Result<()> {
    let rows = points.iter().map(|point| {
        let measures = &point.measures;
        let cells = [&measures.finish_s, &measures.p99_s, &measures.waste_per_1000, &measures.not_delivered];
        format!("<tr>{}{}", number_cell(f64::from(point.batch)), cells.map(estimate_cell).concat())
    });
    let heads = ["Records in a call", "Finish, s", "p99, s", "Waste per 1,000", "Not delivered"];
    writeln!(out, "<details><summary>As a table</summary>")?;
    table("Batch sizes", &heads, rows, out)?;
    writeln!(out, "</details>")
}

/// Paceline's settings that were tried.
pub(super) fn search(searched: &[Searched], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"search\"><h2>Paceline's settings</h2>")?;
    if searched.is_empty() {
        return writeln!(out, "<p class=\"note\">No settings were searched.</p></section>");
    }
    writeln!(
        out,
        "<p class=\"lead\">The best first. Settings with the mark <span class=\"tie\">ties</span> could as well \
         be the best: the difference is within the noise of the seeds.</p>"
    )?;
    let heads = [
        "Records in a call",
        "Most in flight",
        "Margin, %",
        "Score, s",
        "Finish, s",
        "p99, s",
        "Waste per 1,000",
        "",
    ];
    table("Searched settings", &heads, searched.iter().map(searched_row), out)?;
    writeln!(out, "</section>")
}

/// Virtual runs beside real ones; nothing where there are none.
pub(super) fn virtual_and_real(compared: &[Compared], out: &mut dyn Write) -> io::Result<()> {
    if compared.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"real\"><h2>Virtual and real</h2><p class=\"lead\">The same scenario in virtual time, the \
         mean of the seeds, and over sockets, once.</p>"
    )?;
    let rows = compared.iter().flat_map(|pair| {
        let name = Escaped::whole(&pair.name);
        [("virtual", &pair.virtual_run), ("real", &pair.real_run)].map(|(kind, run)| {
            format!(
                "<tr class=\"{kind}\"><th scope=\"row\"><bdi>{name}</bdi></th><td>{kind}</td>{}",
                brief(run)
            )
        })
    });
    table("Virtual and real runs", &[&["Strategy", "Run"], &BRIEF[..]].concat(), rows, out)?;
    writeln!(out, "</section>")
}

/// What keep-alive intervals changed; nothing where it was not asked for.
pub(super) fn keep_alive(kept: &[KeptAlive], out: &mut dyn Write) -> io::Result<()> {
    if kept.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section id=\"keep-alive\"><h2>Keep-alive</h2><p class=\"lead\">WebSockets that were held beside the \
         sync, by the seconds between two pings.</p>"
    )?;
    let rows = kept.iter().map(|kept| {
        let interval = kept
            .interval_s
            .map_or_else(|| "<td data-value=\"\">none</td>".to_owned(), |s| number_cell(s.into()));
        let counts =
            [f64::from(kept.held), f64::from(kept.lost), kept.pongs as f64].map(number_cell).concat();
        format!("<tr>{interval}{counts}{}", brief(&kept.run))
    });
    table(
        "Keep-alive intervals",
        &[&["Interval, s", "Held", "Lost", "Pongs"], &BRIEF[..]].concat(),
        rows,
        out,
    )?;
    writeln!(out, "</section>")
}

fn searched_row(searched: &Searched) -> String {
    let settings = &searched.settings;
    let counts = [settings.batch, settings.workers].map(|count| number_cell(count.into())).concat();
    let margin = settings
        .margin_percent
        .map_or_else(|| "<td data-value=\"\">learned</td>".to_owned(), |percent| number_cell(percent.into()));
    let measures = &searched.measures;
    let cells = [&measures.score_s, &measures.finish_s, &measures.p99_s, &measures.waste_per_1000];
    let class = if searched.marks.is_empty() { "" } else { " class=\"marked\"" };
    let tie = if searched.ties_with_best { "<span class=\"tie\">ties</span>" } else { "" };
    let marks: String = searched
        .marks
        .iter()
        .map(|mark| format!("<span class=\"mark\">{}</span>", Escaped::whole(mark)))
        .collect();
    format!(
        "<tr{class}>{counts}{margin}{}<td class=\"text\">{tie}{marks}</td>",
        cells.map(estimate_cell).concat()
    )
}

fn brief(run: &Brief) -> String {
    [
        run.delivered as f64,
        run.finish_s,
        run.goodput_ratio,
        run.waste_per_1000,
        run.early_returns as f64,
        run.connections as f64,
    ]
    .map(number_cell)
    .concat()
}

/// A table that scrolls by itself where it is too wide or too long. `rows` begin with `<tr>`, which they leave open.
fn table(
    name: &str,
    heads: &[&str],
    rows: impl Iterator<Item = String>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"scroll tall\" tabindex=\"0\" role=\"region\" aria-label=\"{name}\"><table class=\"sortable\"><thead><tr>"
    )?;
    for head in heads {
        writeln!(out, "<th scope=\"col\">{head}</th>")?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows {
        writeln!(out, "{row}</tr>")?;
    }
    writeln!(out, "</tbody></table></div>")
}

/// The heads of [`brief`].
const BRIEF: [&str; 6] =
    ["Delivered", "Finish, s", "Goodput ratio", "Waste per 1,000", "Early returns", "Connections"];
