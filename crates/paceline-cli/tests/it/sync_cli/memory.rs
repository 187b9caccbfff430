//! What a run learns of limits outlives it, under a name that gives no secret away.

use paceline_cli::journal::{JournalReader, SavedScope};
use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};

use super::super::desk::{Desk, stand_in};

const SECRET: &str = "open-sesame-7261";

fn limited() -> PlatformConfig {
    let some = |count| std::num::NonZeroU32::new(count).unwrap();
    let kind = LimiterKind::TokenBucket { rate: Rate::per_second(some(40)), burst: some(5) };
    PlatformConfig { limits: vec![LimitConfig::per_credential(kind)], ..PlatformConfig::default() }
}

fn scopes(desk: &Desk) -> Vec<SavedScope> {
    JournalReader::open(&desk.path("records.csv.journal")).unwrap().scopes().unwrap()
}

async fn sync(desk: &Desk, url: &str, secret: &str) -> serde_json::Value {
    let arguments = ["records.csv", "--to", url, "-c", "paceline.toml", "--key", "id", "--json"];
    let ended = desk.sync(&arguments).env("TOKEN", secret).ended().await.expect(0);
    assert!(ended.stderr.contains("learned: credential "), "{}", ended.stderr);
    ended.json()
}

#[tokio::test]
async fn a_credential_without_a_name_is_found_again_and_its_secret_is_nowhere() {
    let platform = stand_in(limited()).await;
    let desk = Desk::with_records(150);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"TOKEN\"\n");
    let learned = &sync(&desk, &platform.url(), SECRET).await["learned"][0];
    let name = learned["scope"].as_str().unwrap().to_owned();
    assert!(name.starts_with("credential key-"), "{learned}");
    assert!(learned["rate_per_s"].as_f64().unwrap() > 10.0, "{learned}");
    assert!(!learned["words"].as_str().unwrap().is_empty(), "{learned}");
    assert_eq!(
        scopes(&desk)[0].learned.as_deref(),
        learned["limits"].as_str(),
        "the journal keeps what is told"
    );

    desk.put("records.csv", "id,name\n1000,new\n");
    assert_eq!(sync(&desk, &platform.url(), SECRET).await["learned"][0]["scope"], name.as_str());
    assert_eq!(scopes(&desk).len(), 1);
    let journal = String::from_utf8_lossy(&desk.journal_bytes()).into_owned();
    assert!(!journal.contains(SECRET) && !journal.contains("Bearer"));
    let report = desk.program(&["report", "records.csv.journal"]).ended().await.expect(0).stdout;
    assert!(report.contains(&format!("  {name} ")), "{report}");
}

#[tokio::test]
async fn a_credential_with_a_name_keeps_what_was_learned_when_its_secret_is_renewed() {
    let platform = stand_in(limited()).await;
    let desk = Desk::with_records(150);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"TOKEN\"\nname = \"crm\"\n");
    assert_eq!(sync(&desk, &platform.url(), SECRET).await["learned"][0]["scope"], "credential crm");
    desk.put("records.csv", "id,name\n1000,new\n");
    assert_eq!(sync(&desk, &platform.url(), "renewed").await["learned"][0]["scope"], "credential crm");
    assert_eq!(scopes(&desk).len(), 1);
}
