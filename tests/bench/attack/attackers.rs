//! The attackers: tasks that repeat one action from many addresses.

use anyhow::{Context, Result, ensure};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

const SLOW_CONNECTIONS: usize = 2_000;
const SLOW_LINE_EVERY: Duration = Duration::from_secs(10);
const JUNK_CONNECTIONS: usize = 8;
const JUNK_BYTES: usize = 60_000;
const READERS: usize = 100;

/// Many addresses, because a limit per address does not stop such attackers.
const ADDRESSES: usize = 100;

/// The pause of an attacker after a rejection.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Clone, Copy)]
pub enum Attack {
    /// Connections that send a short header line every ten seconds, without end.
    Slow,
    /// Large callbacks to addresses that do not exist.
    Junk,
    /// Readers who request the documentation again and again.
    Read,
}

#[derive(Debug, Default)]
struct Counts {
    has_ended: AtomicBool,
    acts: AtomicUsize,
    failures: AtomicUsize,
}

pub struct Attackers {
    counts: Arc<Counts>,
    tasks: JoinSet<()>,
}

impl Attackers {
    /// Stops the attack. Returns the numbers of completed actions and of rejected or broken ones.
    pub async fn stop(mut self) -> (usize, usize) {
        self.counts.has_ended.store(true, Ordering::Relaxed);
        self.tasks.shutdown().await;
        let Counts { acts, failures, .. } = &*self.counts;
        (acts.load(Ordering::Relaxed), failures.load(Ordering::Relaxed))
    }
}

impl Attack {
    /// Starts the attack on the caller's runtime.
    pub fn start(self, target: SocketAddr) -> Attackers {
        let connections = match self {
            Self::Slow => SLOW_CONNECTIONS,
            Self::Junk => JUNK_CONNECTIONS,
            Self::Read => READERS,
        };
        let (counts, mut tasks) = (Arc::new(Counts::default()), JoinSet::new());
        for number in 0..connections {
            let counts = Arc::clone(&counts);
            tasks.spawn(async move {
                while !counts.has_ended.load(Ordering::Relaxed) {
                    if self.once(target, number, &counts.acts).await.is_err() {
                        counts.failures.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        Attackers { counts, tasks }
    }

    async fn once(self, target: SocketAddr, number: usize, acts: &AtomicUsize) -> Result<()> {
        let stream = connect(target, number).await?;
        match self {
            Self::Slow => drip(stream, acts).await,
            Self::Junk => {
                // As long as a real token, so that the API looks it up.
                let token = format!("{number:016x}{:016x}", acts.load(Ordering::Relaxed));
                let head = format!(
                    "POST /v1/callbacks/c/{token} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {JUNK_BYTES}\r\n\r\n"
                );
                let body = vec![b'7'; JUNK_BYTES];
                ask(stream, &[head.as_bytes(), &body], acts).await
            }
            Self::Read => {
                let request = b"GET /docs HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n";
                ask(stream, &[request], acts).await
            }
        }
    }
}

async fn drip(mut stream: TcpStream, acts: &AtomicUsize) -> Result<()> {
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n").await?;
    loop {
        acts.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(SLOW_LINE_EVERY).await;
        stream.write_all(b"X-Slow: 1\r\n").await?;
    }
}

async fn ask(mut stream: TcpStream, request: &[&[u8]], acts: &AtomicUsize) -> Result<()> {
    for part in request {
        stream.write_all(part).await?;
    }
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await?;
    ensure!(!answer.is_empty(), "no answer");
    acts.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Connects from one of this machine's loopback addresses.
async fn connect(target: SocketAddr, number: usize) -> Result<TcpStream> {
    let last = u8::try_from(number % ADDRESSES).context("few addresses")?;
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 1, last)), 0))?;
    Ok(socket.connect(target).await?)
}
