//! Suites that are too slow for every change. A new one is a new line of the table.

use crate::step::Step;

/// The steps of `cargo xtask slow`: all suites, or the named one.
///
/// # Errors
/// With the list of suites, when there is none of that name.
pub(crate) fn steps(arguments: &[String]) -> Result<Vec<Step>, String> {
    let Some(wanted) = arguments.first() else {
        return Ok(SUITES.iter().map(Suite::step).collect());
    };
    let suite = SUITES.iter().find(|suite| suite.name == wanted).ok_or_else(|| {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        format!("no slow suite `{wanted}`: there are {}", names.join(", "))
    })?;
    Ok(vec![suite.step()])
}

struct Suite {
    name: &'static str,
    environment: &'static [(&'static str, &'static str)],
    /// The cargo command that runs it.
    line: &'static str,
}

impl Suite {
    fn step(&self) -> Step {
        let step = Step::cargo(self.line);
        self.environment.iter().fold(step, |step, (name, value)| step.env(name, value))
    }
}

/// Of the proof, what must hold.
const PROOF: &str = "run --release -p paceline-cli --example control -- --strategy-seeds 0";

const SUITES: &[Suite] = &[
    // Properties that set no number of their own run 80 times as often as in `cargo test`.
    Suite {
        name: "properties",
        environment: &[("PROPTEST_CASES", "20000")],
        line: "test --release -p paceline-core -p paceline-sim",
    },
    // Benchmarks rot unseen: here each runs once, and is not measured.
    Suite { name: "benches", environment: &[], line: "test --release --benches" },
    Suite { name: "control", environment: &[], line: PROOF },
    // The program against nginx and express-rate-limit: needs nginx, Node.js and npm. Five at a time, for they mostly wait.
    Suite {
        name: "limiters",
        environment: &[],
        line: "test -p paceline-cli --test limiters -- --test-threads 5 --skip stand_in",
    },
    // The program against the stand-in over sockets, one after the other: seven minutes that want a machine to themselves.
    Suite {
        name: "sockets",
        environment: &[],
        line: "test -p paceline-cli --test limiters -- --test-threads 1 stand_in",
    },
    // Ten thousand calls that wait in the proxy: needs 11,000 open files (`ulimit -Hn`).
    Suite {
        name: "crowd",
        environment: &[("PACELINE_TEST_CROWD", "10000")],
        line: "test --release -p paceline-cli --test it proxy::faults::crowd -- --nocapture",
    },
    // The pages in a real browser: needs Chromium, which CHROMIUM names when it is not on the path.
    Suite { name: "browser", environment: &[], line: "test -p paceline-cli --test browser" },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_suite_or_all_of_them() {
        assert_eq!(steps(&[]).unwrap().len(), SUITES.len());
        assert_eq!(steps(&["control".to_owned()]).unwrap(), [Step::cargo(PROOF)]);
    }

    #[test]
    fn an_unknown_suite_is_an_error_that_names_the_known_ones() {
        let error = steps(&["fast".to_owned()]).unwrap_err();
        assert!(SUITES.iter().all(|suite| error.contains(suite.name)), "{error}");
    }
}
