//! The keys of a scenario: one list for the file, its errors and the documentation.

pub use crate::written::Key;

use crate::written::KeyList;

/// The keys of scenarios.
pub(super) const LIST: KeyList =
    KeyList { keys: &KEYS, lists: &["limit", "fault", "outage", "change"], page: "docs/scenarios.md" };

/// All keys, table by table.
pub static KEYS: [Key; 48] = [
    Key::new("", "name", "text", "", "\"founding\""),
    Key::new("", "about", "text", "", "\"500 users sync 2 KB each against 120 calls a second.\""),
    Key::new("", "records", "whole number", "", "12000"),
    Key::new("", "payload", "size", "", "\"2KB\""),
    Key::new("", "repeatable", "true or false", "true", "false"),
    Key::new("", "believed", "rate", "", "\"120/s\""),
    Key::new("", "believed_burst", "whole number", "", "50"),
    Key::new("users", "count", "whole number", "", "500"),
    Key::new("users", "think", "time or range", "\"0s\"", "\"1s..5s\""),
    Key::new("arrivals", "rate", "rate", "", "\"100/s\""),
    Key::new("callers", "credentials", "whole number", "1", "24"),
    Key::new("callers", "integrations", "whole number", "1", "3"),
    Key::new("callers", "endpoints", "whole number", "1", "4"),
    Key::new("network", "uplink", "time or range", "\"0s\"", "\"10ms..30ms\""),
    Key::new("network", "downlink", "time or range", "\"0s\"", "\"10ms..30ms\""),
    Key::new("network", "round_trip", "time or range", "", "\"20ms..60ms\""),
    Key::new("platform", "latency", "time or range", "\"0s\"", "\"30ms..80ms\""),
    Key::new("platform", "retry_after", "form", "\"seconds\"", "\"date\""),
    Key::new("platform", "publish", "form", "\"none\"", "\"draft-8\""),
    Key::new("platform", "ban", "early returns in a time", "", "\"20/60s\""),
    Key::new("platform", "clock_behind", "time", "\"0s\"", "\"2min\""),
    Key::new("platform", "body_limit", "size", "\"512KB\"", "\"1MB\""),
    Key::new("limit", "name", "text", "", "\"executions\""),
    Key::new("limit", "scope", "scope", "\"credential\"", "\"tenant\""),
    Key::new("limit", "kind", "kind of limit", "\"token-bucket\"", "\"sliding-log\""),
    Key::new("limit", "rate", "rate", "", "\"120/s\""),
    Key::new("limit", "burst", "whole number", "", "120"),
    Key::new("limit", "queue", "whole number", "", "60"),
    Key::new("limit", "phase", "time", "\"0s\"", "\"18s\""),
    Key::new("limit", "slots", "whole number", "", "50"),
    Key::new("limit", "counts_refused", "true or false", "false", "true"),
    Key::new("bulk", "items", "whole number", "", "100"),
    Key::new("bulk", "bytes", "size", "", "\"512KB\""),
    Key::new("bulk", "cost", "\"call\" or \"item\"", "\"call\"", "\"item\""),
    Key::new("bulk", "linger", "time", "\"200ms\"", "\"1s\""),
    Key::new("foreign", "rate", "rate", "", "\"40/s\""),
    Key::new("fault", "kind", "kind of fault", "", "\"lost-reply\""),
    Key::new("fault", "every", "whole number", "", "100"),
    Key::new("fault", "share", "share", "", "\"1%\""),
    Key::new("outage", "from", "time", "", "\"30s\""),
    Key::new("outage", "until", "time", "", "\"50s\""),
    Key::new("outage", "kind", "\"reset\" or \"503\"", "\"reset\"", "\"503\""),
    Key::new("change", "at", "time", "", "\"60s\""),
    Key::new("change", "limit", "name or place of a limit", "", "1"),
    Key::new("change", "rate", "rate", "", "\"60/s\""),
    Key::new("change", "burst", "whole number", "", "60"),
    Key::new("change", "queue", "whole number", "", "30"),
    Key::new("change", "slots", "whole number", "", "25"),
];
