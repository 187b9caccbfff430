//! Bad input, configuration and places: each is a clear error that says what to do, exit code 2, and nothing sent.

mod configuration;
mod disk;
mod journal;
mod pipe;
mod request;
mod secrets;
mod source;

use paceline_sim::platform::PlatformConfig;

use super::desk::{Desk, stand_in};

/// Runs `paceline sync` with these arguments, in which URL stands for a platform, and expects that it refuses. Returns
/// what it says.
async fn refused(desk: &Desk, arguments: &[&str]) -> String {
    refused_with(desk, arguments, &[]).await
}

/// The same, with environment variables.
async fn refused_with(desk: &Desk, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let platform = stand_in(PlatformConfig::default()).await;
    let arguments: Vec<String> =
        arguments.iter().map(|argument| argument.replace("URL", &platform.url())).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = desk.sync(&arguments);
    let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value));
    let ended = run.ended().await.expect(2);
    assert_eq!(ended.stdout, "", "what people read goes to stderr");
    assert_eq!(platform.stats().arrivals, 0, "{}", ended.stderr);
    let folder = std::fs::canonicalize(desk.path("")).unwrap().display().to_string();
    ended.stderr.replace(&platform.url(), "URL").replace(&folder, "FOLDER")
}
