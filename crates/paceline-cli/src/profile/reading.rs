//! From a text to what it says of a profile.

use std::num::NonZeroU64;

use paceline_core::headers::QuotaUnit;
use paceline_core::profile::{Disguise, KnownQuota, NamedScope, Pattern, Place, Wait};
use paceline_core::{Meaning, ScopeKind};
use toml::de::DeTable;

use super::changes::ProfileChanges;
use super::families::family;
use super::keys::LIST;
use super::values::{
    form_or_reset, header, lists, name, path, pointer, scope, scopes, status, time, truth, unit,
};
use crate::units::Rate;
use crate::written::{Notes, Problems, Section, Source};

/// Reads a whole file.
pub(super) fn whole(source: &Source) -> Result<ProfileChanges, Problems> {
    let notes = Notes::new(source, LIST);
    let table = source.table();
    let changes = match &table {
        Ok(table) => {
            let top = Section::whole(&notes, table.get_ref());
            if top.has("without") {
                let message = "a profile of its own has nothing to leave out";
                top.refuse(
                    "without",
                    message,
                    "leave this key out; it belongs under [profile] of a configuration",
                );
            }
            changes(&top)
        }
        Err((message, span)) => {
            notes.note(span.clone(), message, "");
            None
        }
    };
    notes.judge(changes)
}

impl ProfileChanges {
    /// Reads the table `[profile]` of another file.
    pub(crate) fn of_table(source: &Source, table: &DeTable<'_>) -> Result<Self, Problems> {
        let notes = Notes::new(source, LIST).under("profile");
        let changes = changes(&Section::whole(&notes, table));
        notes.judge(changes)
    }
}

// Every part is read before the first that is missing ends the reading: all problems are told at once.
fn changes(top: &Section<'_>) -> Option<ProfileChanges> {
    let (own_name, _about) = (top.optional("name", name), top.optional("about", name));
    let ban_after_refusal = top.optional("ban_after_refusal", truth);
    let without = top.optional("without", lists).unwrap_or_default();
    let published = top.each("published", family);
    let waits = top.each("wait", wait);
    let named = top.each("scope", named_scope);
    let disguises = top.each("disguise", disguise);
    let quotas = top.each("quota", quota);
    let cost = top.section("cost").and_then(|section| required_place(&section));
    Some(ProfileChanges {
        name: own_name,
        ban_after_refusal,
        without,
        published: published?,
        waits: waits?,
        scopes: named?,
        disguises: disguises?,
        quotas: quotas?,
        cost,
    })
}

fn wait(section: &Section<'_>) -> Option<Wait> {
    if section.has("time") {
        for key in ["header", "json", "form"].into_iter().filter(|key| section.has(key)) {
            section.refuse(key, "a wait is read or known, not both", "leave out `time` or this key");
        }
        return section.optional("time", time).map(Wait::Usual);
    }
    match section.required("form", form_or_reset)? {
        Some(form) => Some(Wait::At(required_place(section)?, form)),
        None => {
            for key in ["header", "json"].into_iter().filter(|key| section.has(key)) {
                let message = "the reset is read where the limit is published";
                section.refuse(key, message, "leave it out, and write [[published]] with a reset");
            }
            Some(Wait::Reset)
        }
    }
}

fn named_scope(section: &Section<'_>) -> Option<NamedScope> {
    let (place, values) = (required_place(section), section.required("values", scopes));
    Some(NamedScope { place: place?, values: values? })
}

fn disguise(section: &Section<'_>) -> Option<Disguise> {
    let status = section.required("status", status);
    let means = section.required("means", |value| value.one_of(&Meaning::ALL, Meaning::name));
    let path = section.optional("path", path);
    let text = section.optional("text", name).map(|text| text.to_lowercase());
    let value = match section.has("header") || section.has("json") || section.has("value") {
        true => required_place(section).zip(section.required("value", name).map(Pattern::new)),
        false => None,
    };
    Some(Disguise { status: status?, path, value, text, means: means? })
}

fn quota(section: &Section<'_>) -> Option<KnownQuota> {
    let kind = section.optional("scope", scope).unwrap_or(ScopeKind::Credential);
    let unit = section.optional("unit", unit).unwrap_or_default();
    let rate = section.optional("rate", |value| value.parse::<Rate>());
    let at_once = section.optional("at_once", |value| value.count::<NonZeroU64>());
    match (section.has("rate"), section.has("at_once")) {
        (true, false) => {
            let rate = rate?;
            Some(KnownQuota { scope: kind, unit, count: rate.count, period: Some(rate.per) })
        }
        (false, true) => {
            if section.has("unit") {
                section.refuse("unit", "what is under way is counted in requests", "leave `unit` out");
            }
            Some(KnownQuota { scope: kind, unit: QuotaUnit::Concurrent, count: at_once?, period: None })
        }
        _ => {
            let message = "a quota is either a rate or a number of calls at once";
            section.refuse("", message, "write rate = \"300/min\", or at_once = 50");
            None
        }
    }
}

/// A header or a place in the body, and not both.
fn required_place(section: &Section<'_>) -> Option<Place> {
    let in_header = section.optional("header", header).map(Place::Header);
    let in_body = section.optional("json", pointer).map(Place::Json);
    if section.has("header") == section.has("json") {
        let message = "it is read from a header or from the body, one of the two";
        section.refuse("", message, "write header = \"X-Name\", or json = \"/pointer\"");
        return None;
    }
    in_header.or(in_body)
}
