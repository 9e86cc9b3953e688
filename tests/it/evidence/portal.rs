//! The organisation portal, with exports that a test can change.

use std::sync::{Arc, Mutex, OnceLock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Change = Box<dyn Fn(String) -> String + Send>;

#[derive(Clone)]
pub(super) struct Portal {
    pub(super) url: String,
    sandbox: Arc<OnceLock<String>>,
    change: Arc<Mutex<Change>>,
}

impl Portal {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let portal = Self {
            url: format!("http://{address}/portal/statement.csv"),
            sandbox: Arc::default(),
            change: Arc::new(Mutex::new(Box::new(|export| export))),
        };
        let serving = portal.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serving.clone().answer(client));
            }
        });
        portal
    }

    pub(super) fn stands_before(&self, sandbox_url: &str) {
        self.sandbox.set(sandbox_url.to_owned()).expect("one sandbox");
    }

    pub(super) fn changes(&self, change: impl Fn(String) -> String + Send + 'static) {
        *self.change.lock().expect("a change") = Box::new(change);
    }

    async fn answer(self, mut client: TcpStream) {
        let mut head = vec![0; 4096];
        let read = client.read(&mut head).await.expect("a request");
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let target = head.split(' ').nth(1).expect("a target");
        let url = format!("{}{target}", self.sandbox.get().expect("the sandbox"));
        let export = reqwest::get(url).await.expect("an export").text().await.expect("text");
        let body = (self.change.lock().expect("a change"))(export);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        client.write_all(head.as_bytes()).await.expect("a head");
        client.write_all(body.as_bytes()).await.expect("a body");
    }
}

/// Returns the index of the first row below the column names.
pub(super) fn first_row(export: &str) -> usize {
    let names = export.find("Receipt No.").expect("the columns");
    export[names..].find('\n').map(|end| names + end + 1).expect("a line")
}

/// Adds a row above the others, with its closing balance.
pub(super) fn with_newest(export: &str, row: &str, closing: &str) -> String {
    let line = export.lines().find(|line| line.starts_with("Closing Balance")).expect("a balance");
    let at = first_row(export);
    let with = format!("{}{row}\n{}", &export[..at], &export[at..]);
    with.replacen(line, &format!("Closing Balance:,\"{closing}\""), 1)
}
