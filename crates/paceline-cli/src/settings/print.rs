//! The effective configuration, as a file that says the same.

use std::fmt::Write;

use super::keys::{InnerKey, ROUTE_KEYS, RULE_KEYS, SettingKey};
use super::layers::Loaded;
use super::limit::{LIMIT_KEYS, ScopeLimit};

/// The effective configuration as TOML, each line with its origin. Read back, it gives the same settings.
/// It holds no secret, since settings hold none.
#[must_use]
pub fn print_config(loaded: &Loaded) -> String {
    let mut text = String::new();
    print_profile(loaded, &mut text);
    let mut table = "";
    for key in SettingKey::all() {
        let Some(value) = (key.show)(&loaded.settings) else { continue };
        if key.table() != table {
            // Tables in tables follow the keys of their own table.
            print_inner_tables(table, loaded, &mut text);
            table = key.table();
            print_table(table, &mut text);
        }
        print_line(key.short(), &value, &loaded.origin(key.name).to_string(), &mut text);
    }
    print_limits(loaded, &mut text);
    print_proxy(loaded, &mut text);
    text
}

/// `text` as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    // A JSON string is a TOML string, but for DEL.
    let json = serde_json::to_string(text).expect("a text is always JSON");
    json.replace('\u{7f}', "\\u007f")
}

/// `texts` as a TOML list.
pub(super) fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// A template as a TOML string: on lines of its own when it has several.
pub(super) fn quoted_template(text: &str) -> String {
    let is_plain = |char: char| !char.is_control() || char == '\n' || char == '\t';
    if text.contains('\n') && text.chars().all(is_plain) && !text.contains("''") && !text.ends_with('\'') {
        return format!("'''\n{text}'''");
    }
    quoted(text)
}

fn print_inner_tables(table: &str, loaded: &Loaded, text: &mut String) {
    if table != "target" || loaded.settings.target.headers.is_empty() {
        return;
    }
    print_table("target.headers", text);
    for (name, value) in &loaded.settings.target.headers {
        let origin = loaded.origin(&format!("target.headers.{name}")).to_string();
        print_line(&quoted(name), &quoted_template(value), &origin, text);
    }
}

fn print_limits(loaded: &Loaded, text: &mut String) {
    for limit in &loaded.settings.limits {
        print_named(&limit_table(limit), &limit.table(), limit, &LIMIT_KEYS, loaded, text);
    }
}

/// Routes and rules in the order in which they were written, which says what counts.
fn print_proxy(loaded: &Loaded, text: &mut String) {
    let rules = &loaded.settings.proxy.rules;
    for route in &rules.routes {
        let table = format!("proxy.route.{}", quoted(route.prefix.as_str()));
        print_named(&table, &format!("proxy.route.{}", route.prefix), route, &ROUTE_KEYS, loaded, text);
    }
    for rule in &rules.rules {
        let table = format!("proxy.rule.{}", quoted(&rule.name));
        print_named(&table, &format!("proxy.rule.{}", rule.name), rule, &RULE_KEYS, loaded, text);
    }
}

/// The table `table`, whose origins are kept under `path`.
fn print_named<T>(
    table: &str,
    path: &str,
    shown: &T,
    keys: &[InnerKey<T>],
    loaded: &Loaded,
    text: &mut String,
) {
    print_table(table, text);
    for key in keys {
        if let Some(value) = (key.show)(shown) {
            let origin = loaded.origin(&format!("{path}.{}", key.short())).to_string();
            print_line(key.short(), &value, &origin, text);
        }
    }
}

/// As it was written, and first: keys with dots would belong to a table before them.
fn print_profile(loaded: &Loaded, text: &mut String) {
    if let Some(section) = loaded.profile() {
        let origin = one_line(&section.origin.to_string());
        writeln!(text, "# {origin}\n{}", section.text).expect("a String takes any write");
    }
}

fn limit_table(limit: &ScopeLimit) -> String {
    match &limit.name {
        Some(name) => format!("limits.{}.{}", limit.kind, quoted(name)),
        None => format!("limits.{}", limit.kind),
    }
}

fn print_table(table: &str, text: &mut String) {
    let gap = if text.is_empty() { "" } else { "\n" };
    writeln!(text, "{gap}[{table}]").expect("a String takes any write");
}

fn print_line(key: &str, value: &str, origin: &str, text: &mut String) {
    writeln!(text, "{key} = {value} # {}", one_line(origin)).expect("a String takes any write");
}

/// A path with a line break in it must not end the comment.
fn one_line(origin: &str) -> String {
    origin.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}
