//! The table of strategies: it is all there without scripts, which only sort it.

use std::io::{self, Write};

use super::figure::{estimate_cell, figure, interval, sortable};
use crate::lab::outcome::{Estimate, Judged, Measures};
use crate::page::Escaped;

/// Writes the section with the table.
pub(super) fn section(strategies: &[Judged], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"strategies\"><h2>Strategies</h2><p class=\"lead\">{LEAD}</p>")?;
    if strategies.is_empty() {
        return writeln!(out, "<p class=\"note\">No strategy was played.</p></section>");
    }
    writeln!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Strategies\"><table class=\"sortable strategies\"><thead><tr>"
    )?;
    heads(out)?;
    writeln!(out, "</tr></thead><tbody>")?;
    let longest = longest_score(strategies);
    strategies.iter().try_for_each(|judged| row(judged, longest, out))?;
    writeln!(out, "</tbody></table></div>")?;
    explanations(strategies, out)?;
    writeln!(out, "</section>")
}

/// Whether a strategy is Paceline itself, in whatever settings.
pub(super) fn is_ours(name: &str) -> bool {
    name == OURS || name.strip_prefix(OURS).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

fn heads(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<th scope=\"col\" aria-sort=\"ascending\" title=\"Strategies that noise could have ordered share a rank\">#</th>"
    )?;
    writeln!(out, "<th scope=\"col\" class=\"name\">Strategy</th>")?;
    for column in COLUMNS {
        writeln!(out, "<th scope=\"col\" title=\"{}\">{}</th>", column.about, column.name)?;
    }
    Ok(())
}

fn row(judged: &Judged, longest: f64, out: &mut dyn Write) -> io::Result<()> {
    let class = match (is_ours(&judged.name), judged.marks.is_empty()) {
        (true, true) => "ours",
        (true, false) => "ours marked",
        (false, true) => "",
        (false, false) => "marked",
    };
    writeln!(out, "<tr class=\"{class}\">")?;
    match judged.rank {
        Some(rank) => writeln!(out, "<td data-value=\"{rank}\">{rank}</td>")?,
        None => writeln!(out, "<td data-value=\"\">–</td>")?,
    }
    name_cell(judged, out)?;
    score_cell(&judged.measures.score_s, longest, out)?;
    for column in &COLUMNS[1..] {
        writeln!(out, "{}", estimate_cell((column.measure)(&judged.measures)))?;
    }
    writeln!(out, "</tr>")
}

fn name_cell(judged: &Judged, out: &mut dyn Write) -> io::Result<()> {
    let (name, about) = (Escaped::whole(&judged.name), Escaped::whole(&judged.about));
    write!(out, "<th scope=\"row\" class=\"name\" data-value=\"{name}\"><bdi>{name}</bdi>")?;
    for mark in &judged.marks {
        write!(out, "<span class=\"mark\" dir=\"auto\">{}</span>", Escaped::whole(mark))?;
    }
    write!(out, "<small dir=\"auto\">{about}</small>")?;
    writeln!(out, "</th>")
}

/// What each strategy does, in full, and whom it copies.
fn explanations(strategies: &[Judged], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<details><summary>What each of them does</summary><dl class=\"explained\">")?;
    for judged in strategies {
        let (name, about) = (Escaped::whole(&judged.name), Escaped::whole(&judged.about));
        write!(out, "<div><dt><bdi>{name}</bdi></dt><dd dir=\"auto\">{about}</dd>")?;
        if !judged.source.is_empty() {
            write!(out, "<dd dir=\"auto\">{}</dd>", Escaped::whole(&judged.source))?;
        }
        writeln!(out, "</div>")?;
    }
    writeln!(out, "</dl></details>")
}

/// The score as a number and as a bar, with the interval as a whisker.
fn score_cell(score: &Estimate, longest: f64, out: &mut dyn Write) -> io::Result<()> {
    let share =
        |seconds: f64| if seconds.is_finite() { (100.0 * seconds / longest).clamp(0.0, 100.0) } else { 0.0 };
    let (low, high) = (share(score.low), share(score.high));
    writeln!(
        out,
        "<td class=\"score\" data-value=\"{}\"><b>{}</b>{}<span class=\"bar\" aria-hidden=\"true\">\
         <i style=\"width:{:.1}%\"></i><u style=\"left:{low:.1}%;width:{:.1}%\"></u></span></td>",
        sortable(score.mean),
        figure(score.mean),
        interval(score),
        share(score.mean),
        (high - low).max(0.0),
    )
}

/// What the longest bar stands for: the worst score that has a rank, or the worst of all where none has.
fn longest_score(strategies: &[Judged]) -> f64 {
    let longest = |only_ranked: bool| {
        let counted = strategies.iter().filter(|judged| judged.rank.is_some() || !only_ranked);
        let scores = counted.flat_map(|judged| [judged.measures.score_s.mean, judged.measures.score_s.high]);
        scores.filter(|score| score.is_finite()).fold(0.0, f64::max)
    };
    [longest(true), longest(false)].into_iter().find(|score| *score > 0.0).unwrap_or(1.0)
}

struct Column {
    name: &'static str,
    about: &'static str,
    measure: fn(&Measures) -> &Estimate,
}

/// The columns after rank and name; the score is the first.
const COLUMNS: [Column; 12] = [
    Column {
        name: "Score, s",
        about: "Lower is better: finish + p99 + 10 ms for each refused call",
        measure: |measures| &measures.score_s,
    },
    Column {
        name: "Finish, s",
        about: "From the start to the last record's success",
        measure: |measures| &measures.finish_s,
    },
    Column {
        name: "Goodput ratio",
        about: "Accepted in relation to the most that any client could have had admitted in that time",
        measure: |measures| &measures.goodput_ratio,
    },
    Column {
        name: "Waste per 1,000",
        about: "Refused attempts per 1,000 accepted",
        measure: |measures| &measures.waste_per_1000,
    },
    Column {
        name: "Early returns",
        about: "Calls that came before a wait was over",
        measure: |measures| &measures.early_returns,
    },
    Column {
        name: "Bans earned",
        about: "Bans that the early returns earn, 20 within a minute, whether or not the platform bans",
        measure: |measures| &measures.bans_earned,
    },
    Column {
        name: "p50, s",
        about: "Half of the records were through after so long in their user's hand",
        measure: |measures| &measures.p50_s,
    },
    Column { name: "p99, s", about: "99 % of the records", measure: |measures| &measures.p99_s },
    Column { name: "Slowest, s", about: "The slowest record", measure: |measures| &measures.max_s },
    Column {
        name: "Not delivered",
        about: "Records given up, lost or not through in the time",
        measure: |measures| &measures.not_delivered,
    },
    Column {
        name: "Peak in 100 ms",
        about: "The most attempts in a tenth of a second",
        measure: |measures| &measures.peak_per_100ms,
    },
    Column { name: "Connections", about: "Connections opened", measure: |measures| &measures.connections },
];

const LEAD: &str = "The best first. The score is in seconds: finish + p99 + 10 ms for each refused call. In small: the \
95 % interval over the seeds. What broke a law of the platform has no rank.";

/// What the names of Paceline's strategies begin with.
const OURS: &str = "paceline";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paceline_is_known_by_its_first_word() {
        assert!(["paceline", "paceline-batched", "paceline 50"].into_iter().all(is_ours));
        assert!(!["pacelines", "own paceline", ""].into_iter().any(is_ours));
    }
}
