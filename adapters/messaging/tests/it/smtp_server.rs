//! A small scripted SMTP server that records the messages it receives.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Scripted behaviour of one connection. The last behaviour applies to all later connections.
#[derive(Clone, Copy)]
pub(crate) enum Behaviour {
    Accept,
    /// Sends this line in reply to the recipient.
    Recipient(&'static str),
    /// Sends this line in reply to the message content.
    Content(&'static str),
    /// Sends this line in reply to the log-in.
    LogIn(&'static str),
    /// Sends this greeting and closes the connection.
    Greeting(&'static str),
    /// Accepts the message and never replies.
    SilentAfterContent,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<String>,
    pub(crate) recipients: Vec<String>,
    pub(crate) log_ins: Vec<String>,
    pub(crate) connections: usize,
}

pub(crate) struct SmtpServer {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl SmtpServer {
    pub(crate) async fn start(behaviours: Vec<Behaviour>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut planned = behaviours.into_iter();
            let mut behaviour = planned.next().unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                let mut seen = kept.lock().unwrap();
                seen.connections = seen.connections.saturating_add(1);
                drop(seen);
                tokio::spawn(converse(stream, behaviour, Arc::clone(&kept)));
                behaviour = planned.next().unwrap_or(behaviour);
            }
        });
        Self { address, seen }
    }

    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }
}

async fn converse(stream: TcpStream, behaviour: Behaviour, seen: Arc<Mutex<Seen>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    if let Behaviour::Greeting(line) = behaviour {
        write.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
        return None;
    }
    write.write_all(b"220 test\r\n").await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (verb.as_str(), behaviour) {
            ("EHLO", _) => "250-test\r\n250 AUTH PLAIN",
            ("AUTH", Behaviour::LogIn(answer)) => answer,
            ("AUTH", _) => {
                seen.lock().unwrap().log_ins.push(line.clone());
                "235 welcome"
            }
            ("RCPT", Behaviour::Recipient(answer)) => answer,
            ("RCPT", _) => {
                seen.lock().unwrap().recipients.push(line.clone());
                "250 ok"
            }
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.ok()?;
                let mut message = String::new();
                loop {
                    let line = lines.next_line().await.ok()??;
                    if line == "." {
                        break;
                    }
                    message.push_str(&line);
                    message.push('\n');
                }
                seen.lock().unwrap().messages.push(message);
                match behaviour {
                    Behaviour::Content(answer) => answer,
                    Behaviour::SilentAfterContent => std::future::pending().await,
                    _ => "250 queued as 1",
                }
            }
            ("QUIT", _) => "221 bye",
            _ => "250 ok",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    None
}
