//! The licences of what we use: such that anybody may use the whole.

use spdx::{Expression, LicenseReq, ParseMode};

use crate::assert_none;
use crate::metadata::{packages, text};

#[test]
fn every_dependency_has_a_licence_that_lets_anybody_use_the_whole() {
    let complaint = |package| {
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        unfit(&name, package["license"].as_str())
    };
    assert!(packages().len() > 50, "only {} packages", packages().len());
    assert_none(&packages().iter().filter_map(complaint).collect::<Vec<_>>());
}

#[test]
fn licences_that_bind_the_whole_are_caught_and_one_fit_side_of_a_choice_is_enough() {
    for fit in ["MIT", "MIT OR GPL-3.0-only", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert_eq!(unfit("a 1", Some(fit)), None, "{fit}");
    }
    let unfits = ["GPL-3.0-only", "MIT AND MPL-2.0", "LicenseRef-own", "no licence at all", ""];
    for text in unfits.map(Some).into_iter().chain([None]) {
        assert!(unfit("a 1", text).is_some(), "{text:?}");
    }
}

fn unfit(package: &str, licence: Option<&str>) -> Option<String> {
    let Some(licence) = licence else {
        return Some(format!("{package} names no licence: use another crate"));
    };
    match Expression::parse_mode(licence, ParseMode::LAX) {
        Ok(expression) if expression.evaluate(is_fit) => None,
        Ok(_) => {
            Some(format!("{package} is under {licence}: use another crate, or argue for it in this list"))
        }
        Err(error) => Some(format!("{package} is under {licence:?}, which cannot be read: {}", error.reason)),
    }
}

fn is_fit(required: &LicenseReq) -> bool {
    required.license.id().is_some_and(|id| FIT.contains(&id.name))
}

/// Permissive: they ask to be named, and nothing of the work that uses them.
const FIT: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
