//! A minimal HTTP server: one request per connection, answered by the test's script.

use serde_json::Value;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use url::Url;

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn is_token(&self) -> bool {
        self.target.starts_with("/oauth/")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub(crate) enum Answer {
    Say(u16, String),
    /// Reads the request and closes the connection without a response.
    Vanish,
    /// Declares a longer body than it sends.
    CutOff(&'static str),
}

pub(crate) fn say(status: u16, body: impl Into<String>) -> Answer {
    Answer::Say(status, body.into())
}

pub(crate) struct Listener {
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts a listener. `script` gets each request and the number of earlier requests to the same
    /// path.
    pub(crate) async fn start(
        script: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", socket.local_addr().unwrap())).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&seen), Arc::new(script));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = socket.accept().await else { return };
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move { serve(stream, &log, script.as_ref()).await });
            }
        });
        Self { url, seen, task }
    }

    /// Returns tokens `t0`, `t1`, … for token requests and leaves all others to the script.
    pub(crate) async fn with_tokens(
        script: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request, before| {
            if request.is_token() {
                let body = format!(r#"{{"access_token":"t{before}","expires_in":"3599"}}"#);
                say(200, body)
            } else {
                script(request, before)
            }
        })
        .await
    }

    pub(crate) fn calls(&self) -> Vec<Request> {
        self.seen.lock().unwrap().iter().filter(|r| !r.is_token()).cloned().collect()
    }

    pub(crate) fn token_calls(&self) -> usize {
        self.seen.lock().unwrap().iter().filter(|r| r.is_token()).count()
    }

    /// Stops the listener, so that later connections are refused.
    pub(crate) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    script: &(dyn Fn(&Request, usize) -> Answer + Send + Sync),
) {
    let Some(request) = read(&mut stream).await else { return };
    let answer = {
        let mut log = log.lock().unwrap();
        let path = |r: &Request| r.target.split('?').next().unwrap_or_default().to_owned();
        let before = log.iter().filter(|r| path(r) == path(&request)).count();
        log.push(request.clone());
        script(&request, before)
    };
    let (status, length, body) = match &answer {
        Answer::Vanish => return,
        Answer::Say(status, body) => (*status, body.len(), body.as_str()),
        Answer::CutOff(body) => (200, body.len().saturating_add(10), *body),
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(body.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let target = head.split(' ').nth(1)?.to_owned();
            let request = Request { target, head: head.to_owned(), body: body.to_owned() };
            let length: usize = request.header("content-length").map_or(0, |n| n.parse().unwrap());
            if body.len() >= length {
                return Some(request);
            }
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}
