//! SIGTERM, SIGHUP and `kill -9`; and commands that run behind the proxy.

use std::num::NonZeroU32;
use std::time::Duration;

use paceline_sim::platform::{LimitConfig, LimiterKind, PlatformConfig, Rate};

use super::super::super::desk::stand_in;
use super::platform::Platform;
use super::program::Desk;
use super::stage::until;

#[tokio::test]
async fn a_terminated_proxy_ends_what_is_under_way_and_tells_what_it_saw() {
    for signal in ["TERM", "INT"] {
        let mut platform = Platform::start().await;
        let desk = Desk::new();
        let mut program = desk.start(&["--to", &platform.url, "--json", "--state", "state"]).await;
        let mut caller = program.caller().await;
        caller.post("", "order").await;
        let call = platform.call().await;
        program.signal(signal).await;
        program.says("stopping").await;
        let address = program.address();
        until(|| std::net::TcpStream::connect(address).is_err(), String::new).await;
        call.answer("201 Created").await;
        caller.answer().await.expect(201);
        let ended = program.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stderr.contains("1 calls: 1 accepted"), "{ended:?}");
        let counts: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!((&counts["offered"], &counts["accepted"]), (&1.into(), &1.into()), "{counts}");
        let state = std::fs::read_to_string(desk.path("state")).unwrap();
        assert!(state.contains("\"is_running\": false"), "{state}");
    }
}

#[tokio::test]
async fn rules_are_read_again_and_a_broken_file_changes_nothing() {
    let (mut old, mut new) = (Platform::start().await, Platform::start().await);
    let desk = Desk::new();
    desk.put("paceline.toml", &format!("[proxy]\nto = \"{}\"\n", old.url));
    let mut program = desk.start(&["--config", "paceline.toml"]).await;
    let mut waits = program.caller().await;
    waits.post("", "under way").await;
    let under_way = old.call().await;

    let mut caller = program.caller().await;
    for broken in ["[proxy\n", "[proxy]\nto = 7\n", "[proxy]\npatience = \"5s\"\n"] {
        desk.put("paceline.toml", broken);
        program.signal("HUP").await;
        program.says("stays as it was").await;
        caller.get("").await;
        old.call().await.answer("200 OK").await;
        caller.answer().await.expect(200);
    }
    desk.put("paceline.toml", &format!("[proxy]\nto = \"{}\"\n", new.url));
    program.signal("HUP").await;
    program.says("read the configuration again").await;
    caller.get("").await;
    new.call().await.answer("204 No Content").await;
    caller.answer().await.expect(204);
    under_way.answer("201 Created").await;
    waits.answer().await.expect(201);
    program.signal("TERM").await;
    assert_eq!(program.ended().await.code, Some(0));
}

/// A limit that is written later holds from then on, one that is taken out no longer.
#[tokio::test]
async fn limits_are_read_again() {
    let mut platform = Platform::start().await;
    let desk = Desk::new();
    let plain = format!("[proxy]\nto = \"{}\"\n", platform.url);
    let limited = format!("{plain}[run]\nmax_in_flight = 1\n");
    desk.put("paceline.toml", &plain);
    let mut program = desk.start(&["--config", "paceline.toml"]).await;
    let (mut one, mut two) = (program.caller().await, program.caller().await);
    for (text, is_limited) in [(&limited, true), (&plain, false), (&limited, true)] {
        desk.put("paceline.toml", text);
        program.signal("HUP").await;
        program.says("read the configuration again").await;
        one.get("authorization: one\r\n").await;
        let first = platform.call().await;
        two.get("authorization: two\r\nprefer: wait=1\r\n").await;
        if is_limited {
            two.answer().await.expect_own(429);
        } else {
            platform.call().await.answer("200 OK").await;
            two.answer().await.expect(200);
        }
        first.answer("200 OK").await;
        one.answer().await.expect(200);
    }
}

#[tokio::test]
async fn killed_in_a_long_closing_and_started_again_it_comes_no_earlier() {
    let rate = Rate::new(NonZeroU32::new(20).unwrap(), Duration::from_secs(20)).unwrap();
    let window = LimitConfig::per_credential(LimiterKind::FixedWindow { rate, phase: Duration::ZERO });
    let config = PlatformConfig { limits: vec![window], ..PlatformConfig::default() };
    let platform = stand_in(config).await;
    let desk = Desk::new();
    let url = platform.url();
    let arguments = ["--to", url.as_str(), "--state", "state", "--patience", "60s"];
    let mut number = 0;
    for _ in 0..5 {
        let program = desk.start(&arguments).await;
        let (arrivals, throttled) = (platform.stats().arrivals, platform.stats().throttled);
        let mut callers = Vec::new();
        for _ in 0..40 {
            number += 1;
            let mut caller = program.caller().await;
            caller.post("authorization: one\r\n", &format!("{{\"id\":\"{number}\"}}")).await;
            callers.push(caller);
        }
        // The first life meets the limit; those that follow find it closed, and die before or after it opens.
        let has_closed =
            || std::fs::read_to_string(desk.path("state")).is_ok_and(|text| text.contains("closed_until"));
        let is_met = || platform.stats().throttled > throttled || (arrivals > 0 && has_closed());
        until(|| is_met() && has_closed(), || format!("{:?}", platform.stats())).await;
        program.killed().await;
    }
    let program = desk.start(&arguments).await;
    let mut caller = program.caller().await;
    caller.post("authorization: one\r\n", "{\"id\":\"last\"}").await;
    caller.answer().await.expect(201);
    let stats = platform.stats();
    assert_eq!((stats.early_returns, stats.duplicates), (0, 0), "{stats:?}");
    assert!(stats.throttled > 0, "{stats:?}");
}

#[tokio::test]
async fn a_state_file_has_one_proxy_and_a_killed_one_has_none() {
    let (url, _) = Platform::answering("200 OK").await;
    let desk = Desk::new();
    let arguments = ["--to", url.as_str(), "--state", "state"];
    for _ in 0..2 {
        let program = desk.start(&arguments).await;
        let mut caller = program.caller().await;
        // Everybody waits a second after a kill.
        caller.get("").await;
        caller.answer().await.expect(200);
        let ended = desk.run(&[&arguments[..], &["--listen", "127.0.0.1:0"]].concat()).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("another proxy keeps its state in state"), "{ended:?}");
        program.killed().await;
    }
}

#[tokio::test]
async fn a_command_has_the_url_and_its_exit_code_is_ours() {
    let (url, asked) = Platform::answering("200 OK").await;
    let desk = Desk::new();
    let script = r#"test "$PACELINE_URL" = "$MINE" && exec 3<>"/dev/tcp/127.0.0.1/${MINE##*:}" &&
        printf 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n' >&3 && cat <&3 && exit 7"#;
    let ended = desk.run(&["--to", &url, "--env", "MINE", "--", "bash", "-c", script]).await;
    assert_eq!(ended.code, Some(7), "{ended:?}");
    assert!(ended.stdout.starts_with("HTTP/1.1 200 OK"), "{ended:?}");
    assert!(ended.stderr.contains("1 calls: 1 accepted"), "{ended:?}");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
    for (script, code) in [("exit 0", 0), ("kill -9 $$", 137), ("kill -TERM $$", 143)] {
        let ended = desk.run(&["--to", &url, "--", "bash", "-c", script]).await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains("0 calls"), "{ended:?}");
    }
    let ended = desk.run(&["--to", &url, "--", "./no-such-program"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}

#[tokio::test]
async fn a_termination_is_passed_on_to_the_command() {
    let (url, _) = Platform::answering("200 OK").await;
    let desk = Desk::new();
    let script = "trap 'exit 5' TERM; echo ready >&2; while :; do read -t 1 <> <(:) || :; done";
    let mut program = desk.start_with(&["--to", &url], &["bash", "-c", script]).await;
    program.says("ready").await;
    program.signal("TERM").await;
    assert_eq!(program.ended().await.code, Some(5));
}

#[tokio::test]
async fn it_listens_on_this_machine_only_and_its_admin_port_wants_a_token_elsewhere() {
    let (url, _) = Platform::answering("200 OK").await;
    let desk = Desk::new();
    let shown = desk.run(&["--to", &url, "--print-config"]).await;
    assert!(shown.stdout.contains("listen = \"127.0.0.1:8088\""), "{shown:?}");
    let ended = desk.run(&["--to", &url, "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:0"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("--admin-token-file"), "{ended:?}");
}
