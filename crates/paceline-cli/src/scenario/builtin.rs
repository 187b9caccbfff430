//! The shipped scenarios.

use super::ScenarioFile;
use crate::written::closest;

/// A name that no shipped scenario has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scenario `{name}`; {advice}")]
pub struct NoSuchScenario {
    name: String,
    advice: String,
}

pub(super) fn named(name: &str) -> Result<ScenarioFile, NoSuchScenario> {
    match SHIPPED.iter().find(|(known, _)| *known == name) {
        Some(&(name, text)) => Ok(shipped(name, text)),
        None => Err(NoSuchScenario { name: name.to_owned(), advice: advice(name) }),
    }
}

pub(super) fn all() -> impl Iterator<Item = ScenarioFile> {
    SHIPPED.iter().map(|&(name, text)| shipped(name, text))
}

fn shipped(name: &str, text: &str) -> ScenarioFile {
    ScenarioFile::parse(text, format!("{name}.toml")).expect("a test reads every shipped scenario")
}

fn advice(name: &str) -> String {
    let names = SHIPPED.iter().map(|(known, _)| *known);
    match closest(name, names.clone()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
    }
}

/// By name; the four readings of the founding question come first.
const SHIPPED: [(&str, &str); 37] = [
    ("founding", include_str!("../../../../scenarios/founding.toml")),
    ("founding-concurrency", include_str!("../../../../scenarios/founding-concurrency.toml")),
    ("founding-minute", include_str!("../../../../scenarios/founding-minute.toml")),
    ("founding-credential", include_str!("../../../../scenarios/founding-credential.toml")),
    ("bulk-by-item", include_str!("../../../../scenarios/bulk-by-item.toml")),
    ("date-retry-after", include_str!("../../../../scenarios/date-retry-after.toml")),
    ("decimal-retry-after", include_str!("../../../../scenarios/decimal-retry-after.toml")),
    ("documented", include_str!("../../../../scenarios/documented.toml")),
    ("doubled", include_str!("../../../../scenarios/doubled.toml")),
    ("endpoint-limits", include_str!("../../../../scenarios/endpoint-limits.toml")),
    ("fixed-window", include_str!("../../../../scenarios/fixed-window.toml")),
    ("founding-ban", include_str!("../../../../scenarios/founding-ban.toml")),
    ("four-phases", include_str!("../../../../scenarios/four-phases.toml")),
    ("halved", include_str!("../../../../scenarios/halved.toml")),
    ("leaky-bucket", include_str!("../../../../scenarios/leaky-bucket.toml")),
    ("leaky-no-retry-after", include_str!("../../../../scenarios/leaky-no-retry-after.toml")),
    ("limits-at-once", include_str!("../../../../scenarios/limits-at-once.toml")),
    ("lost-replies", include_str!("../../../../scenarios/lost-replies.toml")),
    ("no-bulk", include_str!("../../../../scenarios/no-bulk.toml")),
    ("no-retry-after", include_str!("../../../../scenarios/no-retry-after.toml")),
    ("open-loop", include_str!("../../../../scenarios/open-loop.toml")),
    ("outage", include_str!("../../../../scenarios/outage.toml")),
    ("overload", include_str!("../../../../scenarios/overload.toml")),
    ("published", include_str!("../../../../scenarios/published.toml")),
    ("refused-calls-count", include_str!("../../../../scenarios/refused-calls-count.toml")),
    ("scaled-retry-after", include_str!("../../../../scenarios/scaled-retry-after.toml")),
    ("scaled-window", include_str!("../../../../scenarios/scaled-window.toml")),
    ("second-window", include_str!("../../../../scenarios/second-window.toml")),
    ("shared-quota", include_str!("../../../../scenarios/shared-quota.toml")),
    ("skewed-clock", include_str!("../../../../scenarios/skewed-clock.toml")),
    ("sliding-counter", include_str!("../../../../scenarios/sliding-counter.toml")),
    ("sliding-log", include_str!("../../../../scenarios/sliding-log.toml")),
    ("stragglers", include_str!("../../../../scenarios/stragglers.toml")),
    ("ten-at-once", include_str!("../../../../scenarios/ten-at-once.toml")),
    ("three-credentials", include_str!("../../../../scenarios/three-credentials.toml")),
    ("tight-bucket", include_str!("../../../../scenarios/tight-bucket.toml")),
    ("zero-retry-after", include_str!("../../../../scenarios/zero-retry-after.toml")),
];
