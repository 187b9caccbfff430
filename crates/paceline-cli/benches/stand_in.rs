//! How many calls a stand-in answers in a second, on one core: 200-byte records over 32 connections that are
//! kept alive. The client runs on a core of its own.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use paceline_cli::platform::serve;
use paceline_sim::platform::PlatformConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const CONNECTIONS: u64 = 32;
const DURATION: Duration = Duration::from_secs(3);

fn main() -> io::Result<()> {
    let (tell, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        one_core().block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
            let stand_in = serve(listener, PlatformConfig::default().into(), 1).expect("it is bound");
            tell.send(stand_in.address()).expect("the client waits for it");
            let _ = stopped.await;
            stand_in.stop().await
        })
    });
    let address = address.recv().expect("the server starts");
    let started = Instant::now();
    one_core().block_on(load(address));
    let seconds = started.elapsed().as_secs_f64();
    let _ = stop.send(());
    let stats = server.join().expect("the server does not panic");
    #[expect(clippy::cast_precision_loss, reason = "calls of three seconds")]
    let rate = stats.accepted as f64 / seconds;
    writeln!(io::stdout(), "{rate:.0} calls/s ({} accepted, {} duplicates)", stats.accepted, stats.duplicates)
}

fn one_core() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime needs nothing")
}

async fn load(address: SocketAddr) {
    let until = Instant::now() + DURATION;
    let clients: Vec<_> = (0..CONNECTIONS).map(|client| tokio::spawn(call(address, client, until))).collect();
    for client in clients {
        client.await.expect("a client does not panic").expect("the stand-in answers");
    }
}

async fn call(address: SocketAddr, client: u64, until: Instant) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = [0; 1_024];
    let mut number = client << 32;
    while Instant::now() < until {
        number += 1;
        let body = format!(r#"{{"id":"{number:020}","name":"{:x<150}"}}"#, "");
        let length = body.len();
        let request = format!("POST /records HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        let mut read = 0;
        // The reply is small and ends with its body's closing brace.
        while read == 0 || buffer[read - 1] != b'}' {
            match stream.read(&mut buffer[read..]).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => read += count,
            }
        }
    }
    Ok(())
}
