//! `--rehearse`.

use super::super::desk::Desk;

#[tokio::test]
async fn a_rehearsal_delivers_all_and_leaves_nothing_behind() {
    let desk = Desk::with_records(300);
    let ended = desk.sync(&["records.csv", "--rehearse", "--json"]).ended().await.expect(0);
    assert_eq!(ended.counts(), [300, 0, 0, 0]);
    let json = ended.json();
    let seen = &json["rehearsal"];
    assert_eq!((&seen["distinct"], &seen["duplicates"]), (&300.into(), &0.into()));
    assert_eq!((&seen["early_returns"], &seen["banned"]), (&0.into(), &0.into()));
    assert_eq!(json["early_returns"], 0);
    assert!(
        ended.stderr.contains("as the stand-in saw it: 300 records applied, 0 more than once"),
        "{}",
        ended.stderr
    );
    assert_eq!(desk.names(), ["records.csv"]);
}

#[tokio::test]
async fn a_rehearsal_takes_the_path_the_batches_and_no_secret_of_a_configuration() {
    let desk = Desk::with_records(100);
    desk.put(
        "paceline.toml",
        "[target]\nurl = \"https://api.example.com/records/bulk\"\n[auth]\nbearer_env = \"NO_SUCH_TOKEN\"\n",
    );
    let arguments = ["records.csv", "-c", "paceline.toml", "--batch", "25", "--rehearse", "--json"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert_eq!(ended.counts(), [100, 0, 0, 0]);
    assert_eq!(ended.json()["rehearsal"]["arrivals"], 4);
    assert_eq!(desk.names(), ["paceline.toml", "records.csv"]);
}

#[tokio::test]
async fn a_rehearsal_takes_the_request_of_a_configuration_that_has_no_url() {
    let desk = Desk::with_records(3);
    desk.put("paceline.toml", "[target]\nbody = '{\"person\": \"{{ name }}\"}'\n");
    let arguments = ["records.csv", "-c", "paceline.toml", "--rehearse", "--dry-run"];
    let ended = desk.sync(&arguments).ended().await.expect(0);
    assert!(ended.stdout.contains("{\"person\": \"name 0\"}"), "{}", ended.stdout);
}

#[tokio::test]
async fn the_forecast_of_a_rehearsal_starts_none() {
    let desk = Desk::with_records(10);
    let ended = desk.sync(&["records.csv", "--rehearse", "--dry-run", "--json"]).ended().await.expect(0);
    assert_eq!(ended.json()["calls"], 10);
    assert_eq!(desk.names(), ["records.csv"]);
}
