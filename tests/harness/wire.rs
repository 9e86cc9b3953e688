//! A proxy between the product and PostgreSQL that counts round trips.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Messages after which a client waits for a response: a simple query, and the end of an extended query.
const WAITS: [u8; 2] = *b"QS";

/// The server's message that it is ready for the next query.
const READY: u8 = b'Z';

#[derive(Debug)]
pub struct Wire {
    /// The database address through this proxy.
    pub url: String,
    count: Arc<AtomicU32>,
}

impl Wire {
    /// # Panics
    /// If the address is not `postgres://user:password@address:port/database`.
    pub async fn to(database_url: &str) -> Self {
        let (before, after) = database_url.split_once('@').expect("a user");
        let (server, database) = after.split_once('/').expect("a database");
        let server: SocketAddr = server.parse().expect("an address");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address");
        let count = Arc::new(AtomicU32::new(0));
        let counted = count.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(server).await else { return };
                // Otherwise small messages would be delayed until earlier ones are acknowledged.
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let counter = Arc::new(Counter { waits: counted.clone(), ..Counter::default() });
                tokio::spawn(asked(from_client, to_server, counter.clone()));
                tokio::spawn(answered(from_server, to_client, counter));
            }
        });
        // TLS is disabled, because the proxy must read the messages.
        Self { url: format!("{before}@{own}/{database}?sslmode=disable"), count }
    }

    /// Returns the number of round trips so far. Queries sent before the previous response count as one round trip.
    #[must_use]
    pub fn round_trips(&self) -> u32 {
        self.count.load(Ordering::Acquire)
    }
}

/// The state of one connection.
#[derive(Debug, Default)]
struct Counter {
    waits: Arc<AtomicU32>,
    /// Queries without a response so far.
    open: AtomicU32,
}

async fn asked(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    counter: Arc<Counter>,
) -> std::io::Result<()> {
    // The first message of a connection has no type byte.
    let mut letter = None;
    loop {
        let message = message(&mut client, letter).await?;
        if letter.is_some_and(|letter| WAITS.contains(&letter))
            && counter.open.fetch_add(1, Ordering::AcqRel) == 0
        {
            counter.waits.fetch_add(1, Ordering::AcqRel);
        }
        server.write_all(&message).await?;
        letter = Some(client.read_u8().await?);
    }
}

async fn answered(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    counter: Arc<Counter>,
) -> std::io::Result<()> {
    let mut has_begun = false;
    loop {
        let letter = server.read_u8().await?;
        let message = message(&mut server, Some(letter)).await?;
        if letter == READY {
            // The first ready message follows the log-in, not a query.
            if has_begun {
                counter.open.fetch_sub(1, Ordering::AcqRel);
            }
            has_begun = true;
        }
        client.write_all(&message).await?;
    }
}

/// Reads the rest of a message and prepends its type byte.
async fn message(from: &mut OwnedReadHalf, letter: Option<u8>) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let rest = u32::from_be_bytes(length) as usize - length.len();
    let mut body = vec![0; rest];
    from.read_exact(&mut body).await?;
    Ok([letter.as_slice(), &length, &body].concat())
}
