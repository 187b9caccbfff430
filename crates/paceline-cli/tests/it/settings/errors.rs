//! What is wrong with a configuration, and what the errors say.

use paceline_cli::settings::{ConfigFile, Flag, Layers};

use super::load;

#[test]
fn unknown_keys_and_tables_are_named_with_what_may_be_meant() {
    let text = "url = \"https://h/\"\n[retry]\nmax_wiat = \"3m\"\nworkers = 3\nzzz = 1\n[limit.tenant]\nrate = \"1/s\"\n\
                [limits.tenent]\nrate = \"1/s\"\n[limits.tenant]\nrat = \"1/s\"\n[limits.endpoint.\"/records\"]\nrate = \"1/s\"\n\
                [target.header]\nA = \"b\"\n";
    insta::assert_snapshot!(load(text).unwrap_err(), @r#"
    paceline.toml:1:1: there is no key `url` outside of tables; it belongs under [target]
    paceline.toml:3:1: there is no key `max_wiat` in [retry]; did you mean `max_wait`?
    paceline.toml:4:1: there is no key `workers` in [retry]; it belongs under [run]
    paceline.toml:5:1: there is no key `zzz` in [retry]; docs/configuration.md lists what there is
    paceline.toml:6:2: there is no table `limit` in a configuration; did you mean `limits`?
    paceline.toml:8:9: there is no table `tenent` in [limits]; did you mean `tenant`?
    paceline.toml:11:1: there is no key `rat` in a limit; did you mean `rate`?
    paceline.toml:12:18: `/records` is not an endpoint; write method and path: [limits.endpoint."POST /records"]
    paceline.toml:14:9: there is no table `header` in [target]; did you mean `headers`?
    "#);
}

#[test]
fn impossible_values_are_named_with_what_to_write() {
    let values = [
        "target.url = \"api.example.com/x\"",
        "target.url = \"ftp://h/x\"",
        "target.method = \"post\"",
        "target.method = 5",
        "target.body = [\"x\"]",
        "target.headers = { A = 1 }",
        "records.format = \"xml\"",
        "records.key = \"\"",
        "batch.count = 0",
        "batch.count = \"100\"",
        "batch.count = 1.5",
        "batch.bytes = \"0B\"",
        "batch.items = \"results\"",
        "limits.tenant.rate = 120",
        "limits.tenant.rate = \"120\"",
        "limits.tenant.burst = 5",
        "limits.tenant.reserve = \"100%\"",
        "limits.tenant.known = \"yes\"",
        "retry.max_wait = \"3 parsecs\"",
        "retry.on_uncertain = \"maybe\"",
        "retry.idempotency_key = \"a b\"",
        "run.max_dead = 0.05",
        "run.workers = 99999999999999999999",
        "run.workers = -1",
        "run = 5",
        "auth.header_env = { name = \"X\" }",
        "auth.header_env = { name = \"X\", env = \"A\", file = \"b\" }",
    ];
    let errors: Vec<String> = values.iter().map(|line| load(line).unwrap_err().to_string()).collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    paceline.toml:1:14: no scheme; write `https://api.example.com/x`
    paceline.toml:1:14: the scheme `ftp` cannot be called; use https:// or http://
    paceline.toml:1:17: `post` is not a method; write `POST`
    paceline.toml:1:17: a number, but this key takes: method, such as "PUT"
    paceline.toml:1:15: a list, but this key takes: template, such as '{"code": "{{ iata }}", "latitude": {{ latitude }}}'
    paceline.toml:1:24: a number, but this key takes: template, such as "{{ id }}"
    paceline.toml:1:18: `xml` is not a format; use csv, tsv, jsonl (one object per line) or json (one array)
    paceline.toml:1:15: an empty text, but this key takes: name of a field, such as "iata"
    paceline.toml:1:15: `0` is not a whole number from 1 on, such as 100
    paceline.toml:1:15: a text, but this key takes: whole number, such as 100
    paceline.toml:1:15: a number with decimals, but this key takes: whole number, such as 100
    paceline.toml:1:15: a batch of no bytes holds nothing; write "512KB"
    paceline.toml:1:15: `results` is not a JSON pointer; write a path such as /results or /error/code
    paceline.toml:1:22: a number, but this key takes: rate, such as "2500/min"
    paceline.toml:1:22: `120` is not a rate; write a number and a time, such as 120/s, 2500/min or 1200/10s
    paceline.toml:1: `burst` without `rate` in [limits.tenant]; add rate = "2500/min", or use in_flight
    paceline.toml:1:25: a reserve of 100% leaves nothing to send with
    paceline.toml:1:23: a text, but this key takes: true or false, such as false
    paceline.toml:1:18: `3 parsecs` is not a time; write a number and a unit, such as 30ms, 180s, 2m or 1h30m
    paceline.toml:1:22: `maybe` is not a choice; write "retry" to send again what may have been applied, or "hold" to report it
    paceline.toml:1:25: `a b` is not the name of a header; write true or "Idempotency-Key"
    paceline.toml:1:16: a number with decimals, but this key takes: share, such as "1%"
    paceline.toml:1:15: a number that is too large, but this key takes: whole number, such as 500
    paceline.toml:1:15: `-1` is not a whole number from 1 on, such as 500
    paceline.toml:1:1: `run` is a table; write [run] and its keys below it
    paceline.toml:1:19: `env` is missing; write { name = "X-Api-Key", env = "API_KEY" }
    paceline.toml:1:19: there is no key `file` here; write { name = "X-Api-Key", env = "API_KEY" }
    "#);
}

#[test]
fn a_file_that_is_no_toml_is_named_with_its_place() {
    let errors: Vec<String> =
        ["a = ", "[target\n", "[run]\nworkers = 1\nworkers = 2\n", "x = \"\\q\"", "\u{1}"]
            .iter()
            .map(|text| load(text).unwrap_err().to_string())
            .collect();
    insta::assert_snapshot!(errors.join("\n"), @r#"
    paceline.toml:1:5: not valid TOML: string values must be quoted, expected literal string
    paceline.toml:1:8: not valid TOML: unclosed table, expected `]`
    paceline.toml:3:1: not valid TOML: duplicate key
    paceline.toml:1:7: not valid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U`
    paceline.toml:1:2: not valid TOML: key with no value, expected `=`
    "#);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = ConfigFile::read("no/such.toml").unwrap_err().to_string();
    assert!(error.starts_with("-c: no/such.toml cannot be read: "), "{error}");
}

#[test]
fn environment_and_flags_are_named_as_the_origin() {
    let variables = [
        ("PACELINE_RETRY_MAX_WAIT", "soon"),
        ("PACELINE_RETRY_MAXWAIT", "3m"),
        ("PACELINE_RUN_WORKERS", "many"),
        ("PACELINE_AUTH_BEARER_ENV", "sesame!"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let flags = [
        Flag { flag: "--max-rate", key: "run.max_rate", value: "fast".to_owned() },
        Flag { flag: "--to", key: "target.url", value: "localhost:8080".to_owned() },
    ];
    let error = Layers::new().with_environment(variables).with_flags(flags).resolve().unwrap_err();
    insta::assert_snapshot!(error, @"
    environment PACELINE_RETRY_MAX_WAIT: `soon` is not a time; write a number and a unit, such as 30ms, 180s, 2m or 1h30m
    environment PACELINE_RUN_WORKERS: `many` is not a whole number from 1 on, such as 500
    environment PACELINE_AUTH_BEARER_ENV: not the name of an environment variable; write the name, not the secret itself
    environment PACELINE_RETRY_MAXWAIT: there is no such setting; did you mean PACELINE_RETRY_MAX_WAIT?
    --max-rate: `fast` is not a rate; write a number and a time, such as 120/s, 2500/min or 1200/10s
    --to: no scheme; write `http://localhost:8080`
    ");
}

#[test]
fn the_wrong_text_is_underlined() {
    let report = load("[retry]\nmax_wait = \"3 parsecs\"\nmax_attempt = 3\n").unwrap_err().report(false);
    insta::assert_snapshot!(report, @r#"
     × paceline.toml:2:12: `3 parsecs` is not a time; write a number and a unit, such as 30ms, 180s,
     │ 2m or 1h30m
      ╭─[paceline.toml:2:12]
    1 │ [retry]
    2 │ max_wait = "3 parsecs"
      ·            ─────┬─────
      ·                 ╰── here
    3 │ max_attempt = 3
      ╰────
     × paceline.toml:3:1: there is no key `max_attempt` in [retry]; did you mean `max_attempts`?
      ╭─[paceline.toml:3:1]
    2 │ max_wait = "3 parsecs"
    3 │ max_attempt = 3
      · ─────┬─────
      ·      ╰── here
      ╰────
    "#);
}

#[test]
fn what_may_be_a_secret_is_never_shown() {
    let texts = [
        "[auth]\nbearer = \"sesame\"\n",
        "[auth]\nbearer_env = \"sesame!\"\n",
        "[auth]\nheader_env = \"sesame\"\n",
        "[auth]\nbasic_env = sesame\n",
        "auth.token = \"sesame\"\n",
        "[ auth ]\n\nbearer_env = \"A\"\nbasic_env = \"sesame\"\n",
        "[target]\nurl = \"https://ann:sesame@h/\"\n",
        "[target]\nurl = \"ann:sesame@h/\"\n",
    ];
    for text in texts {
        let error = load(text).unwrap_err();
        assert!(!error.report(false).contains("sesame"), "{}", error.report(false));
        assert!(!error.to_string().contains("sesame"), "{error}");
    }
}

#[test]
fn two_credentials_in_one_layer_are_refused() {
    let error = load("[auth]\nbearer_env = \"A\"\nbasic_env = \"B\"\n").unwrap_err();
    insta::assert_snapshot!(error, @"paceline.toml:3:1: both `bearer_env` and `basic_env` are set, but a call has one credential; leave one of them out");
}

proptest::proptest! {
    #[test]
    fn no_file_makes_the_parser_panic(text in "([\\[\\]a-z_.=\"' {}0-9,\n]|target|limits|auth|é|\\]\n){0,60}") {
        if let Err(error) = load(&text) {
            let _ = (error.to_string(), error.report(false));
        }
    }
}

#[test]
fn what_is_wrong_with_a_profile_is_said_with_the_rest() {
    let text = "[target]\nprofile = \"guthib\"\n[run]\nworkers = 0\n[profile]\nban = true\n[[profile.wait]]\nhedaer = \"x\"\n";
    let error = load(text).unwrap_err().to_string();
    for expected in [
        "paceline.toml:2:11: there is no profile `guthib`; did you mean `github`?",
        "paceline.toml:4:11: ",
        "paceline.toml:6:1: there is no key `ban` in [profile]",
        "paceline.toml:7:1: `form` is missing in [[profile.wait]]",
        "paceline.toml:8:1: there is no key `hedaer` in [[profile.wait]]; did you mean `header`?",
    ] {
        assert!(error.contains(expected), "{expected}\n{error}");
    }
    let error = load("[target]\nprofile = \"./no-such.toml\"\n").unwrap_err().to_string();
    assert!(error.starts_with("paceline.toml:2: ./no-such.toml cannot be read"), "{error}");
    let error = load("profile = \"github\"\n").unwrap_err().to_string();
    assert!(error.contains("`profile` is a table"), "{error}");
}
