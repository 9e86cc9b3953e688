//! A small SMTP server (RFC 5321: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT) that stores every message.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, watch},
};

use crate::{mailbox, state::Trouble, store::Store};

const CONNECTIONS_MAX: usize = 64;
const LINE_BYTES_MAX: u64 = 2_048;
const DATA_LINE_BYTES_MAX: u64 = 64 * 1024;
const MESSAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
const RECIPIENTS_MAX: usize = 100;
const IDLE_TIMEOUT: Duration = Duration::from_secs(120);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn run(listener: TcpListener, store: Arc<Store>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            let mut stream = stream;
            // A write error is ignored: the connection is closed anyway.
            let _ = stream.write_all(b"421 4.3.2 Too many connections\r\n").await;
            continue;
        };
        let (store, mut stop) = (Arc::clone(&store), stop.clone());
        tokio::spawn(async move {
            tokio::select! {
                ended = Session::new(stream, store).run() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "SMTP connection ended early");
                    }
                }
                _ = stop.wait_for(|stop| *stop) => {}
            }
            drop(slot);
        });
    }
}

struct Session {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    store: Arc<Store>,
    from: Option<String>,
    to: Vec<String>,
}

enum Next {
    Reply(&'static str),
    Data,
    Quit,
}

impl Session {
    fn new(stream: TcpStream, store: Arc<Store>) -> Self {
        let (reader, writer) = stream.into_split();
        Self { reader: BufReader::new(reader), writer, store, from: None, to: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        self.reply("220 sandbox ESMTP ready").await?;
        while let Some(line) = self.read_line(LINE_BYTES_MAX).await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            match self.command(&line) {
                Next::Reply(text) => self.reply(text).await?,
                Next::Data => self.data().await?,
                Next::Quit => {
                    self.reply("221 2.0.0 Bye").await?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, line: &str) -> Next {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        Next::Reply(match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                self.reset();
                "250-sandbox\r\n250-SIZE 2097152\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING"
            }
            "HELO" => {
                self.reset();
                "250 sandbox"
            }
            "MAIL" => self.mail_from(rest),
            "RCPT" => self.rcpt_to(rest),
            "DATA" if self.from.is_none() || self.to.is_empty() => "503 5.5.1 Recipients first",
            "DATA" => return Next::Data,
            "RSET" => {
                self.reset();
                "250 2.0.0 Ok"
            }
            "NOOP" => "250 2.0.0 Ok",
            "VRFY" => "252 2.5.0 Cannot verify",
            "QUIT" => return Next::Quit,
            _ => "502 5.5.2 Command not recognised",
        })
    }

    fn mail_from(&mut self, rest: &str) -> &'static str {
        if self.from.is_some() {
            return "503 5.5.1 Sender already given";
        }
        let Some((address, parameters)) = path(rest, "FROM:") else {
            return "501 5.5.4 Syntax: MAIL FROM:<address>";
        };
        let declared = parameters
            .split_whitespace()
            .find_map(|it| it.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<usize>().ok());
        if declared.is_some_and(|bytes| bytes > MESSAGE_BYTES_MAX) {
            return "552 5.3.4 Message too large";
        }
        self.from = Some(address.to_owned());
        "250 2.1.0 Ok"
    }

    fn rcpt_to(&mut self, rest: &str) -> &'static str {
        if self.from.is_none() {
            return "503 5.5.1 Sender first";
        }
        let Some((address, _)) = path(rest, "TO:").filter(|(address, _)| !address.is_empty())
        else {
            return "501 5.5.4 Syntax: RCPT TO:<address>";
        };
        match self.store.read(|state| state.core.mail_fault) {
            Trouble::Temporary => return "451 4.3.0 Try again later",
            Trouble::Permanent => return "550 5.1.1 No such mailbox",
            Trouble::Ok => {}
        }
        if self.to.len() >= RECIPIENTS_MAX {
            return "452 4.5.3 Too many recipients";
        }
        self.to.push(address.to_owned());
        "250 2.1.5 Ok"
    }

    async fn data(&mut self) -> io::Result<()> {
        self.reply("354 End data with <CR><LF>.<CR><LF>").await?;
        let mut message = Vec::new();
        let mut oversize = false;
        loop {
            let Some(line) = self.read_line(DATA_LINE_BYTES_MAX).await? else {
                return Ok(());
            };
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            let line = line.strip_prefix(b".").unwrap_or(&line);
            // Reads and discards the rest, so that the reply follows the end of the message.
            oversize |= message.len().saturating_add(line.len()) > MESSAGE_BYTES_MAX;
            if !oversize {
                message.extend_from_slice(line);
            }
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if oversize {
            return self.reply("552 5.3.4 Message too large").await;
        }
        self.store.change(|state| mailbox::keep(state, from, to, &message));
        self.store.persisted().await;
        self.reply("250 2.0.0 Kept").await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// Reads one line with its line end. Returns `None` at the end of the stream.
    async fn read_line(&mut self, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.reader).take(bytes_max);
        let read = bounded.read_until(b'\n', &mut line);
        let count = tokio::time::timeout(IDLE_TIMEOUT, read).await??;
        if count == 0 {
            return Ok(None);
        }
        if line.ends_with(b"\n") {
            return Ok(Some(line));
        }
        self.reply("500 5.5.2 Line too long or cut off").await?;
        Err(io::ErrorKind::InvalidData.into())
    }

    async fn reply(&mut self, text: &str) -> io::Result<()> {
        let line = format!("{text}\r\n");
        tokio::time::timeout(IDLE_TIMEOUT, self.writer.write_all(line.as_bytes())).await?
    }
}

/// Parses `FROM:<a@b> SIZE=1` into `("a@b", " SIZE=1")`.
fn path<'a>(text: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let head = text.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    text.get(keyword.len()..)?.trim_start().strip_prefix('<')?.split_once('>')
}
