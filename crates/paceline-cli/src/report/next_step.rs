//! What to type next.

use super::Clock;
use super::summary::{RunState, Summary};
use crate::records::Location;

/// Something to do, and the command that does it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NextStep {
    pub(super) why: String,
    pub(super) command: Option<String>,
}

/// What is left to do, the most urgent first.
pub(super) fn of(summary: &Summary, clock: &Clock) -> Vec<NextStep> {
    let journal = word(&summary.journal.to_string_lossy());
    let report = |flags: &str| Some(format!("paceline report {journal} {flags}"));
    if summary.run_state == RunState::UnderWay {
        let why = "a run is under way; look again later".to_owned();
        return vec![NextStep { why, command: Some(format!("paceline report {journal}")) }];
    }
    let mut steps = Vec::new();
    if summary.tally.todo > 0 || summary.tally.records().is_none() || summary.run_state == RunState::Crashed {
        steps.push(go_on(summary, clock));
    }
    if !summary.in_doubt.is_empty() {
        let why = "see which records may have been applied, and look on the platform whether they were";
        steps.push(NextStep { why: why.to_owned(), command: report("--in-doubt") });
    }
    if !summary.dead.is_empty() {
        let why = "see why records are dead";
        steps.push(NextStep { why: why.to_owned(), command: report("--dead") });
        let why = "take the dead records out, correct them, and send them as a source of their own";
        steps.push(NextStep { why: why.to_owned(), command: report("--dead --format jsonl > again.jsonl") });
        let command = sync_command(summary, "again.jsonl", None);
        steps.push(NextStep { why: "then".to_owned(), command: Some(command) });
    }
    if steps.is_empty() {
        let why = "nothing: every record is delivered".to_owned();
        steps.push(NextStep { why, command: None });
    }
    steps
}

/// Sending what is still to do.
fn go_on(summary: &Summary, clock: &Clock) -> NextStep {
    let source = if summary.source == Location::Stdin.to_string() { "-" } else { &summary.source };
    let mut command = sync_command(summary, source, Some(&summary.journal.to_string_lossy()));
    let reason =
        summary.run.as_ref().and_then(|run| run.ended.as_ref()).map(|(_, reason, _)| reason.as_str());
    let first = match reason {
        Some("banned") => "find out why the platform shut this client out; then ",
        Some("unauthorized") => "renew the credential; then ",
        Some("silent") => "correct [batch] items and item_key; then ",
        Some("rejected") => {
            command.push_str(" --start-over");
            "correct the request; then "
        }
        _ => "",
    };
    let opens = summary.gates.iter().filter_map(|gate| gate.opens).max();
    let when = opens.map(|at| format!("from {} on, ", clock.told(at))).unwrap_or_default();
    let why = format!("{when}{first}go on with what is still to do (with the flags of the first run)");
    NextStep { why, command: Some(command) }
}

/// A `paceline sync` that sends `source` to the same target, as far as the journal tells.
fn sync_command(summary: &Summary, source: &str, journal: Option<&str>) -> String {
    let target = &summary.target;
    let is_plain = target.method == "POST" && !target.is_cut;
    // Any other request stands in the configuration, or has a part that is not shown.
    let to = if is_plain { format!("--to {}", word(&target.url)) } else { "-c paceline.toml".to_owned() };
    let key = summary.key_field.as_ref().map(|field| format!(" --key {}", word(field))).unwrap_or_default();
    let journal = journal.map(|path| format!(" --journal {}", word(path))).unwrap_or_default();
    format!("paceline sync {} {to}{key}{journal}", word(source))
}

/// `text` as one word of a POSIX shell.
fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_for_a_shell() {
        assert_eq!(word("data/records.csv"), "data/records.csv");
        assert_eq!(word("https://h/{{ id }}"), "'https://h/{{ id }}'");
        assert_eq!(word("it's; rm -rf"), r"'it'\''s; rm -rf'");
        assert_eq!(word(""), "''");
    }
}
