//! What flags say instead of a scenario.

use std::num::NonZeroU32;

use paceline_sim::scenario::Arrivals;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};

use super::ScenarioFile;
use super::believed::tightest;
use crate::origin::Origin;
use crate::units::{Rate, Size};
use crate::written::{Problem, Problems};

/// What flags say instead of a scenario. The default says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// So many users.
    pub users: Option<NonZeroU32>,
    /// Records of this size.
    pub payload: Option<Size>,
    /// The rate of the limit that clients are told of. Its burst or queue becomes one second of it. Where nothing limits
    /// a rate, a token bucket for each credential is added.
    pub limit: Option<Rate>,
    /// So many records.
    pub records: Option<NonZeroU32>,
}

pub(super) fn lay_over(file: &ScenarioFile, overrides: &Overrides) -> Result<ScenarioFile, Problems> {
    if *overrides == Overrides::default() {
        return Ok(file.clone());
    }
    let mut document: DocumentMut = file.text.parse().expect("it was read before");
    // The text may be kept under another name than its file's.
    set(document.as_table_mut(), "name", file.name.as_str());
    if let Some(records) = overrides.records {
        set(document.as_table_mut(), "records", i64::from(records.get()));
    }
    if let Some(payload) = overrides.payload {
        set(document.as_table_mut(), "payload", payload.to_string());
    }
    if let Some(users) = overrides.users {
        set_users(&mut document, users, file)?;
    }
    if let Some(limit) = overrides.limit {
        set_limit(&mut document, limit, file);
    }
    ScenarioFile::parse(document.to_string(), file.path.clone())
}

fn set_users(document: &mut DocumentMut, users: NonZeroU32, file: &ScenarioFile) -> Result<(), Problems> {
    if let Arrivals::Open { .. } = file.scenario.arrivals {
        let message = format!("the records of {} come at a rate, not from users", file.name);
        let advice = Some("leave it out, or take a scenario with [users]".to_owned());
        return Err(Problems::one(Problem::new(Origin::Flag("--users"), message).with_advice(advice)));
    }
    let section = document.get_mut("users").and_then(Item::as_table_like_mut);
    set(section.expect("it was read before"), "count", i64::from(users.get()));
    Ok(())
}

fn set_limit(document: &mut DocumentMut, rate: Rate, file: &ScenarioFile) {
    document.remove("believed");
    document.remove("believed_burst");
    let limits = &file.scenario.platform.limits;
    let Some((place, _)) = tightest(limits, file.scenario.callers) else {
        add_limit(document, rate);
        return;
    };
    let limit = document.get_mut("limit").and_then(|list| list.get_mut(place));
    let limit = limit.and_then(Item::as_table_like_mut).expect("it was read before");
    limit.remove("burst");
    limit.remove("queue");
    set(limit, "rate", rate.to_string());
}

fn add_limit(document: &mut DocumentMut, rate: Rate) {
    let mut limit = Table::new();
    set(&mut limit, "rate", rate.to_string());
    let list = document.entry("limit").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    match list {
        Item::ArrayOfTables(tables) => tables.push(limit),
        other => {
            let tables = other.as_array_mut().expect("it was read before");
            tables.push(Value::InlineTable(limit.into_inline_table()));
        }
    }
}

/// Sets a key; the comments around it stay.
fn set(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match table.get_mut(key) {
        Some(item) => {
            if let Some(before) = item.as_value() {
                *value.decor_mut() = before.decor().clone();
            }
            *item = Item::Value(value);
        }
        None => drop(table.insert(key, Item::Value(value))),
    }
}
