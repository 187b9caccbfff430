//! Twelve calls at once through a client of `reqwest`, to a platform that takes five a second.
//!
//! Run it: `cargo run -p paceline --example reqwest --features reqwest`
#![expect(clippy::print_stdout, reason = "an example says what happens")]

#[path = "refusing/server.rs"]
mod server;

use std::time::Instant;

use paceline::layer::CallEnd;
use paceline::reqwest::PacedMiddleware;
use paceline::{Config, Pacer, ScopeKind, ScopeSet};
use reqwest::redirect::Policy;
use reqwest_middleware::ClientBuilder;
use server::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start().await?;
    let pacer = Pacer::start(Config::default());
    let scope = pacer.scope(ScopeKind::Credential, "default").await?;
    // Without redirects a failure to connect proves that nothing was sent: those calls are safe to repeat.
    let bare = reqwest::Client::builder().redirect(Policy::none()).no_proxy().build()?;
    let paced = PacedMiddleware::new(pacer, ScopeSet::one(scope)).never_sent(reqwest::Error::is_connect);
    let client = ClientBuilder::new(bare).with(paced).build();
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..12 {
        let url = format!("http://{}/records/{number}", server.address);
        let call = client.put(url).body(format!(r#"{{"number":{number}}}"#)).send();
        calls.spawn(async move { (number, call.await) });
    }
    while let Some(call) = calls.join_next().await {
        let (number, response) = call?;
        let response = response?;
        let (status, after) = (response.status(), began.elapsed());
        let attempts = response.extensions().get::<CallEnd>().map_or(0, |end| end.attempts);
        println!("{:>6.3} s  record {number:>2}: {status}, attempt {attempts}", after.as_secs_f64());
        // Until it was read or dropped, the call is in flight.
        response.bytes().await?;
    }
    println!("{}", server.report());
    Ok(())
}
