//! What clients say to prove who they are is nowhere but on its way to the platform.

use paceline_cli::proxy::ProxyPlan;
use paceline_cli::proxy::rules::Rules;
use tempfile::TempDir;

use super::platform::Platform;
use super::stage::{Stage, plan, until};

const SECRETS: [&str; 4] = ["open-sesame-1", "open-sesame-2", "open-sesame-3", "open-sesame-4"];

#[tokio::test]
async fn no_answer_and_no_file_of_ours_tells_a_secret() {
    let folder = TempDir::new().unwrap();
    let state = folder.path().join("state");
    let mut platform = Platform::start().await;
    let rules = Rules { credential: vec!["x-own".parse().unwrap()], ..plan(&platform.url).rules };
    let stage = Stage::start(ProxyPlan { state: Some(state.clone()), rules, ..plan(&platform.url) }).await;
    let [own, bearer, key, query] = SECRETS;
    let headers = format!("x-own: {own}\r\nauthorization: Bearer {bearer}\r\nx-api-key: {key}\r\n");
    let head = |more: &str| {
        format!("POST /it?token={query} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n{headers}{more}\r\nx")
    };
    let mut told = Vec::new();

    let mut caller = stage.caller().await;
    caller.send(head("")).await;
    drop(platform.call().await);
    told.push(caller.answer().await.expect_own(502));
    caller.send(head("prefer: wait=1\r\n")).await;
    let call = platform.call().await;
    assert!(SECRETS.iter().all(|secret| call.head.contains(secret)), "{}", call.head);
    call.refuse(30).await;
    told.push(caller.answer().await.expect_own(429));
    caller.send(head("transfer-encoding: gzip\r\n")).await;
    told.push(caller.answer().await);

    let shown = format!("{told:?} {:?} {}", stage.running.load(), stage.running.counts());
    let saved = || std::fs::read_to_string(&state).unwrap();
    until(|| saved().contains("closed_until_ms"), saved).await;
    let saved = saved();
    stage.running.drain(std::time::Duration::from_secs(1)).await.unwrap();
    let saved = saved + &std::fs::read_to_string(&state).unwrap();
    for secret in SECRETS {
        assert!(!shown.contains(secret) && !saved.contains(secret), "{secret}: {shown} {saved}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&state).unwrap().permissions().mode() & 0o077, 0, "its owner's alone");
    }
}
