//! The keys of a scenario: one list for the file, its errors and the documentation.

/// A key of a scenario.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its table; empty for those above the first one.
    pub table: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it takes: "text", "rate", "time" and so on.
    pub kind: &'static str,
    /// Its default as TOML; empty where there is none.
    pub default: &'static str,
    /// An example as TOML.
    pub example: &'static str,
}

/// The key of a table.
///
/// # Panics
/// When there is none.
pub(super) fn find(table: &str, name: &str) -> Key {
    *of(table).find(|key| key.name == name).expect("only keys of the list are read")
}

/// The keys of a table.
pub(super) fn of(table: &str) -> impl Iterator<Item = &'static Key> + Clone {
    KEYS.iter().filter(move |key| key.table == table)
}

/// The tables, in order; the first is the whole file.
pub(super) fn tables() -> impl Iterator<Item = &'static str> + Clone {
    let is_first = |at: usize| at == 0 || KEYS[at - 1].table != KEYS[at].table;
    (0..KEYS.len()).filter(move |&at| is_first(at)).map(|at| KEYS[at].table)
}

/// Whether there may be several of a table: `[[limit]]`.
pub(super) fn is_list(table: &str) -> bool {
    ["limit", "fault", "outage", "change"].contains(&table)
}

const fn key(
    table: &'static str,
    name: &'static str,
    kind: &'static str,
    default: &'static str,
    example: &'static str,
) -> Key {
    Key { table, name, kind, default, example }
}

/// All keys, table by table.
pub static KEYS: [Key; 47] = [
    key("", "name", "text", "", "\"founding\""),
    key("", "about", "text", "", "\"500 users sync 2 KB each against 120 calls a second.\""),
    key("", "records", "whole number", "", "12000"),
    key("", "payload", "size", "", "\"2KB\""),
    key("", "repeatable", "true or false", "true", "false"),
    key("", "believed", "rate", "", "\"120/s\""),
    key("", "believed_burst", "whole number", "", "50"),
    key("users", "count", "whole number", "", "500"),
    key("users", "think", "time or range", "\"0s\"", "\"1s..5s\""),
    key("arrivals", "rate", "rate", "", "\"100/s\""),
    key("callers", "credentials", "whole number", "1", "24"),
    key("callers", "integrations", "whole number", "1", "3"),
    key("callers", "endpoints", "whole number", "1", "4"),
    key("network", "uplink", "time or range", "\"0s\"", "\"10ms..30ms\""),
    key("network", "downlink", "time or range", "\"0s\"", "\"10ms..30ms\""),
    key("network", "round_trip", "time or range", "", "\"20ms..60ms\""),
    key("platform", "latency", "time or range", "\"0s\"", "\"30ms..80ms\""),
    key("platform", "retry_after", "form", "\"seconds\"", "\"date\""),
    key("platform", "publish", "form", "\"none\"", "\"draft-8\""),
    key("platform", "ban", "early returns in a time", "", "\"20/60s\""),
    key("platform", "body_limit", "size", "\"512KB\"", "\"1MB\""),
    key("limit", "name", "text", "", "\"executions\""),
    key("limit", "scope", "scope", "\"credential\"", "\"tenant\""),
    key("limit", "kind", "kind of limit", "\"token-bucket\"", "\"sliding-log\""),
    key("limit", "rate", "rate", "", "\"120/s\""),
    key("limit", "burst", "whole number", "", "120"),
    key("limit", "queue", "whole number", "", "60"),
    key("limit", "phase", "time", "\"0s\"", "\"18s\""),
    key("limit", "slots", "whole number", "", "50"),
    key("limit", "counts_refused", "true or false", "false", "true"),
    key("bulk", "items", "whole number", "", "100"),
    key("bulk", "bytes", "size", "", "\"512KB\""),
    key("bulk", "cost", "\"call\" or \"item\"", "\"call\"", "\"item\""),
    key("bulk", "linger", "time", "\"200ms\"", "\"1s\""),
    key("foreign", "rate", "rate", "", "\"40/s\""),
    key("fault", "kind", "kind of fault", "", "\"lost-reply\""),
    key("fault", "every", "whole number", "", "100"),
    key("fault", "share", "share", "", "\"1%\""),
    key("outage", "from", "time", "", "\"30s\""),
    key("outage", "until", "time", "", "\"50s\""),
    key("outage", "kind", "\"reset\" or \"503\"", "\"reset\"", "\"503\""),
    key("change", "at", "time", "", "\"60s\""),
    key("change", "limit", "name or place of a limit", "", "1"),
    key("change", "rate", "rate", "", "\"60/s\""),
    key("change", "burst", "whole number", "", "60"),
    key("change", "queue", "whole number", "", "30"),
    key("change", "slots", "whole number", "", "25"),
];
