//! The benchmarks. A new one is a new line of the table.

use crate::step::Step;

/// Something measured.
struct Bench {
    name: &'static str,
    about: &'static str,
    /// The cargo command that runs it; what the user adds comes last.
    line: &'static str,
}

/// The steps of `cargo xtask bench`.
///
/// # Errors
/// With the list of benchmarks, when none of them is named.
pub(crate) fn steps(arguments: &[String]) -> Result<Vec<Step>, String> {
    let named = arguments.split_first().and_then(|(name, rest)| Some((find(name)?, rest)));
    let (bench, rest) = named.ok_or_else(list)?;
    // The peers stand beside the program as it ships.
    let program =
        bench.line.starts_with(PEERS).then(|| Step::cargo("build --release -p paceline-cli --bin paceline"));
    Ok(program.into_iter().chain([Step::cargo(bench.line).with(rest)]).collect())
}

fn find(name: &str) -> Option<&'static Bench> {
    BENCHES.iter().find(|bench| bench.name == name)
}

fn list() -> String {
    let rows = BENCHES.iter().map(|bench| format!("\n  {:<12} {}", bench.name, bench.about));
    format!("name one of the benchmarks: cargo xtask bench NAME{}", rows.collect::<String>())
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "sync",
        about: "The whole program: a million records without a limit; 12,000 of 2 KB at 120/s; in batches.",
        line: "bench -p paceline-cli --bench sync --",
    },
    Bench {
        name: "decisions",
        about: "The machine: submit, departure and reply, with 1 and 4 scopes, 500 to 50,000 waiting.",
        line: "bench -p paceline-core --bench decisions --",
    },
    Bench {
        name: "platform",
        about: "The platform model: one request in, one reply out.",
        line: "bench -p paceline-sim --bench platform --",
    },
    Bench {
        name: "world",
        about: "The lab's worlds: events a second of whole runs, the checks included.",
        line: "bench -p paceline-sim --bench world --",
    },
    Bench {
        name: "call",
        about: "The client: one call over a kept connection.",
        line: "bench -p paceline --bench call --",
    },
    Bench {
        name: "records",
        about: "Sources: records read per second, of each format.",
        line: "bench -p paceline-cli --bench records --",
    },
    Bench {
        name: "templates",
        about: "Templates: requests rendered per second.",
        line: "bench -p paceline-cli --bench templates --",
    },
    Bench {
        name: "journal",
        about: "The journal: departures committed per second.",
        line: "bench -p paceline-cli --bench journal --",
    },
    Bench {
        name: "lab-real",
        about: "The lab: the founding scenario in virtual time and over sockets; WebSockets beside a sync.",
        line: "bench -p paceline-cli --bench lab_real --",
    },
    Bench {
        name: "stand_in",
        about: "The stand-in: calls answered per second over sockets.",
        line: "bench -p paceline-cli --bench stand_in --",
    },
    Bench {
        name: "proxy",
        about: "The proxy beside nginx and HAProxy, without limits: CPU, memory, latency; needs both, and wrk.",
        line: "run --release -p xtask --bin peers -- proxy",
    },
    Bench {
        name: "proxy-herd",
        about: "The proxy under 500 users who never wait, at a platform that bans; needs wrk.",
        line: "run --release -p xtask --bin peers -- proxy-herd",
    },
    Bench {
        name: "proxy-jmeter",
        about: "A JMeter plan at such a platform, straight and through the proxy; needs Java, pip and Python 3.",
        line: "run --release -p xtask --bin peers -- proxy-jmeter",
    },
];

/// How lines of the peers begin.
const PEERS: &str = "run --release -p xtask --bin peers ";

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_benchmark_is_run_with_what_the_user_adds() {
        let arguments = ["decisions", "--sample-count", "3"].map(str::to_owned);
        let line = "bench -p paceline-core --bench decisions -- --sample-count 3";
        assert_eq!(steps(&arguments).unwrap(), [Step::cargo(line)]);
    }

    #[test]
    fn the_program_is_built_before_it_stands_beside_its_peers() {
        let steps = steps(&["proxy-herd", "--seconds", "5"].map(str::to_owned)).unwrap();
        assert_eq!(steps[0], Step::cargo("build --release -p paceline-cli --bin paceline"));
        let line = "run --release -p xtask --bin peers -- proxy-herd --seconds 5";
        assert_eq!(steps[1..], [Step::cargo(line)]);
    }

    #[test]
    fn without_a_known_name_the_benchmarks_are_listed() {
        for arguments in [vec![], vec!["nothing".to_owned()]] {
            let error = steps(&arguments).unwrap_err();
            assert!(BENCHES.iter().all(|bench| error.contains(bench.name)), "{error}");
        }
    }

    #[test]
    fn every_benchmark_of_a_crate_is_in_the_table() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        let folders = fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("benches"));
        let files = folders.flat_map(|folder| fs::read_dir(folder).into_iter().flatten());
        let names: Vec<String> = files
            .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        assert!(!names.is_empty());
        for name in names {
            let word = format!(" --bench {name} ");
            assert!(BENCHES.iter().any(|bench| bench.line.contains(&word)), "add {name} to the table");
        }
    }
}
