//! The hook before the departure, and the word after it.

use std::sync::{Arc, Mutex};

use paceline::client::{Applied, AttemptStep, BeforeDeparture, OnAttempt, OnStep, Setback};
use paceline::{CallError, Request};
use tokio::net::TcpSocket;
use tokio::sync::Notify;

use crate::platform::{Platform, client, failure_among_others, limit, ok, one_slot, post, reply};

#[tokio::test]
async fn a_hook_that_fails_holds_the_attempt_back_and_frees_its_slot() {
    let platform = Platform::start([]).await;
    let (client, scopes) = client().await;
    limit(client.pacer(), one_slot()).await;
    let mut request = post(platform.url("/"), scopes);
    request.before_departure = Some(Box::new(|_| Box::pin(async { Err("the disk is full".into()) })));
    let error = client.call(request).await.unwrap_err();
    assert!(
        matches!(&error, CallError::HeldBack { number: 1, source } if source.to_string() == "the disk is full")
    );
    assert_eq!(platform.seen().requests.len(), 0);
    client.call(post(platform.url("/"), scopes)).await.unwrap();
    assert_eq!(platform.seen().requests.len(), 1);
}

#[tokio::test]
async fn each_attempt_is_told_before_and_after() {
    let platform = Platform::start([refusal(), ok("")]).await;
    let (client, scopes) = client().await;
    let log = Log::default();
    client.call(log.on(post(platform.url("/"), scopes))).await.unwrap();
    assert_eq!(log.lines(), ["before 1", "after 1: No", "before 2", "after 2: Yes"]);
}

#[tokio::test]
async fn each_step_is_told_in_its_order_and_what_it_adds_is_sent_with_its_attempt_alone() {
    let platform = Platform::start([refusal(), ok(""), ok("")]).await;
    let (client, scopes) = client().await;
    let log = Log::default();
    let mut request = log.on(post(platform.url("/"), scopes));
    request.on_step = Some(log.steps());
    client.call(request).await.unwrap();
    let first = ["begun 1", "before 1", "leaving 1", "after 1: No"];
    assert_eq!(log.lines(), [first, ["begun 2", "before 2", "leaving 2", "after 2: Yes"]].concat());
    let mut request = post(platform.url("/"), scopes);
    request.on_step = Some(log.steps());
    client.stream_unpaced(request).await.unwrap();
    assert_eq!(log.lines()[8..], ["begun 1", "leaving 1"]);
    let sent = platform.seen().requests.clone();
    let marks: Vec<Vec<&str>> = sent
        .iter()
        .map(|request| request.lines().filter(|line| line.starts_with("x-step")).collect())
        .collect();
    assert_eq!(marks, [["x-step: 1"], ["x-step: 2"], ["x-step: 1"]]);
}

#[tokio::test]
async fn a_setback_is_told_with_what_the_platform_said() {
    let platform =
        Platform::start([reply("429 Too Many Requests", "retry-after: 1\r\n", "slow down"), ok("")]).await;
    let (client, scopes) = client().await;
    let told = Log::default();
    let mut request = post(platform.url("/"), scopes);
    let log = told.clone();
    request.on_setback = Some(Box::new(move |setback| match setback {
        Setback::Refused(reply) => log.write(format!("{}: {:?}", reply.status, reply.body)),
        Setback::Failed(error) => log.write(error.to_string()),
    }));
    client.call(request).await.unwrap();
    assert_eq!(told.lines(), ["429 Too Many Requests: b\"slow down\""]);
}

#[tokio::test]
async fn an_attempt_without_a_connection_never_reaches_its_hook() {
    let bound = TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", bound.local_addr().unwrap()).parse().unwrap();
    let (client, scopes) = client().await;
    let log = Log::default();
    failure_among_others(&client, scopes, log.on(post(url, scopes))).await;
    assert_eq!(log.lines()[..2], ["after 1: No", "after 2: No"]);
    assert!(!log.lines().iter().any(|line| line.starts_with("before")));
}

#[tokio::test]
async fn an_attempt_whose_gate_closes_while_its_hook_runs_does_not_leave() {
    let platform = Platform::start([refusal()]).await;
    let (client, scopes) = client().await;
    let (held, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let log = Log::default();
    let mut slow = log.on(post(platform.url("/slow"), scopes));
    slow.before_departure = Some(hold_first(log.clone(), Arc::clone(&held), Arc::clone(&go)));
    let steps = Log::default();
    slow.on_step = Some(steps.steps());
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.call(slow).await }
    });
    held.notified().await;
    let mut events = client.pacer().subscribe();
    let refused = tokio::spawn({
        let (client, request) = (client.clone(), post(platform.url("/refused"), scopes));
        async move { client.call(request).await }
    });
    while !matches!(events.recv().await.unwrap(), paceline::Event::GateClosed { .. }) {}
    go.notify_one();
    slow.await.unwrap().unwrap();
    refused.await.unwrap().unwrap();
    assert_eq!(log.lines(), ["before 1", "after 1: No", "before 1", "after 1: Yes"]);
    assert_eq!(steps.lines(), ["begun 1", "recalled 1", "begun 1", "leaving 1"]);
    assert_eq!(platform.seen().requests.len(), 3);
}

/// What was told, in order.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn on(&self, mut request: Request) -> Request {
        let (before, after) = (self.clone(), self.clone());
        let hook: BeforeDeparture = Box::new(move |number| {
            before.write(format!("before {number}"));
            Box::pin(async { Ok(()) })
        });
        let told: OnAttempt = Box::new(move |report| {
            let applied: Applied = report.applied();
            after.write(format!("after {}: {applied:?}", report.number));
        });
        (request.before_departure, request.on_attempt) = (Some(hook), Some(told));
        request
    }

    /// Writes each step, and marks each attempt by its number.
    fn steps(&self) -> OnStep {
        let log = self.clone();
        Box::new(move |step| match step {
            AttemptStep::Begun { number } => log.write(format!("begun {number}")),
            AttemptStep::Recalled { number } => log.write(format!("recalled {number}")),
            AttemptStep::Leaving { number, headers } => {
                assert!(headers.contains_key("host"));
                assert!(headers.insert("x-step", number.into()).is_none());
                log.write(format!("leaving {number}"));
            }
            other => panic!("{other:?}"),
        })
    }

    fn write(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// A hook that says when it is reached, and waits for leave the first time.
fn hold_first(log: Log, held: Arc<Notify>, go: Arc<Notify>) -> BeforeDeparture {
    let first = Arc::new(Mutex::new(true));
    Box::new(move |number| {
        log.write(format!("before {number}"));
        let wait = std::mem::take(&mut *first.lock().unwrap());
        let (held, go) = (Arc::clone(&held), Arc::clone(&go));
        Box::pin(async move {
            if wait {
                held.notify_one();
                go.notified().await;
            }
            Ok(())
        })
    })
}

fn refusal() -> crate::platform::Act {
    reply("429 Too Many Requests", "retry-after: 1\r\n", "")
}
