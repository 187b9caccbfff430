//! A credential that is not accepted.

use paceline_sim::platform::{Fingerprint, PlatformConfig};

use super::super::desk::{Desk, stand_in};

#[tokio::test]
async fn an_expired_token_condemns_no_record_and_a_new_one_brings_them_all() {
    for batch in ["1", "50"] {
        let expected_credential = Some(Fingerprint::of(b"fresh"));
        let platform = stand_in(PlatformConfig { expected_credential, ..PlatformConfig::default() }).await;
        let desk = Desk::with_records(500);
        desk.put("paceline.toml", "[auth]\nbearer_env = \"TOKEN\"\n");
        let to = format!("{}/records{}", platform.url(), if batch == "1" { "" } else { "/bulk" });
        let arguments = ["records.csv", "--to", &to, "-c", "paceline.toml", "--batch", batch, "--json"];
        let ended = desk.sync(&arguments).env("TOKEN", "expired").ended().await.expect(1);
        assert_eq!(ended.counts(), [0, 0, 0, 500]);
        assert_eq!(ended.json()["exit_reason"], "unauthorized");
        assert!(ended.stderr.contains("401") && ended.stderr.contains("Renew it"), "{}", ended.stderr);
        assert!(platform.stats().arrivals <= 64, "one answer is enough: {}", platform.stats().arrivals);
        let ended = desk.sync(&arguments).env("TOKEN", "fresh").ended().await.expect(0);
        assert_eq!(ended.counts(), [500, 0, 0, 0]);
        assert_eq!((platform.stats().distinct, platform.stats().duplicates), (500, 0));
    }
}

#[tokio::test]
async fn a_token_that_expires_in_the_middle_leaves_the_rest_to_do() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::scripted::{Answer, Scripted};

    let served = AtomicUsize::new(0);
    let platform = Scripted::start(move |asked| {
        let is_fresh = asked.headers["authorization"] == "Bearer fresh";
        let is_known = is_fresh || served.fetch_add(1, Ordering::SeqCst) < 40;
        if is_known { Answer::new(201, "{}") } else { Answer::new(401, "the token old has expired") }
    })
    .await;
    let desk = Desk::with_records(200);
    desk.put("paceline.toml", "[auth]\nbearer_file = \"token\"\n");
    desk.put("token", "old");
    let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(1);
    assert_eq!(ended.counts(), [40, 0, 0, 160], "{}", ended.stderr);
    let last = "\nlast answer: 401 Unauthorized: the token [hidden] has expired\n";
    assert!(ended.stderr.contains(last), "{}", ended.stderr);
    desk.put("token", "fresh\n");
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [200, 0, 0, 0]);
}
