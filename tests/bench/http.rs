//! A minimal HTTP/1.1 client, because the load generator shares the processors with the system under test.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEAD_BYTES_MAX: usize = 16 * 1024;

/// A persistent connection with one request at a time.
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.context("the API does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(HEAD_BYTES_MAX) })
    }

    /// Sends a request, reads the whole response, and returns its status.
    pub async fn call(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let (head, length) = loop {
            self.read().await?;
            if let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break (end + 4, body_length(&self.received[..end])?);
            }
            if self.received.len() > HEAD_BYTES_MAX {
                bail!("the head of an answer does not end");
            }
        };
        while self.received.len() < head + length {
            self.read().await?;
        }
        let status = self.received.get(9..12).context("an answer without a status")?;
        Ok(std::str::from_utf8(status)?.parse()?)
    }

    /// Returns the latest response, head and body, for error messages.
    pub fn answer(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }

    async fn read(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the API closed the connection");
        }
        Ok(())
    }
}

fn body_length(head: &[u8]) -> Result<usize> {
    for line in head.split(|byte| *byte == b'\n') {
        if let Some((name, value)) = line.split_at_checked(15)
            && name.eq_ignore_ascii_case(b"content-length:")
        {
            return Ok(std::str::from_utf8(value)?.trim().parse()?);
        }
    }
    bail!("an answer without a length: {}", String::from_utf8_lossy(head))
}
