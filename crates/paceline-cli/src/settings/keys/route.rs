//! The keys of `[proxy.route."PREFIX"]`.

use super::InnerKey;
use crate::proxy::rules::Route;
use crate::settings::print::quoted;

/// The keys of a route.
pub(in crate::settings) static ROUTE_KEYS: [InnerKey<Route>; 2] = [
    InnerKey {
        name: "proxy.route.PREFIX.to",
        kind: "URL",
        default: "",
        example: "\"https://login.example.com\"",
        set: |route, value| value.parse().map(|to| route.to = Some(to)),
        show: |route| route.to.as_ref().map(|to| quoted(&to.to_string())),
    },
    InnerKey {
        name: "proxy.route.PREFIX.paced",
        kind: "true or false",
        default: "true",
        example: "false",
        set: |route, value| value.boolean().map(|is_paced| route.is_paced = is_paced),
        show: |route| Some(route.is_paced.to_string()),
    },
];
