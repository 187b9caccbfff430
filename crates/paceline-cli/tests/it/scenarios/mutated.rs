//! No text makes the reader panic, and what it reads can be played.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_cli::scenario::{KEYS, Overrides, ScenarioFile};
use paceline_core::{Config, Limits};
use paceline_sim::driver::Paced;
use paceline_sim::world::{self, Terms};
use proptest::prelude::*;
use proptest::sample::Index;

use super::parse;

/// One slip of a hand.
#[derive(Clone, Debug)]
enum Slip {
    /// A line is gone.
    Delete(Index),
    /// A line stands twice.
    Double(Index),
    /// A line goes elsewhere.
    Move(Index, Index),
    /// A value is another one.
    Value(Index, String),
    /// A line is added.
    Insert(Index, String),
    /// A character is another one.
    Letter(Index, char),
}

fn slip() -> impl Strategy<Value = Slip> {
    let value = prop_oneof![
        proptest::sample::select(VALUES.to_vec()).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        "\"[0-9]{1,12}(/|%|s|ms|KB|/s|/min|\\.\\.)?[0-9]{0,3}s?\"",
    ];
    let key = proptest::sample::select(KEYS.to_vec());
    let line = prop_oneof![
        key.prop_map(|key| format!("{} = {}", key.name, key.example)),
        proptest::sample::select(TABLES.to_vec()).prop_map(str::to_owned),
    ];
    prop_oneof![
        any::<Index>().prop_map(Slip::Delete),
        any::<Index>().prop_map(Slip::Double),
        any::<(Index, Index)>().prop_map(|(from, to)| Slip::Move(from, to)),
        (any::<Index>(), value).prop_map(|(at, value)| Slip::Value(at, value)),
        (any::<Index>(), line).prop_map(|(at, line)| Slip::Insert(at, line)),
        (any::<Index>(), any::<char>()).prop_map(|(at, letter)| Slip::Letter(at, letter)),
    ]
}

fn slipped(text: &str, slips: &[Slip]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for slip in slips {
        let at = |index: &Index, lines: &[String]| index.index(lines.len());
        match slip {
            _ if lines.is_empty() => {}
            Slip::Delete(index) => drop(lines.remove(at(index, &lines))),
            Slip::Double(index) => lines.insert(at(index, &lines), lines[at(index, &lines)].clone()),
            Slip::Move(from, to) => {
                let line = lines.remove(at(from, &lines));
                lines.insert(to.index(lines.len() + 1), line);
            }
            Slip::Value(index, value) => {
                let valued: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].contains(" = ")).collect();
                if !valued.is_empty() {
                    let line = &mut lines[*index.get(&valued)];
                    *line = format!("{} = {value}", line.split(" = ").next().unwrap_or_default());
                }
            }
            Slip::Insert(index, line) => lines.insert(at(index, &lines), line.clone()),
            Slip::Letter(index, letter) => {
                let line = at(index, &lines);
                let mut letters: Vec<char> = lines[line].chars().collect();
                if !letters.is_empty() {
                    let at = index.index(letters.len());
                    letters[at] = *letter;
                    lines[line] = letters.into_iter().collect();
                }
            }
        }
    }
    lines.join("\n")
}

fn play_a_little(file: &ScenarioFile) {
    let few = Overrides { records: NonZeroU32::new(30), ..Overrides::default() };
    let file = file.with(&few).expect("fewer records are a scenario");
    let limits = file.scopes().into_iter().map(|kind| (kind, Limits::default())).collect();
    let mut client = Paced::with_scopes(Config::default(), limits);
    let batch = file.scenario.bulk.map_or(NonZeroU32::MIN, |bulk| bulk.items);
    let terms = Terms { seed: 1, batch, linger: file.linger, limit: Duration::from_secs(2) };
    world::play(&file.scenario, &mut client, &terms);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_slip_of_a_hand_makes_the_reader_panic_and_what_is_read_can_be_played(
        which: Index,
        slips in proptest::collection::vec(slip(), 0..6),
    ) {
        let shipped: Vec<ScenarioFile> = ScenarioFile::builtins().collect();
        let shipped = which.get(&shipped);
        match parse(&slipped(shipped.text(), &slips)) {
            Ok(file) => play_a_little(&file),
            Err(problems) => {
                prop_assert!(!problems.problems().is_empty());
                let _ = (problems.to_string(), problems.report(false));
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "([\\[\\]a-z_.=\"' {}0-9,\n]|limit|users|rate|é|\\]\n){0,60}") {
        if let Err(problems) = parse(&text) {
            let _ = (problems.to_string(), problems.report(false));
        }
    }
}

const VALUES: [&str; 14] = [
    "0",
    "-1",
    "1.5",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "true",
    "\"\"",
    "1979-05-27",
    "\"0/s\"",
    "\"100%\"",
    "99999999999999999999",
    "\"tenant\"",
];

const TABLES: [&str; 10] = [
    "[users]",
    "[[limit]]",
    "[limit]",
    "[arrivals]",
    "[[users]]",
    "[[change]]",
    "[[fault]]",
    "[bulk]",
    "[foreign]",
    "[limit.rate]",
];
