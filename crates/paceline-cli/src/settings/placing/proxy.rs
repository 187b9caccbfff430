//! The tables of `[proxy]` that a user names: routes and rules.

use super::{Wrong, inner_key, set_inner, unknown, unknown_key};
use crate::proxy::rules::{NotAPattern, PathPrefix, Route, Rule, is_plain_name};
use crate::settings::keys::{ROUTE_KEYS, RULE_KEYS};
use crate::settings::model::Settings;
use crate::written::Written;

/// Sets `key` of the route of `prefix`.
pub(super) fn set_route(
    settings: &mut Settings,
    prefix: &str,
    key: &str,
    written: &Written,
) -> Result<(), Wrong> {
    let key = inner_key(&ROUTE_KEYS, key, "in a route")?;
    let routes = &mut settings.proxy.rules.routes;
    let at = routes.iter().position(|route| route.prefix.as_str() == prefix);
    let at = match at {
        Some(at) => at,
        None => {
            routes.push(Route::new(parse_prefix(prefix)?));
            routes.len() - 1
        }
    };
    set_inner(key, &mut routes[at], written)
}

/// Sets `key` of the rule called `name`.
pub(super) fn set_rule(
    settings: &mut Settings,
    name: &str,
    key: &str,
    written: &Written,
) -> Result<(), Wrong> {
    let key = inner_key(&RULE_KEYS, key, "in a rule")?;
    let rules = &mut settings.proxy.rules.rules;
    let at = rules.iter().position(|rule| rule.name == name).unwrap_or_else(|| {
        rules.push(Rule::new(name));
        rules.len() - 1
    });
    set_inner(key, &mut rules[at], written)
}

/// Whether there is a table at `path`, which begins below `proxy`.
pub(super) fn check_table(path: &[&str]) -> Result<(), Wrong> {
    match path {
        ["route" | "rule"] => Ok(()),
        ["route", prefix] => parse_prefix(prefix).map(drop),
        ["rule", name] if is_plain_name(name) => Ok(()),
        ["rule", name] => Err(Wrong::key(
            format!("`{}` is not a name of a rule", name.escape_debug()),
            Some("write a few letters, digits and signs: [proxy.rule.exports]".to_owned()),
        )),
        ["route", _, key] => Err(no_table(inner_key(&ROUTE_KEYS, key, "in a route")?.example, key)),
        ["rule", _, key] => Err(no_table(inner_key(&RULE_KEYS, key, "in a rule")?.example, key)),
        [table] => Err(unknown("table", table, "in [proxy]", ["route", "rule"])),
        _ => Err(unknown_key(&[&["proxy"], path].concat())),
    }
}

/// What to say of a value where routes or rules stand.
pub(super) fn not_a_table(kind: &str, path: &[&str]) -> Wrong {
    let name = path.last().expect("a path has a key");
    let example = if kind == "route" { "proxy.route.\"/oauth/\"" } else { "proxy.rule.exports" };
    let message = format!("`{}` is a table", name.escape_debug());
    Wrong::key(message, Some(format!("write [{example}] and its keys below it")))
}

fn parse_prefix(prefix: &str) -> Result<PathPrefix, Wrong> {
    prefix.parse().map_err(|error: NotAPattern| {
        Wrong::key(error.to_string(), Some("for example [proxy.route.\"/oauth/\"]".to_owned()))
    })
}

fn no_table(example: &str, key: &str) -> Wrong {
    Wrong::key(format!("`{key}` is no table"), Some(format!("write {key} = {example}")))
}
