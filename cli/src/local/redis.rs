//! A private Redis server: a folder, a loopback port and a password of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use nix::sys::signal::Signal;

use super::folder::Folder;
use super::process::{Child, Program};
use super::{Durability, binaries, orphan, ports};

/// Long enough to load a large append-only file.
const START_WAIT: Duration = Duration::from_secs(60);
const STOP_WAIT: Duration = Duration::from_secs(30);
const PING_WAIT: Duration = Duration::from_secs(1);
const PING_ANSWER_BYTES_MAX: usize = 64;

/// A running server. Dropping it stops the server; the data stays.
#[derive(Debug)]
pub struct Redis {
    pub(super) child: Child,
    port: u16,
    password: String,
    // The last field, so that the folder is unlocked after the server has ended.
    folder: Folder,
}

impl Redis {
    /// Starts the server in `folder`, and creates the folder if it is missing.
    pub fn start(folder: &Path, durability: Durability) -> Result<Self> {
        let program = binaries::redis_server()?;
        let folder = Folder::open(folder)?;
        let password = folder.password()?;
        orphan::end(&folder.join("pid"), &folder.join("data"), Signal::SIGTERM)?;
        let (port, child) = ports::with_free(|port| {
            configure(&folder, port, durability)?;
            Ok((port, launch(&folder, &program, port)?))
        })?;
        tracing::debug!(pid = child.pid(), port, "Redis is ready");
        Ok(Self { child, port, password, folder })
    }

    /// Returns the URL for clients. It contains the password.
    pub fn url(&self) -> String {
        format!("redis://:{}@127.0.0.1:{}", self.password, self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Returns the folder of the data, which may differ from the requested one (see `Folder`).
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends SIGKILL, to simulate a crash.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().map(drop)
    }

    /// Restarts the server on the same port with the same data.
    pub fn restart(&mut self) -> Result<()> {
        self.child.stop(Signal::SIGTERM, STOP_WAIT)?;
        self.child.restart()?;
        wait_until_ready(&mut self.child, &self.folder, self.port)
    }

    /// Stops the server after it has written its data, and waits for its end.
    pub fn stop(mut self) -> Result<()> {
        let status = self.child.stop(Signal::SIGTERM, STOP_WAIT)?;
        ensure!(status.success(), "Redis did not stop cleanly: {status}");
        Ok(())
    }
}

/// Writes the settings to a file, because all accounts could read a password in the arguments.
fn configure(folder: &Folder, port: u16, durability: Durability) -> Result<()> {
    let append_sync = match durability {
        Durability::Full => "everysec",
        Durability::TestOnly => "no",
    };
    let password = folder.password()?;
    let settings = format!(
        "bind 127.0.0.1\nport {port}\nrequirepass {password}\n\
         save \"\"\nappendonly yes\nappendfsync {append_sync}\nmaxmemory-policy noeviction\n"
    );
    folder.write("redis.conf", &settings).map(drop)
}

fn launch(folder: &Folder, program: &Path, port: u16) -> Result<Child> {
    let data = folder.make_folder("data")?;
    // Redis stores its data in the working folder.
    let mut child = Program::new("Redis", program, &folder.join("log"))
        .args([folder.join("redis.conf")])
        .directory(&data)
        .user(folder.user().cloned())
        .start()?;
    wait_until_ready(&mut child, folder, port)?;
    Ok(child)
}

fn wait_until_ready(child: &mut Child, folder: &Folder, port: u16) -> Result<()> {
    folder.write("pid", &child.pid().to_string())?;
    let password = folder.password()?;
    child.wait_until(START_WAIT, || answers(port, &password).unwrap_or(false))
}

/// Whether the server responds to PING. While it loads its data, it returns an error.
fn answers(port: u16, password: &str) -> std::io::Result<bool> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PING_WAIT)?;
    stream.set_read_timeout(Some(PING_WAIT))?;
    stream.write_all(format!("AUTH {password}\r\nPING\r\n").as_bytes())?;
    let mut answer = Vec::new();
    let expected = b"+OK\r\n+PONG\r\n";
    let mut piece = [0; PING_ANSWER_BYTES_MAX];
    while answer.len() < expected.len() {
        match stream.read(&mut piece)? {
            0 => break,
            length => answer.extend_from_slice(piece.get(..length).unwrap_or_default()),
        }
    }
    Ok(answer.starts_with(expected))
}
