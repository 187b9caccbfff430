//! What a call costs beside the platform: time on one core, from `call` to the reply's last byte.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set up its world has failed")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU32;

use divan::Bencher;
use divan::counter::ItemsCount;
use paceline::driver::{CallSpec, LastLook};
use paceline::{
    Client, Config, KnownRate, Limits, Method, Pacer, Rate, Reply, Request, ScopeKind, ScopeSet, Uri,
};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

fn main() {
    divan::main();
}

/// Permit, departure and reply through the driver's task, without a socket.
#[divan::bench(args = [1, 64, 500])]
fn pacer(bencher: Bencher, workers: usize) {
    let runtime = one_core();
    let (pacer, scopes) = runtime.block_on(async {
        let pacer = Pacer::start(Config::default());
        let scope = pacer.set_limits(ScopeKind::Credential, "bench", fast()).await.unwrap();
        (pacer, ScopeSet::one(scope))
    });
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        runtime.block_on(share(workers, |calls| {
            let pacer = pacer.clone();
            async move {
                for _ in 0..calls {
                    let permit = pacer.submit(CallSpec::new(scopes)).await.unwrap();
                    let LastLook::Departed(in_flight) = permit.depart().await.unwrap() else { continue };
                    in_flight.settle(Reply::status(200)).await.unwrap();
                }
            }
        }));
    });
}

/// The same with HTTP, against a platform on another core that answers at once.
#[divan::bench(args = [1, 64, 500])]
fn client(bencher: Bencher, workers: usize) {
    let runtime = one_core();
    let url = platform();
    let (client, scopes) = runtime.block_on(async {
        let client = Client::new();
        let scope = client.pacer().set_limits(ScopeKind::Credential, "bench", fast()).await.unwrap();
        (client, ScopeSet::one(scope))
    });
    bencher.counter(ItemsCount::new(CALLS)).bench_local(|| {
        runtime.block_on(share(workers, |calls| {
            let (client, url) = (client.clone(), url.clone());
            async move {
                for _ in 0..calls {
                    let mut request = Request::new(Method::POST, url.clone(), scopes);
                    request.body = BODY.into();
                    client.call(request).await.unwrap();
                }
            }
        }));
    });
}

/// So fast that no call waits for the pacer.
fn fast() -> Limits {
    let rate = Rate::per_second(1e6).unwrap();
    Limits { known: Some(KnownRate { rate, burst: NonZeroU32::new(1000).unwrap() }), ..Limits::default() }
}

fn one_core() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Shares [`CALLS`] among `workers` tasks.
async fn share<F>(workers: usize, work: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        tasks.spawn(work(CALLS / workers));
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// A platform as cheap as can be: a thread for each connection, one write for each read.
fn platform() -> Uri {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/records", listener.local_addr().unwrap()).parse().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    url
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 4096];
    while stream.read(&mut request).is_ok_and(|read| read > 0) {
        if stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok").is_err() {
            return;
        }
    }
}

/// Calls in one sample: enough that starting the workers does not count.
const CALLS: usize = 8_000;

/// A small record.
const BODY: &str = r#"{"id":1,"name":"Ada Lovelace","email":"ada@example.com"}"#;
