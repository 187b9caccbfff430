//! The keys of `[traces]`.

use http::HeaderName;

use super::SettingKey;
use super::auth::{header_and_variable, variable};
use crate::settings::auth::{Auth, SecretSource};
use crate::settings::print::quoted;

pub(super) static TRACES: [SettingKey; 4] = [
    SettingKey {
        name: "traces.endpoint",
        kind: "URL",
        default: "",
        example: "\"http://127.0.0.1:4318/v1/traces\"",
        set: |settings, value| value.parse().map(|url| settings.traces.endpoint = Some(url)),
        show: |settings| settings.traces.endpoint.as_ref().map(|url| quoted(&url.to_string())),
    },
    SettingKey {
        name: "traces.header_env",
        kind: "table",
        default: "",
        example: "{ name = \"X-Api-Key\", env = \"COLLECTOR_KEY\" }",
        set: |settings, value| {
            let (name, env) = header_and_variable(value)?;
            let name: HeaderName =
                name.parse().map_err(|_| "`name` is not the name of a header".to_owned())?;
            settings.traces.header = Some(Auth::Header(name, variable(env)?));
            Ok(())
        },
        show: |settings| match &settings.traces.header {
            Some(Auth::Header(name, SecretSource::Environment(env))) => {
                Some(format!("{{ name = {}, env = {} }}", quoted(name.as_str()), quoted(env)))
            }
            _ => None,
        },
    },
    SettingKey {
        name: "traces.sample",
        kind: "share",
        default: "",
        example: "\"10%\"",
        set: |settings, value| value.parse().map(|share| settings.traces.sample = Some(share)),
        show: |settings| settings.traces.sample.map(|share| quoted(&share.to_string())),
    },
    SettingKey {
        name: "traces.service",
        kind: "text",
        default: "",
        example: "\"paceline-crm\"",
        set: |settings, value| value.name().map(|name| settings.traces.service = Some(name)),
        show: |settings| settings.traces.service.as_deref().map(quoted),
    },
];
