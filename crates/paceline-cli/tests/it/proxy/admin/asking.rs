//! What the admin port answers.

use std::net::SocketAddr;

use serde_json::Value;

use super::site::{Site, exchange};

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Site {
    /// Asks the admin port for a path.
    pub(crate) async fn ask(&self, path: &str) -> Answer {
        ask(self.admin, &format!("GET {path}"), "").await
    }

    pub(crate) async fn status(&self) -> Value {
        status(self.admin).await
    }

    /// Asks until what is told is so.
    pub(crate) async fn status_when(&self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let status = self.status().await;
            if is_so(&status) {
                return status;
            }
        }
    }
}

impl Answer {
    /// The values of a header, in lower case.
    pub(crate) fn headers<'a>(&'a self, name: &str) -> Vec<&'a str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| *found == name).map(|(_, value)| value).collect()
    }
}

/// `GET /status`, without a token.
pub(crate) async fn status(admin: SocketAddr) -> Value {
    let answer = ask(admin, "GET /status", "").await;
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// One request on a connection of its own; its extra header lines each end with CRLF.
pub(crate) async fn ask(address: SocketAddr, start: &str, headers: &str) -> Answer {
    let host = if headers.contains("host:") { String::new() } else { format!("host: {address}\r\n") };
    said(address, &format!("{start} HTTP/1.1\r\n{host}connection: close\r\n{headers}\r\n")).await
}

/// What is answered to a text.
pub(crate) async fn said(address: SocketAddr, text: &str) -> Answer {
    let text = exchange(address, text).await;
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    Answer { status: head[9..12].parse().unwrap(), head: head.to_lowercase(), body: body.to_owned() }
}
