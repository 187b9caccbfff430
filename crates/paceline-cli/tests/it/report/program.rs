//! `paceline report` as a program.

use std::io::Read;
use std::process::{Command, Output, Stdio};

use paceline_cli::journal::Repeat;

use super::{Case, read_back};

/// The program in the case's folder, with these flags.
fn report(case: &Case, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paceline"));
    command.current_dir(case.folder.path()).args(["report", "airports.journal"]).args(flags);
    command
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_selection_is_written_to_stdout() {
    let case = Case::airports(None);
    case.whole_run("done", vec![case.delivered([0, 1]), case.dead(2, 422, "no"), case.in_doubt(3)]);
    for (flags, records) in [("--dead", 1), ("--in-doubt", 1), ("--todo", 3)] {
        let (code, stdout, stderr) = told(&report(&case, &[flags, "--format", "csv"]).output().unwrap());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert_eq!(read_back("again.csv", &stdout).len(), records, "{stdout}");
    }
    let (code, stdout, _) = told(&report(&case, &["--html", "report.html"]).output().unwrap());
    assert_eq!(code, Some(0));
    assert!(stdout.contains("still to do") && !stdout.contains('\u{1b}'), "{stdout}");
    assert!(case.path("report.html").is_file());
}

#[test]
fn what_is_wrong_is_said_on_stderr_with_exit_code_2() {
    let case = Case::airports(None);
    let (code, stdout, stderr) = told(&report(&case, &[]).output().unwrap());
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(stderr.contains("there is no journal airports.journal"), "{stderr}");
    case.run(Repeat::Unsafe, vec![case.departed(2)]);
    std::fs::remove_file(case.path("airports.csv")).unwrap();
    let cases: [(&[&str], &str); 6] = [
        (&["--dead", "--todo"], "cannot be used with"),
        (&["--format", "csv"], "a summary is not a table"),
        (&["--format", "xml"], "jsonl"),
        (&["--source-format", "xml"], "tsv"),
        (&["--todo"], "--source FILE"),
        (&["--in-doubt", "--format", "jsonl"], "line 4"),
    ];
    for (flags, expected) in cases {
        let (code, stdout, stderr) = told(&report(&case, flags).output().unwrap());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{flags:?}");
        assert!(stderr.contains(expected), "{flags:?}: {stderr}");
    }
    std::fs::write(case.path("airports.journal"), "something else").unwrap();
    let (code, _, stderr) = told(&report(&case, &[]).output().unwrap());
    assert!(code == Some(2) && stderr.contains("is not a journal"), "{stderr}");
}

#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let source: String = (0..20_000).map(|number| format!("{{\"id\":{number}}}\n")).collect();
    let case = Case::new("many.jsonl", &source, None);
    case.whole_run("interrupted", Vec::new());
    let mut command = report(&case, &["--todo", "--format", "jsonl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 9];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    // More than a pipe holds is still to come.
    drop(stdout);
    let (code, _, stderr) = told(&child.wait_with_output().unwrap());
    assert_eq!((&first, code, stderr.as_str()), (b"{\"id\":0}\n", Some(0), ""));
}

#[test]
fn its_help_has_every_flag_with_examples() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_paceline")).args(["report", "-h"]).env_remove("COLUMNS").output();
    insta::assert_snapshot!(told(&output.unwrap()).1, @r#"
    Say what became of the records of a journal, and take records out of it

    Usage: paceline report [OPTIONS] <JOURNAL>

    Arguments:
      <JOURNAL>  The journal that `paceline sync` wrote

    Options:
          --dead                    The records given up, each with its verdict
          --in-doubt                The records that may have been applied
          --todo                    The records still to do; reads the source
          --format <FORMAT>         How it is written: text for people, jsonl or csv for the records as
                                    they were, jsonl for a summary in one object [default: text]
                                    [possible values: text, jsonl, csv]
          --with-reasons            Add to exported records why they are here, as `_paceline` or
                                    `_paceline_*`; sync would send that too
          --source <FILE>           Where the source is now [default: where it was, or beside the
                                    journal]
          --source-format <FORMAT>  How the source is written: csv, tsv, jsonl or json [default: its
                                    name or first bytes tell]
          --html <FILE>             Write a page as well: summary and letters in one file, without
                                    network
      -h, --help                    Print help (see more with '--help')

    Examples:
      paceline report airports.csv.journal
      paceline report airports.csv.journal --dead
      paceline report airports.csv.journal --dead --format jsonl > again.jsonl
      paceline sync again.jsonl --to https://api.example.com/records
      paceline report airports.csv.journal --todo --format csv --source moved/airports.csv > rest.csv
      paceline report airports.csv.journal --html report.html

    Exit codes: 0 done; 2 the journal, the source or a flag is wrong, or some records are lost.
    "#);
}
