//! Malformed requests that ordinary clients do not send.

use crate::app::App;
use crate::client::{Answer, Person, answer};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than the API takes to reject a request.
const RAW_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

impl App {
    /// Sends a body unchanged, with exactly these headers.
    pub async fn send_bytes(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.api_url)).body(body);
        let with_headers = |request: reqwest::RequestBuilder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        answer(headers.iter().fold(request, with_headers)).await
    }

    /// Writes bytes to the API's port and reads one response: its status and JSON body.
    pub async fn send_over_tcp(&self, bytes: &[u8]) -> (u16, Value) {
        let address = self.api_url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(bytes).await.expect("written");
        let mut received = Vec::new();
        let whole = async {
            loop {
                let mut piece = [0; 4096];
                let length = stream.read(&mut piece).await.unwrap_or(0);
                received.extend_from_slice(&piece[..length]);
                if let Some(found) = parsed(&received) {
                    return found;
                }
                assert!(length > 0, "no answer: {}", String::from_utf8_lossy(&received));
            }
        };
        tokio::time::timeout(RAW_ANSWER_TIMEOUT, whole).await.expect("an answer in time")
    }

    /// Advances the clock of API and worker, and logs the users in again, because their tokens have expired.
    pub async fn advance(&self, by: TimeDelta, people: &mut [&mut Person]) {
        self.clock.advance(by);
        for person in people {
            person.token = self.log_in(&person.email).await;
        }
    }
}

fn parsed(received: &[u8]) -> Option<(u16, Value)> {
    let text = String::from_utf8_lossy(received);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let begin = body.find('{')?;
    let end = body.rfind('}')?;
    Some((status, serde_json::from_str(body.get(begin..=end)?).ok()?))
}
