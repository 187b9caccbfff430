//! Reverse proxies and what stands behind them, one process and one thread each, on a free port of 127.0.0.1.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{Running, listening};
use crate::{Anything, paceline};

/// Who passes calls on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Paceline,
    Nginx,
    HaProxy,
}

impl Peer {
    pub(crate) const ALL: [Self; 3] = [Self::Paceline, Self::Nginx, Self::HaProxy];

    /// Starts it in a folder of its own, in front of `upstream`.
    pub(crate) fn start(self, folder: &Path, upstream: SocketAddr) -> Anything<(Running, SocketAddr)> {
        match self {
            Self::Paceline => paceline_proxy(folder, upstream),
            Self::Nginx => nginx(folder, &PROXY_SERVER.replace("@UPSTREAM@", &upstream.to_string())),
            Self::HaProxy => haproxy(folder, upstream),
        }
    }
}

/// `paceline proxy`, told nothing of a limit.
pub(crate) fn paceline_proxy(folder: &Path, upstream: SocketAddr) -> Anything<(Running, SocketAddr)> {
    let mut command = paceline::command("proxy", folder);
    command.args(["--to", &format!("http://{upstream}"), "--listen", "127.0.0.1:0"]);
    command.arg("--state").arg(folder.join("state")).stdout(Stdio::null());
    Running::start_until(&mut command, listening)
}

/// A server that reads each call and answers 200, far cheaper than any proxy in front of it.
pub(crate) fn upstream(folder: &Path) -> Anything<(Running, SocketAddr)> {
    nginx(folder, UPSTREAM_SERVER)
}

/// nginx with this server. Nobody keeps the port while it starts; where another was faster, the next one is tried.
fn nginx(folder: &Path, server: &str) -> Anything<(Running, SocketAddr)> {
    let mut said = String::new();
    for _ in 0..PORTS {
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let server = server.replace("@LISTEN@", &listen.to_string());
        let file = folder.join("nginx.conf");
        fs::write(&file, include_str!("nginx.conf").replace("@SERVER@", &server))?;
        let mut command = named("NGINX", "nginx");
        command.arg("-p").arg(folder).arg("-c").arg(&file).args(["-e", "stderr"]).stdout(Stdio::null());
        // It names how it will wait for events when its sockets listen already.
        let is_ready = |line: &str| line.contains("event method").then_some(listen);
        match Running::start_until(&mut command, is_ready) {
            Err(error) if error.to_string().contains("Address already in use") => said = error.to_string(),
            other => return other,
        }
    }
    Err(format!("{PORTS} free ports were taken by others before nginx listened:\n{said}").into())
}

/// HAProxy, which is handed a socket that listens already.
fn haproxy(folder: &Path, upstream: SocketAddr) -> Anything<(Running, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let file = folder.join("haproxy.cfg");
    fs::write(&file, include_str!("haproxy.cfg").replace("@UPSTREAM@", &upstream.to_string()))?;
    let mut command = named("HAPROXY", "haproxy");
    command.arg("-db").arg("-f").arg(&file).stdin(OwnedFd::from(listener)).stdout(Stdio::null());
    Ok((Running::start(&mut command)?, address))
}

/// The program that a variable names, or the one on the path.
pub(crate) fn named(variable: &str, program: &str) -> Command {
    let mut command = Command::new(std::env::var_os(variable).unwrap_or_else(|| program.into()));
    // Debian keeps servers where only the path of root leads.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin"));
    // To nginx itself, NGINX says which sockets it inherits.
    command.env_remove(variable);
    command
}

/// How many are tried.
const PORTS: usize = 5;

const UPSTREAM_SERVER: &str = "server { listen @LISTEN@ backlog=4096; location / { return 200 'taken'; } }";

/// Connections to the upstream are kept: as many as the most calls at once, and some.
const PROXY_SERVER: &str = "
    upstream platform { server @UPSTREAM@; keepalive 1024; keepalive_requests 1000000000; }
    server {
        listen @LISTEN@ backlog=4096;
        location / {
            proxy_pass http://platform;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }
    }";
