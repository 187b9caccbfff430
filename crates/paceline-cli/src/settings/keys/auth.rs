//! The keys of `[auth]`. Their errors quote nothing: somebody may have written the secret itself.

use http::HeaderName;

use super::SettingKey;
use crate::settings::auth::{Auth, SecretSource};
use crate::settings::print::quoted;
use crate::written::{Value, Written};

pub(super) static AUTH: [SettingKey; 5] = [
    SettingKey {
        name: "auth.bearer_env",
        kind: "name of a variable",
        default: "",
        example: "\"API_TOKEN\"",
        set: |settings, value| {
            variable(value.text()?).map(|source| settings.auth = Some(Auth::Bearer(source)))
        },
        show: |settings| match &settings.auth {
            Some(Auth::Bearer(SecretSource::Environment(name))) => Some(quoted(name)),
            _ => None,
        },
    },
    SettingKey {
        name: "auth.bearer_file",
        kind: "path",
        default: "",
        example: "\"/run/secrets/api-token\"",
        set: |settings, value| {
            let source = SecretSource::File(value.name()?.into());
            settings.auth = Some(Auth::Bearer(source));
            Ok(())
        },
        show: |settings| match &settings.auth {
            Some(Auth::Bearer(SecretSource::File(path))) => Some(quoted(&path.display().to_string())),
            _ => None,
        },
    },
    SettingKey {
        name: "auth.basic_env",
        kind: "name of a variable",
        default: "",
        example: "\"API_LOGIN\"",
        set: |settings, value| {
            variable(value.text()?).map(|source| settings.auth = Some(Auth::Basic(source)))
        },
        show: |settings| match &settings.auth {
            Some(Auth::Basic(SecretSource::Environment(name))) => Some(quoted(name)),
            _ => None,
        },
    },
    SettingKey {
        name: "auth.header_env",
        kind: "table",
        default: "",
        example: "{ name = \"X-Api-Key\", env = \"API_KEY\" }",
        set: |settings, value| {
            let (name, env) = header_and_variable(value)?;
            let name: HeaderName =
                name.parse().map_err(|_| "`name` is not the name of a header".to_owned())?;
            settings.auth = Some(Auth::Header(name, variable(env)?));
            Ok(())
        },
        show: |settings| match &settings.auth {
            Some(Auth::Header(name, SecretSource::Environment(env))) => {
                Some(format!("{{ name = {}, env = {} }}", quoted(name.as_str()), quoted(env)))
            }
            _ => None,
        },
    },
    SettingKey {
        name: "auth.name",
        kind: "text",
        default: "",
        example: "\"crm\"",
        set: |settings, value| {
            let name = value.text()?;
            let is_name = !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME;
            if !is_name || name.chars().any(char::is_control) {
                return Err(format!(
                    "not a name; write 1 to {LONGEST_NAME} characters, and not the secret itself"
                ));
            }
            settings.auth_name = Some(name.trim().to_owned());
            Ok(())
        },
        show: |settings| settings.auth_name.as_deref().map(quoted),
    },
];

/// It stands in every report.
const LONGEST_NAME: usize = 64;

/// `{ name = "X-Api-Key", env = "API_KEY" }`, or `X-Api-Key=API_KEY` where there are no tables.
pub(super) fn header_and_variable(value: Value<'_>) -> Result<(&str, &str), String> {
    match value.written {
        Written::Loose(text) => text
            .split_once('=')
            .map(|(name, env)| (name.trim(), env.trim()))
            .ok_or_else(|| "write the header and the variable as X-Api-Key=API_KEY".to_owned()),
        Written::Table(pairs) => {
            let find = |key: &str| {
                let pair = pairs.iter().find(|(name, _)| name == key);
                pair.map(|(_, text)| text.as_str())
                    .ok_or_else(|| format!("`{key}` is missing; write {}", value.example))
            };
            match pairs.iter().find(|(name, _)| name != "name" && name != "env") {
                Some((other, _)) => Err(format!("there is no key `{other}` here; write {}", value.example)),
                None => Ok((find("name")?, find("env")?)),
            }
        }
        _ => Err(value.mistaken()),
    }
}

pub(super) fn variable(name: &str) -> Result<SecretSource, String> {
    let is_name = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    if name.is_empty() || !is_name || name.starts_with(|char: char| char.is_ascii_digit()) {
        return Err(
            "not the name of an environment variable; write the name, not the secret itself".to_owned()
        );
    }
    Ok(SecretSource::Environment(name.to_owned()))
}
