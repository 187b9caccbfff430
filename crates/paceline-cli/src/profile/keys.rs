//! The keys of a profile.

use crate::written::{Key, KeyList};

/// The keys of profiles.
pub(super) const LIST: KeyList = KeyList {
    keys: &KEYS,
    lists: &["published", "wait", "scope", "disguise", "quota"],
    page: "docs/configuration.md",
};

/// All keys, table by table.
pub static KEYS: [Key; 37] = [
    Key::new("", "name", "text", "", "\"example\""),
    Key::new("", "about", "text", "", "\"The API of example.com, as of 2026.\""),
    Key::new("", "ban_after_refusal", "true or false", "true", "false"),
    Key::new("", "without", "name of a list", "", "\"published\""),
    Key::new("published", "form", "\"headers\", \"ratio\" or \"pairs\"", "\"headers\"", "\"ratio\""),
    Key::new("published", "header", "name of a header", "", "\"X-Api-Call-Limit\""),
    Key::new("published", "key", "text", "", "\"api-usage\""),
    Key::new("published", "limit", "name of a header, or within one", "", "\"X-RateLimit-Limit\""),
    Key::new("published", "remaining", "name of a header, or within one", "", "\"X-RateLimit-Remaining\""),
    Key::new("published", "used", "name of a header", "", "\"X-RateLimit-Used\""),
    Key::new("published", "reset", "name of a header, or within one", "", "\"X-RateLimit-Reset\""),
    Key::new("published", "reset_form", "form of a time", "", "\"epoch-seconds\""),
    Key::new("published", "period_header", "name of a header", "", "\"X-RateLimit-Interval\""),
    Key::new("published", "period_form", "form of a time", "", "\"milliseconds\""),
    Key::new("published", "period", "time", "", "\"1m\""),
    Key::new("published", "scope", "scope", "", "\"credential\""),
    Key::new("published", "unit", "unit", "\"requests\"", "\"cost\""),
    Key::new("wait", "header", "name of a header", "", "\"Retry-After-Ms\""),
    Key::new("wait", "json", "JSON pointer", "", "\"/retry_after\""),
    Key::new("wait", "form", "form of a time, or \"reset\"", "", "\"milliseconds\""),
    Key::new("wait", "time", "time", "", "\"1m\""),
    Key::new("scope", "header", "name of a header", "", "\"X-RateLimit-Scope\""),
    Key::new("scope", "json", "JSON pointer", "", "\"/policyName\""),
    Key::new(
        "scope",
        "values",
        "table of scopes",
        "",
        "{ global = \"credential\", \"route-*\" = \"endpoint\" }",
    ),
    Key::new("disguise", "status", "status", "", "403"),
    Key::new("disguise", "path", "path of a URL", "", "\"/oauth/token\""),
    Key::new("disguise", "header", "name of a header", "", "\"X-RateLimit-Remaining\""),
    Key::new("disguise", "json", "JSON pointer", "", "\"/errors/*/code\""),
    Key::new("disguise", "value", "text", "", "\"0\""),
    Key::new("disguise", "text", "text", "", "\"rate limit exceeded\""),
    Key::new("disguise", "means", "meaning", "", "\"throttled\""),
    Key::new("quota", "scope", "scope", "\"credential\"", "\"tenant\""),
    Key::new("quota", "unit", "unit", "\"requests\"", "\"cost\""),
    Key::new("quota", "rate", "rate", "", "\"300/min\""),
    Key::new("quota", "at_once", "whole number", "", "50"),
    Key::new("cost", "header", "name of a header", "", "\"X-Request-Cost\""),
    Key::new("cost", "json", "JSON pointer", "", "\"/extensions/cost/actualQueryCost\""),
];
