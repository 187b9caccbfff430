//! Configuration that is not one: file, environment, flags.

use super::super::desk::Desk;
use super::{refused, refused_with};

#[tokio::test]
async fn an_unknown_key_is_named_with_its_line_and_what_may_be_meant() {
    let desk = Desk::with_records(3);
    desk.put("paceline.toml", "[target]\nurl = \"https://api.example.com/\"\n\n[retry]\nmax_wiat = \"3m\"\n");
    let said = refused(&desk, &["records.csv", "-c", "paceline.toml"]).await;
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_configuration_that_is_not_there_or_not_toml_is_named() {
    let desk = Desk::with_records(3);
    desk.put("broken.toml", "[target\n");
    let mut said = String::new();
    for name in ["missing.toml", "broken.toml"] {
        said.push_str(&refused(&desk, &["records.csv", "--to", "URL", "-c", name]).await);
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn impossible_values_of_flags_are_named_with_what_to_write() {
    let desk = Desk::with_records(3);
    let values = [
        "--workers=0",
        "--workers=-3",
        "--workers=many",
        "--workers=99999999999999999999",
        "--batch=0",
        "--batch=1.5",
        "--max-rate=0/s",
        "--max-rate=fast",
        "--max-rate=100",
        "--max-rate=-1/s",
        "--max-rate=1/0s",
        "--max-in-flight=0",
        "--reserve=100%",
        "--reserve=-5%",
        "--reserve=0.2",
        "--max-wait=-1s",
        "--max-wait=3 parsecs",
        "--max-wait=99999999999999999999d",
        "--max-dead=101%",
        "--max-dead=NaN%",
        "--on-uncertain=maybe",
        "--format=xml",
        "--rehearse=mars",
        "--key=",
    ];
    let mut said = String::new();
    for value in values {
        let target: &[&str] = if value.starts_with("--rehearse") { &[] } else { &["--to", "URL"] };
        said.push_str(&refused(&desk, &[&["records.csv", value], target].concat()).await);
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn impossible_values_in_the_environment_are_named_by_their_variable() {
    let desk = Desk::with_records(3);
    let variables = [("PACELINE_RUN_WORKERS", "many"), ("PACELINE_RETRY_MAXWAIT", "3m")];
    let said = refused_with(&desk, &["records.csv", "--to", "URL"], &variables).await;
    insta::assert_snapshot!(said);
}
