//! The proxy beside its peers: `cargo xtask bench proxy`, `proxy-herd`, `proxy-jmeter`. All of it on 127.0.0.1, on free ports.
//!
//! The program measured is the `paceline` beside this one; PACELINE names another. NGINX, HAPROXY, WRK and JAVA name those
//! that are not on the path.

use std::collections::HashMap;
use std::error::Error;

mod cost;
mod herd;
mod jmeter;
mod paceline;
mod peer;
mod process;
mod steady;
mod table;
mod wrk;

/// A benchmark ends with the first thing that goes wrong, and says what it was.
type Anything<T> = Result<T, Box<dyn Error>>;

fn main() -> Anything<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, flags)) = arguments.split_first() else { return Err(USAGE.into()) };
    match name.as_str() {
        "proxy" => {
            let [rounds, seconds] = numbers(flags, [("--rounds", 3), ("--seconds", 5)])?;
            cost::measure(rounds, seconds)
        }
        "proxy-herd" => {
            let [users, seconds] = numbers(flags, [("--users", 500), ("--seconds", 60)])?;
            herd::measure(users, seconds)
        }
        "proxy-jmeter" => {
            let [users, seconds] = numbers(flags, [("--users", 500), ("--seconds", 60)])?;
            jmeter::measure(users, seconds)
        }
        _ => Err(USAGE.into()),
    }
}

/// The whole numbers that flags give, at least 1; what is not given is as it says here.
fn numbers<const N: usize>(flags: &[String], known: [(&str, u32); N]) -> Anything<[u32; N]> {
    let mut given = HashMap::new();
    for pair in flags.chunks(2) {
        let [flag, value] = pair else { return Err(format!("{} needs a number", pair[0]).into()) };
        let value = value.parse().ok().filter(|value| (1..=MOST).contains(value));
        given.insert(flag.as_str(), value.ok_or_else(|| format!("{flag} is a number from 1 to {MOST}"))?);
    }
    let numbers = known.map(|(flag, usual)| given.remove(flag).unwrap_or(usual));
    match given.keys().next() {
        Some(flag) => Err(format!("no flag {flag}\n{USAGE}").into()),
        None => Ok(numbers),
    }
}

const USAGE: &str = "proxy [--rounds 3] [--seconds 5] | proxy-herd [--users 500] [--seconds 60] | \
                     proxy-jmeter [--users 500] [--seconds 60]";
/// Everything ends by itself, and within an hour.
const MOST: u32 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [(&str, u32); 2] = [("--users", 500), ("--seconds", 60)];

    fn read(line: &str) -> Anything<[u32; 2]> {
        numbers(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), KNOWN)
    }

    #[test]
    fn flags_are_laid_over_what_is_usual() {
        assert_eq!(read("").unwrap(), [500, 60]);
        assert_eq!(read("--seconds 5").unwrap(), [500, 5]);
        assert_eq!(read("--seconds 5 --users 9").unwrap(), [9, 5]);
    }

    #[test]
    fn a_flag_that_is_unknown_or_has_no_number_is_an_error() {
        for line in ["--rounds 1", "--seconds", "--seconds x", "--seconds 0", "--users 3601"] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
