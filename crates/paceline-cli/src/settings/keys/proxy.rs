//! The keys of `[proxy]` itself.

use std::net::SocketAddr;

use http::HeaderName;

use super::SettingKey;
use crate::settings::print::{quoted, quoted_list};
use crate::units::spelled;
use crate::written::Value;

pub(super) static PROXY: [SettingKey; 12] = [
    SettingKey {
        name: "proxy.to",
        kind: "URL",
        default: "",
        example: "\"https://api.example.com\"",
        set: |settings, value| value.parse().map(|to| settings.proxy.rules.to = Some(to)),
        show: |settings| settings.proxy.rules.to.as_ref().map(|to| quoted(&to.to_string())),
    },
    SettingKey {
        name: "proxy.listen",
        kind: "address",
        default: "\"127.0.0.1:8088\"",
        example: "\"0.0.0.0:8088\"",
        set: |settings, value| address(value).map(|listen| settings.proxy.listen = listen),
        show: |settings| Some(quoted(&settings.proxy.listen.to_string())),
    },
    SettingKey {
        name: "proxy.admin",
        kind: "address",
        default: "",
        example: "\"127.0.0.1:9090\"",
        set: |settings, value| address(value).map(|admin| settings.proxy.admin = Some(admin)),
        show: |settings| settings.proxy.admin.map(|admin| quoted(&admin.to_string())),
    },
    SettingKey {
        name: "proxy.state",
        kind: "path",
        default: "",
        example: "\"proxy.state\"",
        set: |settings, value| value.name().map(|path| settings.proxy.state = Some(path.into())),
        show: |settings| settings.proxy.state.as_ref().map(|path| quoted(&path.display().to_string())),
    },
    SettingKey {
        name: "proxy.patience",
        kind: "time",
        default: "\"30s\"",
        example: "\"2m\"",
        set: |settings, value| value.span().map(|span| settings.proxy.rules.patience = span),
        show: |settings| Some(quoted(&spelled(settings.proxy.rules.patience))),
    },
    SettingKey {
        name: "proxy.client",
        kind: "\"credential\", \"address\" or \"header:NAME\"",
        default: "\"credential\"",
        example: "\"header:x-user\"",
        set: |settings, value| value.parse().map(|client| settings.proxy.rules.client = client),
        show: |settings| Some(quoted(&settings.proxy.rules.client.to_string())),
    },
    SettingKey {
        name: "proxy.credential",
        kind: "list of names of headers",
        default: "[\"authorization\", \"x-api-key\"]",
        example: "[\"x-auth-token\"]",
        set: |settings, value| {
            settings.proxy.rules.credential =
                value.texts()?.into_iter().map(header).collect::<Result<_, _>>()?;
            Ok(())
        },
        show: |settings| Some(quoted_list(settings.proxy.rules.credential.iter().map(HeaderName::as_str))),
    },
    SettingKey {
        name: "proxy.max_waiting",
        kind: "whole number",
        default: "10000",
        example: "500",
        set: |settings, value| value.count().map(|count| settings.proxy.max_waiting = count),
        show: |settings| Some(settings.proxy.max_waiting.to_string()),
    },
    SettingKey {
        name: "proxy.max_body",
        kind: "size",
        default: "\"1MiB\"",
        example: "\"64KiB\"",
        set: |settings, value| value.parse().map(|size| settings.proxy.max_body = size),
        show: |settings| Some(quoted(&settings.proxy.max_body.to_string())),
    },
    SettingKey {
        name: "proxy.max_held",
        kind: "size",
        default: "\"256MiB\"",
        example: "\"1GiB\"",
        set: |settings, value| value.parse().map(|size| settings.proxy.max_held = size),
        show: |settings| Some(quoted(&settings.proxy.max_held.to_string())),
    },
    SettingKey {
        name: "proxy.max_connections",
        kind: "whole number",
        default: "10000",
        example: "1000",
        set: |settings, value| value.count().map(|count| settings.proxy.max_connections = count),
        show: |settings| Some(settings.proxy.max_connections.to_string()),
    },
    SettingKey {
        name: "proxy.drain",
        kind: "time",
        default: "\"30s\"",
        example: "\"5s\"",
        set: |settings, value| value.span().map(|span| settings.proxy.drain = span),
        show: |settings| Some(quoted(&spelled(settings.proxy.drain))),
    },
];

fn address(value: Value<'_>) -> Result<SocketAddr, String> {
    let text = value.text()?.trim();
    text.parse().map_err(|_| {
        format!("`{text}` is not an address; write numbers and a port, such as 127.0.0.1:8088 or [::1]:8088")
    })
}

fn header(name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| format!("`{name}` is not the name of a header; write \"x-api-key\" or the like"))
}
