//! A private PostgreSQL cluster: a folder, a loopback port and a password of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::Signal;

use super::binaries::PostgresBinaries;
use super::folder::Folder;
use super::process::{Child, Program, drop_to};
use super::{Durability, orphan, ports};

/// The role that owns the whole cluster.
const ROLE: &str = "amana";

/// Long enough to replay the log of a killed server.
const START_WAIT: Duration = Duration::from_secs(60);
const STOP_WAIT: Duration = Duration::from_secs(30);

/// Sessions of a killed server need a moment to end. Until then a new server refuses to start because of their shared
/// memory.
const SESSIONS_WAIT: Duration = Duration::from_secs(15);
const SESSIONS_POLL: Duration = Duration::from_millis(100);
const SESSIONS_REMAIN: &str = "pre-existing shared memory block";

const IDENTIFIER_BYTES_MAX: usize = 63;

/// "Fast shutdown": ends sessions and writes the data. SIGTERM would wait for the sessions.
const FAST_SHUTDOWN: Signal = Signal::SIGINT;

const SETTINGS: [&str; 10] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=256MB",
    // Rare checkpoints, because each page is logged in full at its first change after a checkpoint.
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    "log_line_prefix=%m [%p] %d ",
];

/// Test data need not survive a crash, and hundreds of small databases are created and dropped. Vacuum, just-in-time
/// compilation and timed checkpoints would only cost time.
const TEST_ONLY_SETTINGS: [&str; 8] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "jit=off",
    "checkpoint_timeout=1d",
];

/// A running server. Dropping it stops the server; the data stays.
#[derive(Debug)]
pub struct Postgres {
    pub(super) child: Child,
    binaries: PostgresBinaries,
    port: u16,
    password: String,
    // The last field, so that the folder is unlocked after the server has ended.
    folder: Folder,
}

impl Postgres {
    /// Starts the cluster in `folder`, and creates it if it is missing.
    pub fn start(folder: &Path, durability: Durability) -> Result<Self> {
        let folder = Folder::open(folder)?;
        let data = folder.join("data");
        let binaries = PostgresBinaries::find(orphan::first_number(&data.join("PG_VERSION")))?;
        let password = folder.password()?;
        if !data.exists() {
            create_cluster(&folder, &binaries, durability)?;
        }
        clear_the_way(&folder, &data)?;
        let (port, child) = ports::with_free(|port| {
            let mut child = launch(&folder, &binaries, port, durability)?;
            wait_until_ready(&mut child, &data)?;
            Ok((port, child))
        })?;
        tracing::debug!(pid = child.pid(), port, "PostgreSQL {} is ready", binaries.major);
        Ok(Self { child, binaries, port, password, folder })
    }

    /// Returns the URL of `database` for the owner. It contains the password.
    pub fn url(&self, database: &str) -> String {
        self.url_of(ROLE, &self.password, database)
    }

    /// Returns the URL of `database` for another role.
    pub fn url_of(&self, role: &str, password: &str, database: &str) -> String {
        format!("postgres://{role}:{password}@127.0.0.1:{}/{database}", self.port)
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

    /// Creates an empty database unless it exists.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let plain = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
        ensure!(
            name.chars().all(plain) && (1..=IDENTIFIER_BYTES_MAX).contains(&name.len()),
            "database name {name:?}: use 1 to 63 of a-z, 0-9 and _"
        );
        let there = format!("select 1 from pg_database where datname = '{name}'");
        if self.psql("postgres", &there)?.is_empty() {
            self.psql("postgres", &format!("create database \"{name}\""))?;
        }
        Ok(())
    }

    /// Runs `sql` and returns the output of psql: one line per row, columns separated by `|`.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.client("psql", database);
        command.args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1", "-c", sql]);
        let output = command.output().context("cannot run psql")?;
        ensure!(
            output.status.success(),
            "psql: {}",
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(String::from_utf8(output.stdout).context("psql printed no text")?.trim_end().to_owned())
    }

    /// Returns a client program of the server's version, with the server's address and the owner's credentials.
    pub fn client(&self, program: &str, database: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        // The caller's PGHOST, PGOPTIONS and so on are for another server.
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", ROLE)
            .env("PGPASSWORD", &self.password)
            .env("PGDATABASE", database)
            .stdin(Stdio::null());
        command
    }

    /// Restarts the server on the same port with the same data.
    pub fn restart(&mut self) -> Result<()> {
        self.child.stop(FAST_SHUTDOWN, STOP_WAIT)?;
        let (data, began) = (self.folder.join("data"), Instant::now());
        loop {
            clear_the_way(&self.folder, &data)?;
            self.child.restart()?;
            self.folder.write("pid", &self.child.pid().to_string())?;
            match wait_until_ready(&mut self.child, &data) {
                Err(error)
                    if error.to_string().contains(SESSIONS_REMAIN)
                        && began.elapsed() < SESSIONS_WAIT =>
                {
                    thread::sleep(SESSIONS_POLL);
                }
                started => return started,
            }
        }
    }

    /// Ends the sessions and the server, and waits for its end.
    pub fn stop(mut self) -> Result<()> {
        let status = self.child.stop(FAST_SHUTDOWN, STOP_WAIT)?;
        ensure!(status.success(), "PostgreSQL did not stop cleanly: {status}");
        Ok(())
    }
}

/// Returns the URL of `database` on the server that another process runs in `folder`, or `None` if no server runs
/// there. It contains the password.
pub fn running_url(folder: &Path, database: &str) -> Result<Option<String>> {
    let Ok(data) = fs::canonicalize(folder.join("data")) else { return Ok(None) };
    let status = data.join("postmaster.pid");
    if !orphan::first_number(&status).is_some_and(|pid| orphan::works_in(pid, &data)) {
        return Ok(None);
    }
    let text = fs::read_to_string(&status).context("cannot read postmaster.pid")?;
    let port = text.lines().nth(3).and_then(|line| line.trim().parse::<u16>().ok());
    let port =
        port.context("the server is still starting (no port in postmaster.pid); try again")?;
    let password = fs::read_to_string(folder.join("password"))
        .with_context(|| format!("cannot read the password in {}", folder.display()))?;
    Ok(Some(format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/{database}")))
}

/// Runs initdb in another folder and renames it at the end, so that an interruption leaves no incomplete cluster.
fn create_cluster(
    folder: &Folder,
    binaries: &PostgresBinaries,
    durability: Durability,
) -> Result<()> {
    let (unfinished, data) = (folder.join("data.new"), folder.join("data"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).context("cannot remove an unfinished cluster")?;
    }
    folder.make_folder("data.new")?;
    let mut initdb = Command::new(binaries.program("initdb"));
    // A test run connects thousands of times, and each SCRAM hash takes milliseconds.
    let auth = match durability {
        Durability::Full => "password",
        Durability::TestOnly => "md5",
    };
    initdb
        .args(["-U", ROLE, "-A", auth, "-E", "UTF8", "--locale=C", "-D"])
        .arg(&unfinished)
        .arg("--pwfile")
        .arg(folder.join("password"))
        .current_dir(&unfinished)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    if durability == Durability::TestOnly {
        initdb.arg("--no-sync");
    }
    if let Some(user) = folder.user() {
        drop_to(&mut initdb, user);
    }
    let output = initdb.output().context("cannot run initdb")?;
    if !output.status.success() {
        bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr).trim_end());
    }
    fs::rename(unfinished, data).context("cannot rename the new cluster")
}

/// Ends a server that a killed process left behind, and removes a stale lock file. The caller holds the folder's lock,
/// so no other server of ours can be in use. The pid of a stale lock file may belong to another process by now.
fn clear_the_way(folder: &Folder, data: &Path) -> Result<()> {
    orphan::end(&folder.join("pid"), data, FAST_SHUTDOWN)?;
    let status = data.join("postmaster.pid");
    match orphan::first_number(&status) {
        Some(pid) if !orphan::works_in(pid, data) => {
            fs::remove_file(&status).context("cannot remove a stale postmaster.pid")
        }
        _ => Ok(()),
    }
}

fn launch(
    folder: &Folder,
    binaries: &PostgresBinaries,
    port: u16,
    durability: Durability,
) -> Result<Child> {
    let data: PathBuf = folder.join("data");
    let mut settings = SETTINGS.to_vec();
    if durability == Durability::TestOnly {
        settings.extend(TEST_ONLY_SETTINGS);
    }
    let child = Program::new("PostgreSQL", &binaries.program("postgres"), &folder.join("log"))
        .args(["-D".as_ref(), data.as_os_str()])
        .args(["-p", &port.to_string()])
        .args(settings.into_iter().flat_map(|setting| ["-c", setting]))
        .env("LC_ALL", "C")
        .directory(&data)
        .user(folder.user().cloned())
        .ends_on(FAST_SHUTDOWN)
        .start()?;
    folder.write("pid", &child.pid().to_string())?;
    Ok(child)
}

fn wait_until_ready(child: &mut Child, data: &Path) -> Result<()> {
    let (status, pid) = (data.join("postmaster.pid"), child.pid());
    child.wait_until(START_WAIT, || is_ready(&status, pid))
}

/// Reads the status file: the server writes its pid in the first line and its state in the eighth.
fn is_ready(status: &Path, pid: u32) -> bool {
    let text = fs::read_to_string(status).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    lines.next() == Some(pid.to_string().as_str()) && lines.nth(6) == Some("ready")
}
