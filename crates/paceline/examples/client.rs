//! Twelve calls at once through `Client`, to a platform that takes five a second.
//!
//! Run it: `cargo run -p paceline --example client`
#![expect(clippy::print_stdout, reason = "an example says what happens")]

#[path = "refusing/server.rs"]
mod server;

use std::time::Instant;

use paceline::{Client, Method, Request, ScopeKind, ScopeSet};
use server::Server;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start().await?;
    let client = Client::new();
    let scope = client.pacer().scope(ScopeKind::Credential, "default").await?;
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..12 {
        let uri = format!("http://{}/records/{number}", server.address).parse()?;
        let mut request = Request::new(Method::PUT, uri, ScopeSet::one(scope));
        request.body = format!(r#"{{"number":{number}}}"#).into();
        let client = client.clone();
        calls.spawn(async move { (number, client.call(request).await) });
    }
    while let Some(call) = calls.join_next().await {
        let (number, response) = call?;
        let response = response?;
        let (status, attempts, after) = (response.status, response.attempts, began.elapsed());
        println!("{:>6.3} s  record {number:>2}: {status}, attempt {attempts}", after.as_secs_f64());
    }
    println!("{}", server.report());
    Ok(())
}
