//! Thousands of calls that wait at once: a thousand with every change, ten thousand with `cargo xtask slow crowd`.

use super::platform::Platform;
use super::program::{Desk, Program};
use super::stage::until;

/// How many calls wait, where it is not the usual thousand.
const CROWD: &str = "PACELINE_TEST_CROWD";
/// Of the client that comes last and has few.
const FEW: usize = 100;
/// Of the other, those whose callers go while they wait.
const GONE: usize = 100;
/// So many sockets are looked at in one round, in no promised order.
const AT_ONCE: usize = 1_024;
/// Calls behind another, on one connection.
const PIPELINED: usize = 40;
/// What they all may take, with the program itself.
const MEMORY_KB: u64 = 150_000;

#[tokio::test]
async fn a_crowd_of_waiting_calls_keeps_its_order_and_little_memory() {
    let calls = std::env::var(CROWD).map_or(1_000, |calls| calls.parse().unwrap());
    make_room(calls);
    let mut platform = Platform::start().await;
    let desk = Desk::new();
    // One at a time, and nothing to be learned of how fast.
    desk.put(
        "paceline.toml",
        "[limits.credential]\nrate = \"10000/s\"\nin_flight = 1\n[target]\ntimeout = \"1h\"\n",
    );
    let config = ["--config", "paceline.toml", "--client", "header:x-user", "--json"];
    let mut program = desk.start(&[&["--to", &platform.url], &config[..]].concat()).await;
    let mut first = program.caller().await;
    first.post("x-user: nobody\r\nprefer: wait=3600\r\n", "first").await;
    let mut call = platform.call().await;

    let sockets = || Sockets::of(&program);
    let mut callers = Vec::new();
    for number in 1..calls {
        let user = if number < calls - FEW { "many" } else { "few" };
        let mut caller = program.caller().await;
        let body = format!("{user} {number} {}", "x".repeat(2_000));
        caller.post(&format!("x-user: {user}\r\nprefer: wait=3600\r\n"), &body).await;
        callers.push(caller);
        if callers.len() % 500 == 0 {
            // The system lets no more than some knock at once.
            until(|| sockets().unread == 0, || format!("{:?}", sockets())).await;
        }
    }
    // The last of the many: their connections rest.
    callers.drain(calls - FEW - GONE - 1..calls - FEW - 1);
    until(|| sockets().of_clients == calls - GONE, || format!("{:?}", sockets())).await;

    let mut left = Vec::new();
    for _ in GONE + 1..calls {
        call.answer("201 Created").await;
        call = platform.call().await;
        left.push(String::from_utf8(call.body[..12].to_vec()).unwrap());
    }
    call.answer("201 Created").await;
    for caller in &mut callers {
        caller.answer().await.expect(201);
    }
    let peak = peak_memory_kb(program.id());
    eprintln!("{calls} waiting calls of 2 KB: {peak} KB at most");
    assert!(peak < MEMORY_KB, "{peak} KB");
    let last_of_few = left.iter().rposition(|name| name.starts_with("few")).unwrap();
    assert!(last_of_few <= 2 * FEW + 2, "the few took their turns: {last_of_few}");
    let of_many = left.iter().filter_map(|name| name.strip_prefix("many ")?.split(' ').next());
    for (place, number) in of_many.enumerate() {
        let late = number.parse::<usize>().unwrap().abs_diff(1 + place);
        assert!(late < AT_ONCE, "call {number} of one client left {late} places from its own");
    }

    program.signal("TERM").await;
    program.says("stopping").await;
    let ended = program.ended().await;
    let counts: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let counts = ["offered", "accepted", "hung_up", "declined"].map(|name| counts[name].as_u64().unwrap());
    let [calls, gone] = [calls, GONE].map(|count| count as u64);
    assert_eq!(counts, [calls, calls - gone, gone, 0], "{ended:?}");
}

/// More than hyper reads at once, behind a body that has made its buffer large: each call in it rests, and the next is read after it.
#[tokio::test]
async fn what_is_sent_behind_a_call_in_a_crowd_is_answered_in_its_order() {
    let others = 600;
    make_room(others);
    let mut platform = Platform::start().await;
    let desk = Desk::new();
    desk.put(
        "paceline.toml",
        "[limits.credential]\nrate = \"10000/s\"\nin_flight = 1\n[target]\ntimeout = \"1h\"\n",
    );
    let config = ["--config", "paceline.toml", "--client", "header:x-user"];
    let program = desk.start(&[&["--to", &platform.url], &config[..]].concat()).await;
    let sockets = || Sockets::of(&program);
    let mut callers = Vec::new();
    for _ in 0..others {
        let mut caller = program.caller().await;
        caller.post("x-user: many\r\nprefer: wait=3600\r\n", "like others").await;
        callers.push(caller);
    }
    let mut call = platform.call().await;
    until(|| sockets().unread == 0, || format!("{:?}", sockets())).await;

    let headers = format!("host: a\r\nx-user: one\r\nprefer: wait=3600\r\nx-more: {}\r\n", "y".repeat(1_000));
    let mut sent =
        format!("POST /0 HTTP/1.1\r\n{headers}content-length: 60000\r\n\r\n{}", "x".repeat(60_000));
    for number in 1..=PIPELINED {
        sent += &format!("POST /{number} HTTP/1.1\r\n{headers}content-length: 2\r\n\r\n{{}}");
    }
    let mut one = program.caller().await;
    one.send(sent).await;
    let mut answered = 0;
    while answered <= PIPELINED {
        let path = call.head.split(' ').nth(1).unwrap().to_owned();
        let is_its = call.head.contains("x-user: one");
        call.answer(&format!("201 Created\r\nx-path: {path}")).await;
        if is_its {
            let answer = one.answer().await.expect(201);
            assert_eq!(answer.header("x-path"), Some(&*format!("/{answered}")));
            answered += 1;
        }
        call = platform.call().await;
    }
    assert_eq!(platform.broken(), 0);
}

/// The proxy's sockets that its clients are connected to.
#[derive(Debug)]
struct Sockets {
    of_clients: usize,
    /// Those of them on which the proxy has something to read.
    unread: usize,
}

impl Sockets {
    fn of(program: &Program) -> Self {
        let port = format!(":{:04X}", program.address().port());
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let rows = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        // Established, or closed by the client and not yet by the proxy.
        let own: Vec<_> =
            rows.filter(|row| row[1].ends_with(&port) && matches!(row[3], "01" | "08")).collect();
        let unread = own.iter().filter(|row| !row[4].ends_with(":00000000")).count();
        Self { of_clients: own.len(), unread }
    }
}

fn peak_memory_kb(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The clients' ends are in this process.
fn make_room(calls: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let (limit, files) = (getrlimit(Resource::Nofile), calls as u64 + 1_000);
    if limit.current.is_some_and(|current| current < files) {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum });
        raised.expect("this test needs open files: raise `ulimit -Hn`");
    }
}
