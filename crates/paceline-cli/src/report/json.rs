//! The summary as one JSON object. Its names are those of `paceline sync --json` where both say the same.

use std::io::Write;

use paceline_core::WallTime;
use serde_json::{Value, json};

use super::groups::Groups;
use super::phrases::{remarks, told_scope};
use super::summary::{ClosedGate, Learned, RunState, Summary};
use super::{Clock, ReportError};
use crate::journal::cause_name;

/// Writes `summary` on one line. What is not known is null.
pub(super) fn write(summary: &Summary, clock: &Clock, out: &mut dyn Write) -> Result<(), ReportError> {
    Ok(writeln!(out, "{}", object(summary, clock))?)
}

fn object(summary: &Summary, clock: &Clock) -> Value {
    let tally = &summary.tally;
    let records = tally.records();
    json!({
        "journal": summary.journal.to_string_lossy(),
        "source": summary.source,
        "target": format!("{} {}", summary.target.method, summary.target.url),
        "key": summary.key_field,
        "records": records,
        "delivered": tally.delivered,
        "dead": tally.dead,
        "in_doubt": tally.in_doubt,
        "under_way": tally.under_way,
        "remaining": records.map(|_| tally.todo),
        "remarks": remarks(summary),
        "run": run(summary, clock),
        "closed_scopes": summary.gates.iter().map(|gate| closed(gate, clock)).collect::<Vec<_>>(),
        "learned": summary.learned.iter().map(learned).collect::<Vec<_>>(),
        "dead_letters": groups(&summary.dead),
        "in_doubt_letters": groups(&summary.in_doubt),
        "next": summary.next_steps.iter().filter_map(|step| step.command.as_ref()).collect::<Vec<_>>(),
    })
}

fn run(summary: &Summary, clock: &Clock) -> Value {
    let Some(run) = &summary.run else { return Value::Null };
    let (ended, reason) = run.ended.as_ref().map(|(at, reason, _)| (*at, reason)).unzip();
    let state = match summary.run_state {
        RunState::Ended => "ended",
        RunState::UnderWay => "under_way",
        RunState::Crashed => "crashed",
    };
    json!({
        "number": run.number,
        "started": clock.written(run.started),
        "state": state,
        "ended": ended.and_then(|at| clock.written(at)),
        "exit_reason": reason,
    })
}

fn closed(gate: &ClosedGate, clock: &Clock) -> Value {
    let seconds = |at: WallTime| at.saturating_since(clock.now).as_millis().div_ceil(1_000);
    json!({
        "scope": told_scope(&gate.scope),
        "cause": cause_name(gate.cause),
        "until": gate.opens.and_then(|at| clock.written(at)),
        "opens_in_s": gate.opens.map(|at| u64::try_from(seconds(at)).unwrap_or(u64::MAX)),
    })
}

fn learned(learned: &Learned) -> Value {
    let told = learned.told();
    json!({
        "scope": told_scope(&learned.scope),
        "words": learned.words(),
        "limits": learned.limits,
        "rate": told.as_ref().and_then(|told| told.rate.as_ref()),
        "kind": told.as_ref().and_then(|told| told.kind),
        "in_flight": told.as_ref().and_then(|told| told.in_flight),
        "longest_retry_after_s": learned.longest_retry_after.map(|span| span.as_secs_f64()),
    })
}

fn groups(groups: &Groups) -> Vec<Value> {
    let told = groups.groups.iter().map(|group| {
        let example = &group.example;
        json!({
            "verdict": example.verdict,
            "status": example.status,
            "count": group.count,
            "example": {
                "line": example.record.line,
                "key": example.record.key.as_deref(),
                "body": example.body,
            },
        })
    });
    let others = (groups.others > 0).then(|| json!({ "verdict": null, "count": groups.others }));
    told.chain(others).collect()
}
