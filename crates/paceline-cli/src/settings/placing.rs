//! From a key and what is written for it to a setting.

mod proxy;

use paceline_core::ScopeKind;

use super::keys::{InnerKey, SettingKey};
use super::limit::{LIMIT_KEYS, ScopeLimit};
use super::model::Settings;
use crate::written::{Value, Written, closest};

/// Sets the key at `path` to `written`.
pub(super) fn place(settings: &mut Settings, path: &[&str], written: &Written) -> Result<(), Wrong> {
    match path {
        ["target", "headers", name] => set_header(settings, name, written),
        ["limits", kind @ ("tenant" | "credential"), key] => set_limit(settings, kind, None, key, written),
        ["limits", kind @ ("integration" | "endpoint"), name, key] => {
            set_limit(settings, kind, Some(name), key, written)
        }
        ["proxy", "route", prefix, key] => proxy::set_route(settings, prefix, key, written),
        ["proxy", "rule", name, key] => proxy::set_rule(settings, name, key, written),
        ["proxy", kind @ ("route" | "rule")] | ["proxy", kind @ ("route" | "rule"), _] => {
            Err(proxy::not_a_table(kind, path))
        }
        _ => match SettingKey::find(&path.join(".")) {
            Some(key) => {
                let value = Value { written, kind: key.kind, example: key.example };
                (key.set)(settings, value).map_err(Wrong::value)
            }
            None => Err(unknown_key(path)),
        },
    }
}

fn set_header(settings: &mut Settings, name: &str, written: &Written) -> Result<(), Wrong> {
    let value = Value { written, kind: "template", example: "\"{{ id }}\"" };
    let text = value.text().map_err(Wrong::value)?.to_owned();
    settings.target.headers.push((name.to_owned(), text));
    Ok(())
}

fn set_limit(
    settings: &mut Settings,
    kind: &str,
    name: Option<&str>,
    key: &str,
    written: &Written,
) -> Result<(), Wrong> {
    let limit_key = inner_key(&LIMIT_KEYS, key, "in a limit")?;
    let kind = ScopeKind::from_name(kind).expect("the caller names a kind");
    let limits = &mut settings.limits;
    let at = limits.iter().position(|limit| limit.kind == kind && limit.name.as_deref() == name);
    let at = at.unwrap_or_else(|| {
        limits.push(ScopeLimit::new(kind, name));
        limits.len() - 1
    });
    set_inner(limit_key, &mut limits[at], written)
}

/// The one of `keys` that is called `key`.
fn inner_key<T>(keys: &'static [InnerKey<T>], key: &str, place: &str) -> Result<&'static InnerKey<T>, Wrong> {
    let known = keys.iter().map(InnerKey::short);
    keys.iter().find(|known| known.short() == key).ok_or_else(|| unknown("key", key, place, known))
}

fn set_inner<T>(key: &InnerKey<T>, of: &mut T, written: &Written) -> Result<(), Wrong> {
    let value = Value { written, kind: key.kind, example: key.example };
    (key.set)(of, value).map_err(Wrong::value)
}

/// Why a key or value is not taken.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) advice: Option<String>,
    /// Whether the value is wrong, rather than the key.
    pub(super) is_value: bool,
}

impl Wrong {
    fn value(message: String) -> Self {
        Self { message, advice: None, is_value: true }
    }

    pub(super) fn key(message: String, advice: Option<String>) -> Self {
        Self { message, advice, is_value: false }
    }
}

/// Whether there is a table at `path`.
pub(super) fn check_table(path: &[&str]) -> Result<(), Wrong> {
    match path {
        [table] if TABLES.contains(table) => Ok(()),
        ["target", "headers"] | ["limits", "integration", _] => Ok(()),
        ["limits", kind] if ScopeKind::from_name(kind).is_some() => Ok(()),
        ["limits", "endpoint", name] => check_endpoint(name),
        ["proxy", inner @ ..] if !inner.is_empty() => proxy::check_table(inner),
        ["limits", kind] => Err(unknown("table", kind, "in [limits]", ScopeKind::ALL.map(ScopeKind::name))),
        ["target", table] => Err(unknown("table", table, "in [target]", ["headers"])),
        [table] => Err(unknown("table", table, "in a configuration", TABLES)),
        _ => Err(unknown_key(path)),
    }
}

fn check_endpoint(name: &str) -> Result<(), Wrong> {
    if is_endpoint(name) {
        return Ok(());
    }
    Err(Wrong::key(
        format!("`{name}` is not an endpoint"),
        Some("write method and path: [limits.endpoint.\"POST /records\"]".to_owned()),
    ))
}

/// Whether `name` is a method and a path: `POST /records`.
pub(super) fn is_endpoint(name: &str) -> bool {
    name.split_once(' ')
        .is_some_and(|(method, path)| path.starts_with('/') && method.parse::<http::Method>().is_ok())
}

fn unknown_key(path: &[&str]) -> Wrong {
    let (key, tables) = path.split_last().expect("a path has a key");
    let table = tables.join(".");
    if tables.is_empty() && TABLES.contains(key) {
        return Wrong::key(
            format!("`{key}` is a table"),
            Some(format!("write [{key}] and its keys below it")),
        );
    }
    let place = if table.is_empty() { "outside of tables".to_owned() } else { format!("in [{table}]") };
    match SettingKey::all().find(|known| known.short() == *key) {
        Some(elsewhere) => Wrong::key(
            format!("there is no key `{key}` {place}"),
            Some(format!("it belongs under [{}]", elsewhere.table())),
        ),
        None => {
            let in_table = SettingKey::all().filter(|known| known.table() == table).map(SettingKey::short);
            unknown("key", key, &place, in_table)
        }
    }
}

fn unknown<'a>(what: &str, name: &str, place: &str, known: impl IntoIterator<Item = &'a str>) -> Wrong {
    let advice = match closest(name, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "docs/configuration.md lists what there is".to_owned(),
    };
    Wrong::key(format!("there is no {what} `{name}` {place}"), Some(advice))
}

/// The tables of a configuration.
pub(super) const TABLES: [&str; 11] =
    ["target", "profile", "auth", "records", "batch", "limits", "retry", "journal", "run", "proxy", "traces"];
