//! Secrets: where they are missing it is said, and where they are they are never shown.

use paceline_cli::journal::State;

use super::super::desk::Desk;
use super::super::scripted::{Answer, Scripted};
use super::refused_with;

const SECRET: &str = "open-sesame-7261";

#[tokio::test]
async fn a_secret_that_is_missing_or_empty_is_named_by_its_variable() {
    let desk = Desk::with_records(3);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"NO_SUCH_TOKEN\"\n");
    desk.put("file.toml", "[auth]\nbearer_file = \"token\"\n");
    let arguments = |file| ["records.csv", "--to", "URL", "-c", file];
    let mut said = refused_with(&desk, &arguments("paceline.toml"), &[]).await;
    for value in ["", "  ", "line\nbreak"] {
        said.push_str(&refused_with(&desk, &arguments("paceline.toml"), &[("NO_SUCH_TOKEN", value)]).await);
    }
    said.push_str(&refused_with(&desk, &arguments("file.toml"), &[]).await);
    desk.put("token", "");
    said.push_str(&refused_with(&desk, &arguments("file.toml"), &[]).await);
    insta::assert_snapshot!(said);
}

/// Runs with each form of credential against a platform that repeats what it was sent, in its body and in a header that
/// is kept with a letter.
async fn nowhere(arguments: &[&str], body_of: fn(&str) -> String) {
    for form in [
        "bearer_env = \"TOKEN\"",
        "basic_env = \"TOKEN\"",
        "header_env = { name = \"X-Key\", env = \"TOKEN\" }",
    ] {
        let platform = Scripted::start(move |asked| {
            let sent = ["authorization", "x-key"].map(|name| asked.headers.get(name));
            let sent = sent.into_iter().flatten().next().unwrap().to_str().unwrap();
            Answer::new(400, body_of(sent)).header("x-request-id", format!("of {sent} {SECRET}"))
        })
        .await;
        let desk = Desk::with_records(30);
        desk.put("paceline.toml", format!("[auth]\n{form}\n"));
        let sync = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--json"];
        let secret = format!("ann:{SECRET}");
        let run = desk.sync(&[&sync, arguments].concat()).env("TOKEN", &secret);
        let ended = run.ended().await;
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &secret);
        assert!(!platform.asked().is_empty());
        for text in
            [&ended.stdout, &ended.stderr, &String::from_utf8_lossy(&desk.journal_bytes()).into_owned()]
        {
            for hidden in [SECRET, &encoded] {
                assert!(!text.contains(hidden), "{form}: {hidden} stands in {text}");
            }
        }
    }
}

#[tokio::test]
async fn a_secret_that_a_platform_repeats_is_neither_shown_nor_journaled() {
    nowhere(&["--max-dead", "100%"], |sent| format!("{{\"error\":\"bad token {sent} of {SECRET}\"}}")).await;
}

#[tokio::test]
async fn nor_when_it_stands_at_the_end_of_what_is_kept_of_a_body() {
    // Cut off in the middle of the secret, its beginning would be a secret still.
    nowhere(&["--max-dead", "100%"], |_| format!("{}{SECRET}", "x".repeat(2_047 - SECRET.len()))).await;
    nowhere(&["--max-dead", "100%"], |_| format!("{}{SECRET}", "x".repeat(2_049 - SECRET.len()))).await;
}

#[tokio::test]
async fn nor_in_the_result_of_a_batch_item() {
    let platform = Scripted::start(|asked| {
        let sent = asked.headers["authorization"].to_str().unwrap().to_owned();
        let refused = |id| serde_json::json!({"id": id, "status": 422, "error": sent});
        let results: Vec<_> = asked.ids().into_iter().map(refused).collect();
        Answer::new(200, serde_json::json!({"results": results}).to_string())
    })
    .await;
    let desk = Desk::with_records(10);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"TOKEN\"\n");
    let arguments = ["records.csv", "--to", &platform.url, "-c", "paceline.toml", "--batch", "10"];
    desk.sync(&arguments).env("TOKEN", SECRET).ended().await.expect(3);
    let dead = desk.letters("records.csv.journal", State::Dead);
    assert_eq!(dead.len(), 10);
    assert!(dead.iter().all(|letter| letter.body.contains("[hidden]")), "{dead:?}");
    assert!(!String::from_utf8_lossy(&desk.journal_bytes()).contains(SECRET));
}

#[tokio::test]
async fn print_config_names_the_variable_and_not_the_secret() {
    let desk = Desk::with_records(1);
    desk.put("paceline.toml", "[auth]\nbearer_env = \"TOKEN\"\n");
    let arguments = ["records.csv", "-c", "paceline.toml", "--to", "https://h/", "--print-config"];
    let ended = desk.sync(&arguments).env("TOKEN", SECRET).ended().await.expect(0);
    assert!(ended.stdout.contains("bearer_env = \"TOKEN\""), "{}", ended.stdout);
    assert!(!ended.stdout.contains(SECRET) && !ended.stderr.contains(SECRET), "{ended:?}");
}
