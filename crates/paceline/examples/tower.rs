//! Twelve calls at once through the tower layer, around hyper's client, to a platform that takes five a second.
//!
//! Run it: `cargo run -p paceline --example tower`
#![expect(clippy::print_stdout, reason = "an example says what happens")]

#[path = "refusing/server.rs"]
mod server;

use std::time::Instant;

use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use paceline::layer::{CallEnd, PacedLayer};
use paceline::{Bytes, Config, Pacer, ScopeKind, ScopeSet};
use server::Server;
use tower::{ServiceBuilder, ServiceExt as _};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let server = Server::start().await?;
    let pacer = Pacer::start(Config::default());
    let scope = pacer.scope(ScopeKind::Credential, "default").await?;
    // Hyper says which of its errors came before the first byte: those calls are safe to repeat.
    let layer = PacedLayer::new(pacer, ScopeSet::one(scope))
        .never_sent(|error| error.downcast_ref::<Error>().is_some_and(Error::is_connect));
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let client = ServiceBuilder::new().layer(layer).service(hyper);
    let began = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..12 {
        let request = http::Request::put(format!("http://{}/records/{number}", server.address))
            .body(Full::from(format!(r#"{{"number":{number}}}"#)))?;
        let call = client.clone().oneshot(request);
        calls.spawn(async move { (number, call.await) });
    }
    while let Some(call) = calls.join_next().await {
        let (number, response) = call?;
        let response = response?;
        let (status, after) = (response.status(), began.elapsed());
        let attempts = response.extensions().get::<CallEnd>().map_or(0, |end| end.attempts);
        println!("{:>6.3} s  record {number:>2}: {status}, attempt {attempts}", after.as_secs_f64());
        // Until it was read or dropped, the call is in flight.
        response.into_body().collect().await?;
    }
    println!("{}", server.report());
    Ok(())
}
