//! `[proxy]`: what is read, what is wrong with it, and what is printed.

use std::time::Duration;

use http::{HeaderMap, Method};
use paceline_cli::proxy::rules::{ClientBy, Rules, SentPath};
use paceline_cli::settings::{Flag, Layers, print_config};
use paceline_cli::units::Size;
use paceline_core::{OnUncertain, Priority};

use super::load;

const WHOLE: &str = r#"
[proxy]
to = "https://api.example.com/base"
listen = "0.0.0.0:80"
patience = "5s"
client = "header:X-User"
credential = ["X-Auth", "x-api-key"]
max_body = "2MiB"

[proxy.rule.exports]
methods = ["POST"]
path = "/api/v2/*/exports/**"
header = "x-integration: crm"
tenant = "header:x-tenant"
endpoint = "endpoint"
cost = 5
priority = "low"

[proxy.route."/oauth/"]
to = "https://login.example.com"
paced = false

[proxy.rule.all]
integration = "crm"
cost = 2
weight = 3
patience = "2m"
on_uncertain = "hold"
"#;

#[test]
fn rules_are_read_in_the_order_in_which_they_are_written() {
    let proxy = load(WHOLE).unwrap().settings.proxy;
    assert_eq!((proxy.listen.port(), proxy.max_body), (80, Size(2 << 20)));
    let rules = &proxy.rules;
    assert_eq!(rules.client, ClientBy::Header("x-user".parse().unwrap()));
    assert_eq!(rules.credential, ["x-auth", "x-api-key"]);
    assert_eq!(rules.rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>(), ["exports", "all"]);

    let headers: HeaderMap = [("x-integration", "crm"), ("x-tenant", "acme")]
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .into_iter()
        .collect();
    let path = SentPath::read("/api/v2/7/exports").unwrap();
    let ruled = rules.of(&Method::POST, &path, &headers);
    assert_eq!(ruled.tenant.as_deref(), Some("acme"));
    assert_eq!(ruled.integration.as_deref(), Some("crm"));
    assert_eq!(ruled.endpoint.as_deref(), Some("POST /api/v2/*/exports/**"));
    assert_eq!((ruled.cost.get(), ruled.weight.get(), ruled.priority), (5, 3, Priority::Low));
    assert_eq!((ruled.patience, ruled.on_uncertain), (Duration::from_secs(120), Some(OnUncertain::Hold)));

    let routed = rules.route(&path).unwrap();
    let uri = routed.to.uri(&path, None).unwrap();
    assert_eq!(
        (uri.to_string().as_str(), routed.is_paced),
        ("https://api.example.com/base/api/v2/7/exports", true)
    );
    let token = SentPath::read("/oauth/token").unwrap();
    assert_eq!(
        (rules.route(&token).unwrap().to.to_string().as_str(), rules.route(&token).unwrap().is_paced),
        ("https://login.example.com", false)
    );
}

#[test]
fn without_a_table_the_rules_say_nothing() {
    let rules = load("").unwrap().settings.proxy.rules;
    assert_eq!(rules, Rules::default());
    assert_eq!((rules.to, rules.patience), (None, Duration::from_secs(30)));
}

#[test]
fn environment_and_flags_set_the_keys_of_the_table_itself() {
    let variables = [
        ("PACELINE_PROXY_CREDENTIAL", "x-auth, x-api-key"),
        ("PACELINE_PROXY_LISTEN", "[::1]:8088"),
        ("PACELINE_PROXY_MAX_WAITING", "7"),
        ("PACELINE_PROXY_TO", "https://other.example.com"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let flag = Flag { flag: "--to", key: "proxy.to", value: "http://localhost:8080".to_owned() };
    let loaded = Layers::new().with_environment(variables).with_flags([flag]).resolve().unwrap();
    let proxy = loaded.settings.proxy;
    assert_eq!(proxy.rules.credential, ["x-auth", "x-api-key"]);
    assert_eq!((proxy.listen.to_string().as_str(), proxy.max_waiting.get()), ("[::1]:8088", 7));
    assert_eq!(proxy.rules.to.unwrap().to_string(), "http://localhost:8080");
}

#[test]
fn impossible_values_are_named_with_what_to_write() {
    let values = [
        "to = \"api.example.com\"",
        "to = \"https://api.example.com/?a=b\"",
        "listen = \"localhost:8088\"",
        "listen = 8088",
        "admin = \"9090\"",
        "client = \"ip\"",
        "client = \"header:cookie\"",
        "credential = []",
        "credential = [\"a b\"]",
        "credential = [1]",
        "credential = true",
        "max_body = \"much\"",
        "max_waiting = 0",
        "patience = 30",
        "route.\"/oauth\".paced = \"no\"",
        "route.\"/oauth\".to = \"https://h/../x\"",
        "rule.a.methods = [\"post\"]",
        "rule.a.methods = []",
        "rule.a.path = \"api\"",
        "rule.a.path = \"/api/**/x\"",
        "rule.a.path = \"/api/v*\"",
        "rule.a.header = \"a b: c\"",
        "rule.a.tenant = \"path:0\"",
        "rule.a.tenant = \"header:authorization\"",
        "rule.a.integration = \"endpoint\"",
        "rule.a.endpoint = \"exports\"",
        "rule.a.cost = 1.5",
        "rule.a.weight = 1001",
        "rule.a.priority = \"higher\"",
        "rule.a.patience = \"soon\"",
        "rule.a.on_uncertain = \"maybe\"",
    ];
    let errors = values.map(|line| load(&format!("proxy.{line}")).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    paceline.toml:1:12: no scheme; write `https://api.example.com`
    paceline.toml:1:12: an upstream has no query and no template; write scheme, host and perhaps a path, such as https://api.example.com/v1
    paceline.toml:1:16: `localhost:8088` is not an address; write numbers and a port, such as 127.0.0.1:8088 or [::1]:8088
    paceline.toml:1:16: a number, but this key takes: address, such as "0.0.0.0:8088"
    paceline.toml:1:15: `9090` is not an address; write numbers and a port, such as 127.0.0.1:8088 or [::1]:8088
    paceline.toml:1:16: `ip` does not tell clients apart; write "credential", "address" or "header:NAME"
    paceline.toml:1:16: `cookie` holds a credential, and a name is printed; write "credential", which hides it
    paceline.toml:1:20: an empty list, but this key takes: list of names of headers, such as ["x-auth-token"]
    paceline.toml:1:20: `a b` is not the name of a header; write "x-api-key" or the like
    paceline.toml:1:20: a list, but this key takes: list of names of headers, such as ["x-auth-token"]
    paceline.toml:1:20: true or false, but this key takes: list of names of headers, such as ["x-auth-token"]
    paceline.toml:1:18: `much` is not a size; write a number and a unit, such as 512B, 2KB (2,000 bytes) or 1MiB (1,048,576 bytes)
    paceline.toml:1:21: `0` is not a whole number from 1 on, such as 500
    paceline.toml:1:18: a number, but this key takes: time, such as "2m"
    paceline.toml:1:30: a text, but this key takes: true or false, such as false
    paceline.toml:1:27: the path of an upstream has no `.` or `..` in it; write where it leads
    paceline.toml:1:24: `post` is not a method; write `POST`
    paceline.toml:1:24: an empty list, but this key takes: list of methods, such as ["POST", "PUT"]
    paceline.toml:1:21: `api` is not a path; begin with `/`
    paceline.toml:1:21: `/api/**/x`: `**` is any rest, and stands at the end alone; write `*` for one segment
    paceline.toml:1:21: `/api/v*`: `*` stands for a whole segment, as in /api/*/exports; write %2A for the sign itself
    paceline.toml:1:23: not the name of a header, or a name and a value, such as "x-integration: crm"
    paceline.toml:1:23: `0` is not the place of a segment; write path:1 for the first
    paceline.toml:1:23: `authorization` holds a credential, and a name is printed; take a header that holds none
    paceline.toml:1:28: `endpoint` is a name for endpoints alone; write a name, header:NAME or path:NUMBER
    paceline.toml:1:25: `exports` is not an endpoint; write method and path: "POST /exports", or "endpoint" for those of the rule
    paceline.toml:1:21: a number with decimals, but this key takes: whole number, such as 5
    paceline.toml:1:23: a weight is at most 1000; for calls that go before all others write priority = "high"
    paceline.toml:1:25: `higher` is not a choice; write one of "low", "normal", "high"
    paceline.toml:1:25: `soon` is not a time; write a number and a unit, such as 30ms, 180s, 2m or 1h30m
    paceline.toml:1:29: `maybe` is not a choice; write "retry" to send again what may have been applied, or "hold" to report it
    "#);
}

#[test]
fn unknown_keys_and_tables_are_named_with_what_may_be_meant() {
    let text = "[proxy]\nlisten_on = \"127.0.0.1:1\"\nlisen = \"127.0.0.1:1\"\nworkers = 3\n[proxy.routes.\"/a\"]\npaced = true\n\
                [proxy.route.\"oauth\"]\npaced = true\n[proxy.route.\"/a/*\"]\npaced = true\n[proxy.route.\"/a/../b\"]\npaced = true\n\
                [proxy.route.\"/b\"]\npaces = true\n[proxy.rule.exports]\nmethod = \"POST\"\nheader = { name = \"x\" }\n\
                [proxy.rule.\"\"]\ncost = 1\n[target]\ndrain = \"1s\"\n";
    insta::assert_snapshot!(load(text).unwrap_err(), @r#"
    paceline.toml:2:1: there is no key `listen_on` in [proxy]; did you mean `listen`?
    paceline.toml:3:1: there is no key `lisen` in [proxy]; did you mean `listen`?
    paceline.toml:4:1: there is no key `workers` in [proxy]; it belongs under [run]
    paceline.toml:5:8: there is no table `routes` in [proxy]; did you mean `route`?
    paceline.toml:7:14: `oauth` is not a path; begin with `/`; for example [proxy.route."/oauth/"]
    paceline.toml:9:14: `/a/*` has a `*`, but a prefix is no pattern; leave it out; for example [proxy.route."/oauth/"]
    paceline.toml:11:14: `/a/../b` has a part that no path sent on can have: `.`, `..` or a zero byte, plain or encoded; for example [proxy.route."/oauth/"]
    paceline.toml:14:1: there is no key `paces` in a route; did you mean `paced`?
    paceline.toml:16:1: there is no key `method` in a rule; did you mean `methods`?
    paceline.toml:17:1: `header` is no table; write header = "x-integration: crm"
    paceline.toml:18:13: `` is not a name of a rule; write a few letters, digits and signs: [proxy.rule.exports]
    paceline.toml:21:1: there is no key `drain` in [target]; it belongs under [proxy]
    "#);
    let errors = [
        "[[proxy.rule]]\ncost = 1\n",
        "[proxy.route]\n\"/oauth/\" = \"https://login.example.com\"\n",
        "proxy.rule = 1\n",
        "proxy = \"https://api.example.com\"\n",
    ];
    let errors = errors.map(|text| load(text).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @r#"
    paceline.toml:1:9: `rule` is a table; write [proxy.rule.exports] and its keys below it
    paceline.toml:2:1: `/oauth/` is a table; write [proxy.route."/oauth/"] and its keys below it
    paceline.toml:1:7: `rule` is a table; write [proxy.rule.exports] and its keys below it
    paceline.toml:1:1: `proxy` is a table; write [proxy] and its keys below it
    "#);
}

#[test]
fn what_cannot_both_be_meant_is_refused() {
    let text = "[proxy]\nmax_body = \"2MiB\"\nmax_held = \"1MiB\"\ncredential = [\"x-tenant\"]\nclient = \"header:x-tenant\"\n\
                [proxy.route.\"/oauth\"]\npaced = false\n[proxy.route.\"/%6fauth/\"]\npaced = true\n\
                [proxy.rule.exports]\ntenant = \"header:X-Tenant\"\nendpoint = \"endpoint\"\n";
    insta::assert_snapshot!(load(text).unwrap_err(), @r#"
    paceline.toml:3: `max_held` is less than `max_body`, which is 2MiB; make room for one body at least
    paceline.toml:5: `x-tenant` is a `credential` of [proxy], and a name is printed; take a header that holds none, or client = "credential"
    paceline.toml:11: `x-tenant` is a `credential` of [proxy], and a name is printed; take a header that holds none, or client = "credential"
    paceline.toml:9: [proxy.route."/%6fauth/"] begins the same paths as [proxy.route."/oauth"]; leave one of them out
    paceline.toml:12: `endpoint` is named after the rule's path, but it has none; add path = "/api/*/exports", or name the endpoint: "POST /exports"
    "#);
}

#[test]
fn a_secret_in_a_rule_is_refused_and_not_shown() {
    let texts = [
        "[proxy.rule.a]\nheader = \"Authorization: Bearer sesame\"\n",
        "[proxy.rule.a]\nheader = \"x-api-key: sesame\"\n",
        "[proxy]\ncredential = [\"x-auth\"]\n[proxy.rule.a]\nheader = \"x-auth: sesame\"\n",
        "[proxy]\nto = \"https://ann:sesame@h/\"\n",
        "[proxy.route.\"/a\"]\nto = \"https://ann:sesame@h/\"\n",
    ];
    for text in texts {
        let error = load(text).unwrap_err();
        assert!(!error.report(false).contains("sesame") && !error.to_string().contains("sesame"), "{error}");
    }
}

#[test]
fn what_is_in_force_is_printed_with_its_origin_and_order() {
    let loaded = load(WHOLE).unwrap();
    let printed = print_config(&loaded);
    let proxy = printed.find("[proxy]").map_or("", |at| &printed[at..]);
    insta::assert_snapshot!(proxy, @r#"
    [proxy]
    to = "https://api.example.com/base" # paceline.toml:3
    listen = "0.0.0.0:80" # paceline.toml:4
    patience = "5s" # paceline.toml:5
    client = "header:x-user" # paceline.toml:6
    credential = ["x-auth", "x-api-key"] # paceline.toml:7
    max_waiting = 10000 # default
    max_body = "2MiB" # paceline.toml:8
    max_held = "256MiB" # default
    max_connections = 10000 # default
    drain = "30s" # default

    [proxy.route."/oauth/"]
    to = "https://login.example.com" # paceline.toml:20
    paced = false # paceline.toml:21

    [proxy.rule."exports"]
    methods = ["POST"] # paceline.toml:11
    path = "/api/v2/*/exports/**" # paceline.toml:12
    header = "x-integration: crm" # paceline.toml:13
    tenant = "header:x-tenant" # paceline.toml:14
    endpoint = "endpoint" # paceline.toml:15
    cost = 5 # paceline.toml:16
    priority = "low" # paceline.toml:17

    [proxy.rule."all"]
    integration = "crm" # paceline.toml:24
    cost = 2 # paceline.toml:25
    weight = 3 # paceline.toml:26
    patience = "2m" # paceline.toml:27
    on_uncertain = "hold" # paceline.toml:28
    "#);
    assert_eq!(load(&printed).unwrap().settings, loaded.settings);
}

proptest::proptest! {
    #[test]
    fn no_table_of_the_proxy_makes_the_parser_panic(
        lines in proptest::collection::vec(
            "(proxy\\.)?(to|client|credential|route\\.\"[/*%2e.;a]{0,6}\"\\.(to|paced)|rule\\.[ab]\\.(path|header|tenant|endpoint|cost|methods))\
             = (true|1|\\[\"[A-Za-z ]{0,3}\"\\]|\"[/*%2e.;:a-zé@ ]{0,12}\")\n",
            0..6,
        )
    ) {
        if let Err(error) = load(&lines.concat()) {
            let _ = (error.to_string(), error.report(false));
        }
    }
}
