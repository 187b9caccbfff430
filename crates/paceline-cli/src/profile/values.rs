//! What the keys of a profile take.

use std::num::NonZeroU16;
use std::time::Duration;

use http::HeaderName;
use paceline_core::ScopeKind;
use paceline_core::headers::{QuotaUnit, ResetForm};
use paceline_core::profile::Pattern;

use super::changes::List;
use crate::settings::JsonPointer;
use crate::written::{Value, Written, no_choice};

/// The name of a header, in small letters.
pub(super) fn header(value: Value<'_>) -> Result<String, String> {
    let text = value.text()?;
    let name: HeaderName = text.parse().map_err(|_| format!("`{text}` is not the name of a header"))?;
    Ok(name.as_str().to_owned())
}

/// A JSON pointer.
pub(super) fn pointer(value: Value<'_>) -> Result<String, String> {
    value.parse::<JsonPointer>().map(|pointer| pointer.to_string())
}

/// A text that is not empty.
pub(super) fn name(value: Value<'_>) -> Result<String, String> {
    value.name()
}

/// True or false.
pub(super) fn truth(value: Value<'_>) -> Result<bool, String> {
    value.boolean()
}

/// A span of time that is not zero.
pub(super) fn time(value: Value<'_>) -> Result<Duration, String> {
    let span = value.span()?;
    if span.is_zero() { Err("it must be longer than 0".to_owned()) } else { Ok(span) }
}

/// A path of a URL.
pub(super) fn path(value: Value<'_>) -> Result<String, String> {
    let text = value.name()?;
    match text.starts_with('/') && !text.contains(['?', '#']) {
        true => Ok(text),
        false => Err(format!("`{text}` is not a path; write one that begins with / and has no query")),
    }
}

/// A status of HTTP.
pub(super) fn status(value: Value<'_>) -> Result<u16, String> {
    let status: NonZeroU16 = value.count()?;
    match status.get() {
        status @ 100..=999 => Ok(status),
        other => Err(format!("`{other}` is not a status; write one from 100 to 999")),
    }
}

/// A form of a time.
pub(super) fn form(value: Value<'_>) -> Result<ResetForm, String> {
    value.one_of(&ResetForm::ALL, ResetForm::name)
}

/// A form of a time; None for the reset of a published limit.
pub(super) fn form_or_reset(value: Value<'_>) -> Result<Option<ResetForm>, String> {
    if value.text()? == RESET {
        return Ok(None);
    }
    let known = ResetForm::ALL.into_iter().find(|form| form.name() == value.text().unwrap_or_default());
    let names = ResetForm::ALL.into_iter().map(ResetForm::name).chain([RESET]);
    known.map(Some).ok_or_else(|| no_choice(value.text().unwrap_or_default(), names))
}

/// One of the scopes.
pub(super) fn scope(value: Value<'_>) -> Result<ScopeKind, String> {
    value.one_of(&ScopeKind::ALL, ScopeKind::name)
}

/// What a limit counts.
pub(super) fn unit(value: Value<'_>) -> Result<QuotaUnit, String> {
    value.one_of(&UNITS, unit_name)
}

/// The lists that are left out: one name, or several with commas.
pub(super) fn lists(value: Value<'_>) -> Result<Vec<List>, String> {
    let known = |name: &str| List::ALL.into_iter().find(|list| list.name() == name);
    let names = value.text()?.split(',').map(str::trim);
    names.map(|name| known(name).ok_or_else(|| no_choice(name, List::ALL.map(List::name)))).collect()
}

/// What may stand in a place, and the scope that it names; the most exact first.
pub(super) fn scopes(value: Value<'_>) -> Result<Vec<(Pattern, ScopeKind)>, String> {
    let Written::Table(pairs) = value.written else { return Err(value.mistaken()) };
    let scope = |(text, kind): &(String, String)| match ScopeKind::from_name(kind) {
        Some(kind) => Ok((Pattern::new(text.as_str()), kind)),
        None => Err(format!("{text}: {}", no_choice(kind, ScopeKind::ALL.map(ScopeKind::name)))),
    };
    let mut scopes: Vec<_> = pairs.iter().map(scope).collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        return Err(format!("no values; write, for instance, {}", value.example));
    }
    scopes.sort_by_key(|(pattern, _)| {
        let text = pattern.as_str();
        (text.ends_with('*'), std::cmp::Reverse(text.len()))
    });
    Ok(scopes)
}

const fn unit_name(unit: QuotaUnit) -> &'static str {
    match unit {
        QuotaUnit::Requests => "requests",
        QuotaUnit::Cost => "cost",
        QuotaUnit::Bytes => "bytes",
        QuotaUnit::Concurrent => "concurrent",
    }
}

const UNITS: [QuotaUnit; 4] = [QuotaUnit::Requests, QuotaUnit::Cost, QuotaUnit::Bytes, QuotaUnit::Concurrent];
/// The wait is the reset of a published limit.
const RESET: &str = "reset";
