//! What wins over what, and what comes out.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use paceline_cli::origin::Origin;
use paceline_cli::records::Format;
use paceline_cli::settings::{Auth, ConfigFile, Flag, IdempotencyKey, Layers, SecretSource, Settings};
use paceline_cli::template::RequestTemplate;
use paceline_cli::units::{Percent, Rate, Size};
use paceline_core::{OnUncertain, ScopeKind};

use super::load;

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(load("").unwrap().settings, Settings::default());
    assert_eq!(load("# nothing\n[retry]\n[limits.tenant]\n").unwrap().settings, Settings::default());
}

#[test]
fn every_table_is_read_into_its_type() {
    let text = r#"
        target = { url = "http://localhost:8080/x", method = "PATCH", profile = "generic" }
        auth.header_env = { name = "X-Api-Key", env = "KEY" }
        records = { format = "ndjson", key = "id", order_by = "group" }
        batch = { count = 0x64, bytes = "512KB", linger = "1s", items = "/results", item_key = "/id" }
        retry = { max_wait = "10m", max_attempts = 3, on_uncertain = "hold", idempotency_key = "X-Key" }
        journal.path = "a.journal"
        [run]
        workers = 1_000
        max_rate = "100/s"
        max_in_flight = 7
        reserve = "20%"
        max_dead = "0.5%"
    "#;
    let settings = load(text).unwrap().settings;
    assert_eq!(settings.target.method, "PATCH");
    assert_eq!(settings.records.format, Some(Format::JsonLines));
    assert_eq!(settings.batch.count.get(), 100);
    assert_eq!(settings.batch.bytes, Some(Size(512_000)));
    assert_eq!(settings.batch.items.unwrap().to_string(), "/results");
    assert_eq!(settings.retry.max_wait, Duration::from_secs(600));
    assert_eq!(settings.retry.on_uncertain, Some(OnUncertain::Hold));
    assert_eq!(settings.retry.idempotency_key, IdempotencyKey::Header("x-key".parse().unwrap()));
    assert_eq!(settings.journal.path, Some(PathBuf::from("a.journal")));
    assert_eq!(settings.run.workers.get(), 1_000);
    assert_eq!(settings.run.max_dead, "0.5%".parse().unwrap());
    let key = SecretSource::Environment("KEY".to_owned());
    assert_eq!(settings.auth, Some(Auth::Header("x-api-key".parse().unwrap(), key)));
}

#[test]
fn limits_are_known_by_kind_and_name() {
    let text = r#"
        [limits.endpoint."POST /records"]
        rate = "20/s"
        known = false
        [limits.tenant]
        rate = "2500/min"
        burst = 50
        reserve = "20%"
        [limits.integration.crm]
        in_flight = 50
    "#;
    let limits = load(text).unwrap().settings.limits;
    assert_eq!(
        limits.iter().map(|limit| limit.kind).collect::<Vec<_>>(),
        [ScopeKind::Tenant, ScopeKind::Integration, ScopeKind::Endpoint]
    );
    let rate = Rate { count: NonZeroU64::new(2_500).unwrap(), per: Duration::from_secs(60) };
    assert_eq!((limits[0].rate, limits[0].burst), (Some(rate), NonZeroU32::new(50)));
    assert_eq!((limits[0].reserve, limits[0].known), (Some(Percent::new(20)), true));
    assert_eq!((limits[1].name.as_deref(), limits[1].in_flight), (Some("crm"), NonZeroU32::new(50)));
    assert_eq!((limits[2].name.as_deref(), limits[2].known), (Some("POST /records"), false));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file =
        ConfigFile::from_text("paceline.toml", "[run]\nworkers = 1\nmax_rate = \"1/s\"\nmax_in_flight = 1\n");
    let environment =
        variables(&[("PACELINE_RUN_WORKERS", "2"), ("PACELINE_RUN_MAX_RATE", "2/s"), ("PATH", "/bin")]);
    let flag = Flag { flag: "--workers", key: "run.workers", value: "3".to_owned() };
    let loaded =
        Layers::new().with_file(&file).with_environment(environment).with_flags([flag]).resolve().unwrap();
    assert_eq!(loaded.settings.run.workers.get(), 3);
    assert_eq!(loaded.settings.run.max_rate, "2/s".parse().ok());
    assert_eq!(loaded.settings.run.max_in_flight.unwrap().get(), 1);
    assert_eq!(loaded.origin("run.workers"), Origin::Flag("--workers"));
    assert_eq!(loaded.origin("run.max_rate"), Origin::Environment("PACELINE_RUN_MAX_RATE".to_owned()));
    assert_eq!(loaded.origin("run.max_in_flight"), Origin::file("paceline.toml", 4));
    assert_eq!(loaded.origin("run.max_dead"), Origin::Default);
}

#[test]
fn a_credential_of_a_later_layer_replaces_an_earlier_one() {
    let file = ConfigFile::from_text("paceline.toml", "[auth]\nbasic_env = \"LOGIN\"\n");
    let environment = variables(&[
        ("PACELINE_AUTH_HEADER_ENV", "X-Api-Key=PACELINE_AUTH_TOKEN"),
        ("PACELINE_AUTH_TOKEN", "sesame"),
    ]);
    let loaded = Layers::new().with_file(&file).with_environment(environment).resolve().unwrap();
    let source = SecretSource::Environment("PACELINE_AUTH_TOKEN".to_owned());
    assert_eq!(loaded.settings.auth, Some(Auth::Header("x-api-key".parse().unwrap(), source)));
    assert_eq!(loaded.origin("auth.basic_env"), Origin::Default);
}

#[test]
fn environment_and_flags_write_every_type_as_text() {
    let environment = variables(&[
        ("PACELINE_BATCH_COUNT", " 100 "),
        ("PACELINE_RETRY_IDEMPOTENCY_KEY", "true"),
        ("PACELINE_LIMITS_TENANT_RATE", "5/s"),
        ("PACELINE_LIMITS_TENANT_KNOWN", "false"),
    ]);
    let settings = Layers::new().with_environment(environment).resolve().unwrap().settings;
    assert_eq!(settings.batch.count.get(), 100);
    assert_eq!(settings.retry.idempotency_key, IdempotencyKey::Header(IdempotencyKey::USUAL_HEADER));
    assert_eq!((settings.limits[0].rate, settings.limits[0].known), ("5/s".parse().ok(), false));
}

#[test]
fn a_credential_over_plain_http_is_warned_about_unless_it_stays_here() {
    let warnings = |url: &str, auth: &str| load(&format!("target.url = \"{url}\"\n{auth}")).unwrap().warnings;
    let auth = "auth.bearer_env = \"TOKEN\"";
    assert_eq!(
        warnings("http://api.example.com/x", auth),
        ["the credential goes to api.example.com unencrypted; use https:// if the platform has it"]
    );
    assert!(warnings("http://127.0.0.1:8080/x", auth).is_empty());
    assert!(warnings("https://api.example.com/x", auth).is_empty());
    assert!(warnings("http://api.example.com/x", "").is_empty());
}

#[test]
fn errors_of_templates_name_their_line_of_the_file() {
    let text = "[target]\nurl = \"https://h/{{ id }}\"\nbody = '''\n{\n\"a\": \"{{ a }}\"}'''\n[target.headers]\nX-B = \"{{ b }}\"\n";
    let loaded = load(text).unwrap();
    let template = RequestTemplate::compile(&loaded.request().unwrap()).unwrap();
    let error = |fields: &str| {
        let fields = serde_json::from_str(fields).unwrap();
        template
            .render(&paceline_cli::records::Record { position: 0, line: 2, fields })
            .unwrap_err()
            .to_string()
    };
    assert!(error(r#"{"a":1,"b":1}"#).starts_with("url (paceline.toml:2): "));
    assert!(error(r#"{"id":1,"b":1}"#).starts_with("body (paceline.toml:5): "));
    assert!(error(r#"{"id":1,"a":1}"#).starts_with("header x-b (paceline.toml:7): "));
}

#[test]
fn a_profile_is_chosen_by_name_or_path_and_what_is_laid_over_it_comes_first() {
    let over =
        "[profile]\nban_after_refusal = false\n[[profile.disguise]]\nstatus = 500\nmeans = \"overloaded\"\n";
    let settings = load(&format!("[target]\nprofile = \"github\"\n{over}")).unwrap().settings;
    let github = paceline_cli::profile::named("github").unwrap();
    assert!(github.ban_after_refusal && !settings.profile.ban_after_refusal);
    assert_eq!(settings.profile.disguises[0].status, 500);
    assert_eq!(settings.profile.disguises[1..], github.disguises);
    assert_eq!(settings.profile.published, github.published);

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.toml");
    std::fs::write(&path, "[[quota]]\nrate = \"7/s\"\n").unwrap();
    let settings =
        load(&format!("[target]\nprofile = {:?}\n{over}", path.display().to_string())).unwrap().settings;
    assert_eq!((settings.profile.name.as_str(), settings.profile.quotas.len()), ("mine", 1));
    assert_eq!(settings.profile.disguises.len(), 1);
}

#[test]
fn lists_of_the_chosen_profile_can_be_left_out() {
    let text = "[target]\nprofile = \"github\"\n[profile]\nwithout = \"published, wait\"\n";
    let profile = load(text).unwrap().settings.profile;
    assert!(profile.published.is_empty() && profile.waits.is_empty());
    assert!(!profile.disguises.is_empty());
}
