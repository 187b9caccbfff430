//! Who goes when, and who stands in nobody's way.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use paceline_cli::proxy::ProxyPlan;
use paceline_cli::proxy::rules::{ClientBy, Rule, Rules};
use paceline_core::Priority;

use super::caller::Caller;
use super::platform::Platform;
use super::stage::{Stage, one_at_a_time, plan};

/// Lets `calls` wait behind one that is in flight, each named by its path, and returns the order in which they leave.
async fn order(rules: impl FnOnce(Rules) -> Rules, calls: &[(&str, &str)]) -> Vec<String> {
    let here = IpAddr::from([127, 0, 0, 1]);
    let calls: Vec<_> = calls.iter().map(|&(name, headers)| (name, headers, here)).collect();
    order_from(rules, &calls).await
}

/// The same of calls that come from several addresses.
async fn order_from(rules: impl FnOnce(Rules) -> Rules, calls: &[(&str, &str, IpAddr)]) -> Vec<String> {
    let mut platform = Platform::start().await;
    let plan = one_at_a_time(&platform.url);
    let stage = Stage::start(ProxyPlan { rules: rules(plan.rules), ..one_at_a_time(&platform.url) }).await;
    let mut first = stage.caller().await;
    first.get("x-user: nobody\r\n").await;
    let mut call = platform.call().await;
    let mut callers: Vec<Caller> = Vec::new();
    for (number, (name, headers, from)) in calls.iter().enumerate() {
        let mut caller = Caller::connect_from(*from, stage.running.address()).await;
        caller.send(format!("GET /{name} HTTP/1.1\r\nhost: x\r\n{headers}\r\n")).await;
        stage.until_waiting(number + 1).await;
        callers.push(caller);
    }
    let mut left = Vec::new();
    for _ in calls {
        call.answer("200 OK").await;
        call = platform.call().await;
        left.push(call.head.split(' ').nth(1).unwrap()[1..].to_owned());
    }
    call.answer("200 OK").await;
    stage.settled().await;
    left
}

fn by_user(rules: Rules) -> Rules {
    Rules { client: ClientBy::Header("x-user".parse().unwrap()), ..rules }
}

#[tokio::test]
async fn clients_take_turns_whatever_they_have_asked_for() {
    let [a, b] = ["x-user: a\r\n", "x-user: b\r\n"];
    let calls = [("a1", a), ("a2", a), ("a3", a), ("a4", a), ("b1", b), ("b2", b)];
    let left = order(by_user, &calls).await;
    let of_b: Vec<usize> = ["b1", "b2"].map(|name| left.iter().position(|own| own == name).unwrap()).into();
    assert!(of_b[0] <= 1 && of_b[1] <= 3, "{left:?}");
    let of_a: Vec<&String> = left.iter().filter(|name| name.starts_with('a')).collect();
    assert_eq!(of_a, ["a1", "a2", "a3", "a4"]);
}

/// Only Linux has all of 127.0.0.0/8 for its own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn addresses_take_turns_whatever_they_have_asked_for() {
    let [a, b] = [[127, 0, 0, 2], [127, 0, 0, 3]].map(IpAddr::from);
    let names = ["a1", "a2", "a3", "a4", "b1", "b2"];
    let calls = names.map(|name| (name, "", if name.starts_with('a') { a } else { b }));
    let left = order_from(|rules| Rules { client: ClientBy::Address, ..rules }, &calls).await;
    let of_b: Vec<usize> = ["b1", "b2"].map(|name| left.iter().position(|own| own == name).unwrap()).into();
    assert!(of_b[0] <= 1 && of_b[1] <= 3, "{left:?}");
}

#[tokio::test]
async fn a_client_that_weighs_three_has_three_turns_for_one() {
    let heavy = |rules: Rules| {
        let mut rule = Rule::new("heavy");
        rule.header = Some("x-user: a".parse().unwrap());
        rule.weight = NonZeroU32::new(3);
        Rules { rules: vec![rule], ..by_user(rules) }
    };
    let [a, b] = ["x-user: a\r\n", "x-user: b\r\n"];
    let names: Vec<(String, &str)> = (0..9)
        .map(|number| (format!("b{number}"), b))
        .chain((0..9).map(|number| (format!("a{number}"), a)))
        .collect();
    let calls: Vec<(&str, &str)> = names.iter().map(|(name, headers)| (name.as_str(), *headers)).collect();
    let left = order(heavy, &calls).await;
    // Of any beginning, as long as both wait, three in four, give or take one.
    for first in 1..=12 {
        let of_b = left[..first].iter().filter(|name| name.starts_with('b')).count();
        assert!(of_b.abs_diff(first.div_ceil(4)) <= 1, "{first}: {left:?}");
    }
}

#[tokio::test]
async fn a_higher_priority_goes_first() {
    let urgent = |rules: Rules| {
        let mut rule = Rule::new("urgent");
        (rule.path, rule.priority) = (Some("/urgent".parse().unwrap()), Some(Priority::High));
        Rules { rules: vec![rule], ..rules }
    };
    let left = order(urgent, &[("a", ""), ("b", ""), ("urgent", "")]).await;
    assert_eq!(left, ["urgent", "a", "b"]);
}

#[tokio::test]
async fn a_credential_that_is_told_to_wait_blocks_no_other() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let (mut one, mut other) = (stage.caller().await, stage.caller().await);
    one.get("authorization: one\r\nprefer: wait=3600\r\n").await;
    platform.call().await.refuse(20).await;
    stage.until_waiting(1).await;
    for _ in 0..5 {
        other.post("authorization: other\r\n", "x").await;
        let call = platform.call().await;
        assert!(call.head.contains("authorization: other"), "{}", call.head);
        call.answer("201 Created").await;
        other.answer().await.expect(201);
    }
    drop(one);
    stage.settled().await;
}

#[tokio::test]
async fn a_401_and_a_403_are_delivered_and_close_nothing() {
    let mut platform = Platform::start().await;
    let stage = Stage::start(plan(&platform.url)).await;
    let mut caller = stage.caller().await;
    for (head, status) in
        [("401 Unauthorized", 401), ("403 Forbidden", 403), ("401 No", 401), ("200 OK", 200)]
    {
        caller.get("authorization: one\r\n").await;
        platform.call().await.answer(head).await;
        caller.answer().await.expect(status);
    }
    assert_eq!(stage.settled().await.rejected, 3);
}

/// A client that was refused may have been shut out: of a platform that nobody has described, that is for its owner to read.
#[tokio::test]
async fn a_403_after_a_refusal_reaches_its_client() {
    let mut platform = Platform::start().await;
    let mut plan = plan(&platform.url);
    plan.profile =
        std::sync::Arc::new(paceline_core::Profile { ban_after_refusal: false, ..Default::default() });
    let stage = Stage::start(plan).await;
    let mut caller = stage.caller().await;
    caller.get("").await;
    platform.call().await.refuse(1).await;
    let again = tokio::time::timeout(Duration::from_secs(60), platform.call()).await.unwrap();
    again.answer("403 Forbidden").await;
    caller.answer().await.expect(403);
    caller.get("").await;
    platform.call().await.answer("200 OK").await;
    caller.answer().await.expect(200);
}
