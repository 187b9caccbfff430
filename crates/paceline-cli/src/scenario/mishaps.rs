//! What goes wrong in a scenario.

use std::num::NonZeroU64;

use paceline_sim::platform::{Fault, Outage, OutageKind, Trigger};

use super::values::time;
use crate::platform::words;
use crate::units::spelled;
use crate::written::{Section, Value, no_choice};

/// Reads what goes wrong with admitted calls.
pub(super) fn faults(top: &Section<'_>) -> Option<Vec<Fault>> {
    top.each("fault", fault)
}

/// Reads when the platform is not there.
pub(super) fn outages(top: &Section<'_>) -> Option<Vec<Outage>> {
    top.each("outage", outage)
}

fn fault(section: &Section<'_>) -> Option<Fault> {
    let kind =
        section.required("kind", |value| words::fault_kind(value.text()?).map_err(|error| error.to_string()));
    if section.has("every") == section.has("share") {
        let message = "a fault strikes every nth call or a share of them";
        section.refuse("share", message, "write either every = 100 or share = \"1%\"");
        return None;
    }
    let every = section.optional("every", |value| value.count::<NonZeroU64>()).map(Trigger::Every);
    let share = section.optional("share", share);
    Some(Fault { kind: kind?, trigger: every.or(share)? })
}

fn share(value: Value<'_>) -> Result<Trigger, String> {
    let text = value.text()?;
    words::share(text)
        .ok_or_else(|| format!("`{text}` is not a share up to 100% with two decimals at most; write \"1%\""))
}

fn outage(section: &Section<'_>) -> Option<Outage> {
    let from = section.required("from", time);
    let until = section.required("until", time);
    let kind = match section.has("kind") {
        true => section.optional("kind", |value| {
            let text = value.text()?;
            words::outage_kind(text).ok_or_else(|| no_choice(text, ["reset", "503"]))
        }),
        false => Some(OutageKind::Reset),
    };
    let outage = Outage { from: from?, until: until?, kind: kind? };
    if outage.until <= outage.from {
        let message = format!("the outage ends no later than it starts, at {}", spelled(outage.from));
        section.refuse("until", message, "write a later time");
    }
    Some(outage)
}
