//! The effective configuration, printed.

use paceline_cli::settings::{ConfigFile, Flag, Key, Layers, all_keys, print_config};
use proptest::prelude::*;

use super::{load, written_name};

#[test]
fn the_print_says_where_each_value_comes_from() {
    let text = "[target]\nurl = \"https://h/{{ id }}\"\nbody = '''\n{\"a\": \"{{ a }}\"}\n'''\n[target.headers]\nAccept = \"*/*\"\n\
                [auth]\nbearer_env = \"TOKEN\"\n[limits.endpoint.\"POST /x\"]\nrate = \"20/s\"\n";
    let file = ConfigFile::from_text("paceline.toml", text);
    let variables = [("PACELINE_RETRY_MAX_WAIT".to_owned(), "10m".to_owned())];
    let flag = Flag { flag: "--workers", key: "run.workers", value: "500".to_owned() };
    let loaded =
        Layers::new().with_file(&file).with_environment(variables).with_flags([flag]).resolve().unwrap();
    insta::assert_snapshot!(print_config(&loaded), @r#"
    [target]
    url = "https://h/{{ id }}" # paceline.toml:2
    method = "POST" # default
    body = '''
    {"a": "{{ a }}"}
    ''' # paceline.toml:4
    connect_timeout = "10s" # default
    timeout = "1m" # default

    [target.headers]
    "Accept" = "*/*" # paceline.toml:7

    [auth]
    bearer_env = "TOKEN" # paceline.toml:9

    [batch]
    count = 1 # default
    linger = "200ms" # default

    [retry]
    max_wait = "10m" # environment PACELINE_RETRY_MAX_WAIT
    max_attempts = 10 # default
    idempotency_key = false # default

    [run]
    workers = 500 # --workers
    max_dead = "5%" # default

    [proxy]
    listen = "127.0.0.1:8088" # default
    patience = "30s" # default
    client = "credential" # default
    credential = ["authorization", "x-api-key"] # default
    max_waiting = 10000 # default
    max_body = "1MiB" # default
    max_held = "256MiB" # default
    max_connections = 10000 # default
    drain = "30s" # default

    [limits.endpoint."POST /x"]
    rate = "20/s" # paceline.toml:11
    known = true # default
    "#);
}

/// Any choice of the keys' examples, one credential at most.
fn configuration() -> impl Strategy<Value = String> {
    let (limits, plain): (Vec<Key>, Vec<Key>) = all_keys().partition(|key| !key.name.contains('.'));
    let (auth, plain): (Vec<Key>, Vec<Key>) =
        plain.into_iter().partition(|key| key.name.starts_with("auth."));
    let (named, plain): (Vec<Key>, Vec<Key>) =
        plain.into_iter().partition(|key| key.name.contains("PREFIX") || key.name.contains("NAME"));
    let plain = prop::sample::subsequence(plain.clone(), 0..=plain.len());
    let named = prop::sample::subsequence(named.clone(), 0..=named.len()).prop_shuffle();
    let auth = prop::option::of(prop::sample::select(auth));
    let limits = prop::sample::subsequence(limits.clone(), 0..=limits.len());
    let tables = prop::sample::subsequence(
        vec!["tenant", "credential", "integration.crm", "endpoint.\"POST /x\"", "integration.\"a.b\\\"c\""],
        0..=5,
    );
    (plain, auth, limits, tables, named).prop_map(|(plain, auth, limits, tables, named)| {
        let plain = plain.iter().chain(&auth).map(|key| format!("{} = {}\n", key.name, key.example));
        let named: Vec<String> =
            named.iter().map(|key| format!("{} = {}\n", written_name(key.name), key.example)).collect();
        // Every route and rule twice, the second time under another name.
        let twins: Vec<String> = named
            .iter()
            .map(|line| line.replace("rule.exports", "rule.\"a.b \\\"c\"").replace("oauth", "a.b \\\"c"))
            .collect();
        let limits = tables.iter().flat_map(|table| {
            limits.iter().map(move |key| format!("limits.{table}.{} = {}\n", key.name, key.example))
        });
        plain.chain(limits).chain(named).chain(twins).collect()
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same_settings(text in configuration()) {
        // A burst needs a rate.
        prop_assume!(!text.contains(".burst") || text.contains(".rate"));
        let loaded = load(&text).unwrap();
        let printed = print_config(&loaded);
        let again = load(&printed).unwrap();
        prop_assert_eq!(&again.settings, &loaded.settings, "{}", printed);
    }

    #[test]
    fn any_text_is_printed_as_toml(body in any::<String>(), header in any::<String>(), quotes in "[\"'\n\r\t\\\\{\u{7f}é]{0,12}") {
        let file = |body: &str| {
            let body = serde_json::to_string(body).unwrap().replace('\u{7f}', "\\u007f");
            let header = serde_json::to_string(&header).unwrap().replace('\u{7f}', "\\u007f");
            format!("target.body = {body}\ntarget.headers.\"X-A\" = {header}\n")
        };
        for body in [body, quotes] {
            let loaded = load(&file(&body)).unwrap();
            prop_assert_eq!(loaded.settings.target.body.as_ref(), Some(&body));
            let again = load(&print_config(&loaded)).unwrap();
            prop_assert_eq!(&again.settings, &loaded.settings);
        }
    }
}

#[test]
fn a_secret_is_never_printed() {
    let loaded = load("auth.header_env = { name = \"X-Api-Key\", env = \"CARGO_MANIFEST_DIR\" }").unwrap();
    let printed = print_config(&loaded);
    assert!(
        printed.contains("CARGO_MANIFEST_DIR") && !printed.contains(env!("CARGO_MANIFEST_DIR")),
        "{printed}"
    );
}

#[test]
fn a_printed_profile_says_the_same() {
    for over in [
        "[profile]\nban_after_refusal = false\n[profile.cost]\nheader = \"x-cost\"\n",
        "profile.ban_after_refusal = false\n",
    ] {
        // Keys with dots stand above the first table.
        let text = format!("{over}[run]\nworkers = 7\n[target]\nprofile = \"github\"\n");
        let loaded = load(&text).unwrap();
        let printed = print_config(&loaded);
        assert!(printed.starts_with("# paceline.toml:1\n"), "{printed}");
        assert_eq!(load(&printed).unwrap().settings, loaded.settings, "{printed}");
        assert!(!loaded.settings.profile.ban_after_refusal);
    }
}
