//! The keys of every table but `[auth]`, `[limits]` and `[proxy]`.

use std::num::NonZeroU32;
use std::time::Duration;

use http::{HeaderName, Method};
use paceline_core::OnUncertain;

use super::SettingKey;
use crate::profile;
use crate::settings::model::IdempotencyKey;
use crate::settings::print::{quoted, quoted_template};
use crate::units::spelled;
use crate::written::{Value, Written};

pub(super) static TARGET: [SettingKey; 7] = [
    SettingKey {
        name: "target.url",
        kind: "template of a URL",
        default: "",
        example: "\"https://api.example.com/v1/airports/{{ iata }}\"",
        set: |settings, value| value.parse().map(|url| settings.target.url = Some(url)),
        show: |settings| settings.target.url.as_ref().map(|url| quoted(url.as_str())),
    },
    SettingKey {
        name: "target.method",
        kind: "method",
        default: "\"POST\"",
        example: "\"PUT\"",
        set: |settings, value| method(value.text()?).map(|method| settings.target.method = method),
        show: |settings| Some(quoted(settings.target.method.as_str())),
    },
    SettingKey {
        name: "target.body",
        kind: "template",
        default: "",
        example: "'{\"code\": \"{{ iata }}\", \"latitude\": {{ latitude }}}'",
        set: |settings, value| value.text().map(|text| settings.target.body = Some(text.to_owned())),
        show: |settings| settings.target.body.as_deref().map(quoted_template),
    },
    SettingKey {
        name: "target.cost",
        kind: "whole number or template",
        default: "1",
        example: "\"{{ points }}\"",
        set: |settings, value| {
            let text = match value.written {
                Written::Integer(_) => value.count::<NonZeroU32>()?.to_string(),
                _ => value.name()?,
            };
            settings.target.cost = (text != "1").then_some(text);
            Ok(())
        },
        show: |settings| settings.target.cost.as_deref().map(quoted_template),
    },
    SettingKey {
        name: "target.connect_timeout",
        kind: "time",
        default: "\"10s\"",
        example: "\"3s\"",
        set: |settings, value| some_time(value.span()?).map(|span| settings.target.timeouts.connect = span),
        show: |settings| Some(quoted(&spelled(settings.target.timeouts.connect))),
    },
    SettingKey {
        name: "target.timeout",
        kind: "time",
        default: "\"1m\"",
        example: "\"20s\"",
        set: |settings, value| some_time(value.span()?).map(|span| settings.target.timeouts.attempt = span),
        show: |settings| Some(quoted(&spelled(settings.target.timeouts.attempt))),
    },
    SettingKey {
        name: "target.profile",
        kind: "name or path",
        default: "",
        example: "\"github\"",
        set: |settings, value| {
            let name = value.name()?;
            if !profile::is_path(&name) {
                profile::named(&name).map_err(|error| error.to_string())?;
            }
            settings.target.profile = Some(name);
            Ok(())
        },
        show: |settings| settings.target.profile.as_deref().map(quoted),
    },
];

pub(super) static RECORDS: [SettingKey; 3] = [
    SettingKey {
        name: "records.format",
        kind: "format",
        default: "",
        example: "\"jsonl\"",
        set: |settings, value| value.parse().map(|format| settings.records.format = Some(format)),
        show: |settings| settings.records.format.map(|format| quoted(format.name())),
    },
    SettingKey {
        name: "records.key",
        kind: "name of a field",
        default: "",
        example: "\"iata\"",
        set: |settings, value| value.name().map(|name| settings.records.key = Some(name)),
        show: |settings| settings.records.key.as_deref().map(quoted),
    },
    SettingKey {
        name: "records.order_by",
        kind: "name of a field",
        default: "",
        example: "\"state\"",
        set: |settings, value| value.name().map(|name| settings.records.order_by = Some(name)),
        show: |settings| settings.records.order_by.as_deref().map(quoted),
    },
];

pub(super) static BATCH: [SettingKey; 7] = [
    SettingKey {
        name: "batch.count",
        kind: "whole number",
        default: "1",
        example: "100",
        set: |settings, value| value.count().map(|count| settings.batch.count = count),
        show: |settings| Some(settings.batch.count.to_string()),
    },
    SettingKey {
        name: "batch.bytes",
        kind: "size",
        default: "",
        example: "\"512KB\"",
        set: |settings, value| match value.parse()? {
            crate::units::Size(0) => Err("a batch of no bytes holds nothing; write \"512KB\"".to_owned()),
            size => {
                settings.batch.bytes = Some(size);
                Ok(())
            }
        },
        show: |settings| settings.batch.bytes.map(|size| quoted(&size.to_string())),
    },
    SettingKey {
        name: "batch.linger",
        kind: "time",
        default: "\"200ms\"",
        example: "\"1s\"",
        set: |settings, value| value.span().map(|span| settings.batch.linger = span),
        show: |settings| Some(quoted(&spelled(settings.batch.linger))),
    },
    SettingKey {
        name: "batch.body",
        kind: "template",
        default: "",
        example: "'{\"items\": {{ records }}}'",
        set: |settings, value| value.text().map(|text| settings.batch.body = Some(text.to_owned())),
        show: |settings| settings.batch.body.as_deref().map(quoted_template),
    },
    SettingKey {
        name: "batch.items",
        kind: "JSON pointer",
        default: "",
        example: "\"/results\"",
        set: |settings, value| value.parse().map(|pointer| settings.batch.items = Some(pointer)),
        show: |settings| settings.batch.items.as_ref().map(|pointer| quoted(&pointer.to_string())),
    },
    SettingKey {
        name: "batch.item_key",
        kind: "JSON pointer",
        default: "",
        example: "\"/id\"",
        set: |settings, value| value.parse().map(|pointer| settings.batch.item_key = Some(pointer)),
        show: |settings| settings.batch.item_key.as_ref().map(|pointer| quoted(&pointer.to_string())),
    },
    SettingKey {
        name: "batch.item_retryable",
        kind: "JSON pointer",
        default: "",
        example: "\"/error/retryable\"",
        set: |settings, value| value.parse().map(|pointer| settings.batch.item_retryable = Some(pointer)),
        show: |settings| settings.batch.item_retryable.as_ref().map(|pointer| quoted(&pointer.to_string())),
    },
];

pub(super) static RETRY: [SettingKey; 4] = [
    SettingKey {
        name: "retry.max_wait",
        kind: "time",
        default: "\"3m\"",
        example: "\"10m\"",
        set: |settings, value| value.span().map(|span| settings.retry.max_wait = span),
        show: |settings| Some(quoted(&spelled(settings.retry.max_wait))),
    },
    SettingKey {
        name: "retry.max_attempts",
        kind: "whole number",
        default: "10",
        example: "20",
        set: |settings, value| value.count().map(|count| settings.retry.max_attempts = count),
        show: |settings| Some(settings.retry.max_attempts.to_string()),
    },
    SettingKey {
        name: "retry.on_uncertain",
        kind: "\"retry\" or \"hold\"",
        default: "",
        example: "\"hold\"",
        set: |settings, value| on_uncertain(value).map(|choice| settings.retry.on_uncertain = Some(choice)),
        show: |settings| settings.retry.on_uncertain.map(shown_on_uncertain),
    },
    SettingKey {
        name: "retry.idempotency_key",
        kind: "true, false or the name of a header",
        default: "false",
        example: "\"Idempotency-Key\"",
        set: |settings, value| idempotency_key(value).map(|key| settings.retry.idempotency_key = key),
        show: |settings| match &settings.retry.idempotency_key {
            IdempotencyKey::Off => Some("false".to_owned()),
            IdempotencyKey::Header(name) => Some(quoted(name.as_str())),
        },
    },
];

pub(super) static JOURNAL: [SettingKey; 1] = [SettingKey {
    name: "journal.path",
    kind: "path",
    default: "",
    example: "\"airports.journal\"",
    set: |settings, value| value.name().map(|path| settings.journal.path = Some(path.into())),
    show: |settings| settings.journal.path.as_ref().map(|path| quoted(&path.display().to_string())),
}];

pub(super) static RUN: [SettingKey; 5] = [
    SettingKey {
        name: "run.workers",
        kind: "whole number",
        default: "64",
        example: "500",
        set: |settings, value| value.count().map(|count| settings.run.workers = count),
        show: |settings| Some(settings.run.workers.to_string()),
    },
    SettingKey {
        name: "run.max_rate",
        kind: "rate",
        default: "",
        example: "\"100/s\"",
        set: |settings, value| value.parse().map(|rate| settings.run.max_rate = Some(rate)),
        show: |settings| settings.run.max_rate.map(|rate| quoted(&rate.to_string())),
    },
    SettingKey {
        name: "run.max_in_flight",
        kind: "whole number",
        default: "",
        example: "50",
        set: |settings, value| value.count().map(|count| settings.run.max_in_flight = Some(count)),
        show: |settings| settings.run.max_in_flight.map(|count| count.to_string()),
    },
    SettingKey {
        name: "run.reserve",
        kind: "share",
        default: "",
        example: "\"20%\"",
        set: |settings, value| value.reserve().map(|share| settings.run.reserve = Some(share)),
        show: |settings| settings.run.reserve.map(|share| quoted(&share.to_string())),
    },
    SettingKey {
        name: "run.max_dead",
        kind: "share",
        default: "\"5%\"",
        example: "\"1%\"",
        set: |settings, value| value.parse().map(|share| settings.run.max_dead = share),
        show: |settings| Some(quoted(&settings.run.max_dead.to_string())),
    },
];

pub(super) fn method(text: &str) -> Result<Method, String> {
    if text.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(format!("`{text}` is not a method; write `{}`", text.to_ascii_uppercase()));
    }
    text.parse().map_err(|_| format!("`{text}` is not a method; write POST, PUT, PATCH or the like"))
}

pub(super) fn on_uncertain(value: Value<'_>) -> Result<OnUncertain, String> {
    match value.text()? {
        "retry" => Ok(OnUncertain::Retry),
        "hold" => Ok(OnUncertain::Hold),
        other => Err(format!(
            "`{other}` is not a choice; write \"retry\" to send again what may have been applied, or \"hold\" to report it"
        )),
    }
}

pub(super) fn shown_on_uncertain(choice: OnUncertain) -> String {
    match choice {
        OnUncertain::Retry => quoted("retry"),
        OnUncertain::Hold => quoted("hold"),
    }
}

fn idempotency_key(value: Value<'_>) -> Result<IdempotencyKey, String> {
    let text = match value.written {
        Written::Boolean(true) => "true",
        Written::Boolean(false) => "false",
        _ => value.text()?,
    };
    match text {
        "true" => Ok(IdempotencyKey::Header(IdempotencyKey::USUAL_HEADER)),
        "false" => Ok(IdempotencyKey::Off),
        name => name
            .parse::<HeaderName>()
            .map(IdempotencyKey::Header)
            .map_err(|_| format!("`{name}` is not the name of a header; write true or \"Idempotency-Key\"")),
    }
}

/// Nothing can be done in no time.
fn some_time(span: Duration) -> Result<Duration, String> {
    if span.is_zero() { Err("it must be longer than 0".to_owned()) } else { Ok(span) }
}
