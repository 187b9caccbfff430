//! `[[published]]`: how one limit is published.

use paceline_core::headers::vendor::{Pairs, Ratio};
use paceline_core::headers::x_ratelimit::{About, TimeField, Triple};
use paceline_core::profile::Family;

use super::values::{form, header, name, scope, time, unit};
use crate::written::{Section, Value};

#[derive(Clone, Copy)]
enum Form {
    Headers,
    Ratio,
    Pairs,
}

impl Form {
    const ALL: [Self; 3] = [Self::Headers, Self::Ratio, Self::Pairs];

    const fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Ratio => "ratio",
            Self::Pairs => "pairs",
        }
    }

    /// The keys that it does not take.
    const fn foreign(self) -> &'static [&'static str] {
        match self {
            Self::Headers => &["header", "key"],
            Self::Ratio => {
                &["limit", "remaining", "used", "reset", "reset_form", "period_header", "period_form"]
            }
            Self::Pairs => &["key", "used", "period_header", "period_form"],
        }
    }
}

/// Reads one of them.
pub(super) fn family(section: &Section<'_>) -> Option<Family> {
    let form = match section.has("form") {
        true => section.optional("form", |value| value.one_of(&Form::ALL, Form::name))?,
        false => Form::Headers,
    };
    refuse_foreign(section, form);
    let about = About {
        scope: section.optional("scope", scope),
        unit: section.optional("unit", unit).unwrap_or_default(),
        period: section.optional("period", time),
    };
    match form {
        Form::Headers => triple(section, about).map(Family::Triple),
        Form::Ratio => {
            let header = section.required("header", header);
            let key = section.optional("key", name);
            Some(Family::Ratio(Ratio { header: header?, key, about }))
        }
        Form::Pairs => {
            let header = section.required("header", header);
            let limit = section.optional("limit", name);
            let remaining = section.optional("remaining", name);
            let reset = time_field(section, "reset", "reset_form", name);
            if limit.is_none() && remaining.is_none() && reset.is_none() {
                refuse_empty(section);
            }
            Some(Family::Pairs(Pairs { header: header?, limit, remaining, reset, about }))
        }
    }
}

fn triple(section: &Section<'_>, about: About) -> Option<Triple> {
    let triple = Triple {
        limit: section.optional("limit", header),
        remaining: section.optional("remaining", header),
        used: section.optional("used", header),
        reset: time_field(section, "reset", "reset_form", header),
        period: time_field(section, "period_header", "period_form", header),
        about,
    };
    let says_something = ["limit", "remaining", "used", "reset"].iter().any(|key| section.has(key));
    if !says_something {
        refuse_empty(section);
    }
    says_something.then_some(triple)
}

/// A name and the form of what it names: one is nothing without the other.
fn time_field(
    section: &Section<'_>,
    key: &str,
    form_key: &str,
    name: fn(Value<'_>) -> Result<String, String>,
) -> Option<TimeField> {
    if !section.has(key) && !section.has(form_key) {
        return None;
    }
    let name = section.required(key, name);
    let form = section.required(form_key, form);
    Some(TimeField { name: name?, form: form? })
}

fn refuse_foreign(section: &Section<'_>, form: Form) {
    for key in form.foreign().iter().filter(|key| section.has(key)) {
        let message = format!("`{key}` says nothing where form is \"{}\"", form.name());
        section.refuse(key, message, "leave it out, or write another form");
    }
}

fn refuse_empty(section: &Section<'_>) {
    let message = "this limit publishes nothing";
    section.refuse("", message, "write limit, remaining or reset");
}
