//! A fixed address for a server whose port changes at each restart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use tokio::net::{TcpListener, TcpStream};

#[derive(Debug)]
pub struct Door {
    pub address: SocketAddr,
    behind: Arc<AtomicU16>,
}

impl Door {
    /// Forwards each connection to the current port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let behind = Arc::new(AtomicU16::new(port));
        let present = behind.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let port = present.load(Ordering::Acquire);
                tokio::spawn(async move {
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { address, behind }
    }

    pub fn moves_to(&self, port: u16) {
        self.behind.store(port, Ordering::Release);
    }
}
