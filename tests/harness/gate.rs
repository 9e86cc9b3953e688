//! A proxy between worker and provider that forwards requests and holds some responses.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Holds all responses on connections that requested the given path, until it is opened.
#[derive(Debug)]
pub struct Gate {
    pub url: String,
    open: watch::Sender<bool>,
}

impl Gate {
    /// `target` is `http://host:port`; `path` is a part of the request line.
    pub async fn before(target: &str, path: &'static str) -> Self {
        let target = target.trim_start_matches("http://").parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (open, opened) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass(client, target, path, opened.clone()));
            }
        });
        Self { url, open }
    }

    /// Forwards the held responses and all later ones.
    pub fn open(&self) {
        let _ = self.open.send(true);
    }
}

async fn pass(
    client: TcpStream,
    target: SocketAddr,
    path: &'static str,
    opened: watch::Receiver<bool>,
) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let (seen, asked) = watch::channel(false);
    tokio::join!(
        requests(from_client, to_server, path, seen),
        answers(from_server, to_client, asked, opened),
    );
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    path: &str,
    seen: watch::Sender<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let bytes = &buffer[..length];
        if bytes.windows(path.len()).any(|part| part == path.as_bytes()) {
            let _ = seen.send(true);
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    asked: watch::Receiver<bool>,
    mut opened: watch::Receiver<bool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let held = *asked.borrow();
        if held && opened.wait_for(|open| *open).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
