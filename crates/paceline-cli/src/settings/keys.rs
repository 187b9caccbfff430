//! The keys of a configuration: one list for the file, the environment, the flags, the print and the
//! documentation.

mod auth;
mod listed;
mod proxy;
mod route;
mod rule;
mod traces;

use super::limit::LIMIT_KEYS;
use super::model::Settings;
use crate::written::Value;

pub(super) use route::ROUTE_KEYS;
pub(super) use rule::RULE_KEYS;

/// A key of a configuration.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its table and name: `retry.max_wait`. Names that a user chooses are in capitals.
    pub name: &'static str,
    /// What it takes: "text", "rate", "time" and so on.
    pub kind: &'static str,
    /// Its default as TOML; empty where there is none.
    pub default: &'static str,
    /// An example as TOML.
    pub example: &'static str,
}

/// All keys. Those of limits stand once, without a table; those of routes and rules once, under `proxy.route.PREFIX` and
/// `proxy.rule.NAME`.
pub fn all_keys() -> impl Iterator<Item = Key> {
    let limits = LIMIT_KEYS.iter().map(InnerKey::public);
    let routes = ROUTE_KEYS.iter().map(InnerKey::public);
    let rules = RULE_KEYS.iter().map(InnerKey::public);
    SettingKey::all().map(SettingKey::public).chain(limits).chain(routes).chain(rules)
}

/// A key, and what it sets.
#[derive(Debug)]
pub(super) struct SettingKey {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) default: &'static str,
    pub(super) example: &'static str,
    pub(super) set: fn(&mut Settings, Value<'_>) -> Result<(), String>,
    /// The setting as TOML, if it is set.
    pub(super) show: fn(&Settings) -> Option<String>,
}

impl SettingKey {
    /// The key named `name` (`retry.max_wait`).
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|key| key.name == name)
    }

    /// All keys but those of headers and of the tables that a user names, table by table.
    pub(super) fn all() -> impl Iterator<Item = &'static Self> {
        KEY_LISTS.iter().flat_map(|list| list.iter())
    }

    /// Its table: `retry`.
    pub(super) fn table(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(table, _)| table)
    }

    /// Its name within its table: `max_wait`.
    pub(super) fn short(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, name)| name)
    }

    fn public(&self) -> Key {
        Key { name: self.name, kind: self.kind, default: self.default, example: self.example }
    }
}

/// A key of the tables that a user names, such as limits, and what it sets in the `T` that such a table is.
#[derive(Debug)]
pub(super) struct InnerKey<T: 'static> {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) default: &'static str,
    pub(super) example: &'static str,
    pub(super) set: fn(&mut T, Value<'_>) -> Result<(), String>,
    /// The setting as TOML, if it is set.
    pub(super) show: fn(&T) -> Option<String>,
}

impl<T> InnerKey<T> {
    /// Its name within its table: `rate`.
    pub(super) fn short(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, name)| name)
    }

    fn public(&self) -> Key {
        Key { name: self.name, kind: self.kind, default: self.default, example: self.example }
    }
}

/// In the order in which they are printed.
static KEY_LISTS: [&[SettingKey]; 9] = [
    &listed::TARGET,
    &auth::AUTH,
    &listed::RECORDS,
    &listed::BATCH,
    &listed::RETRY,
    &listed::JOURNAL,
    &listed::RUN,
    &proxy::PROXY,
    &traces::TRACES,
];
