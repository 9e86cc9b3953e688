//! Child processes that shut down cleanly and never outlive this process.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use std::{fmt, fs, io, thread};

use anyhow::{Context, Result, anyhow, bail};
use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

use super::User;

const POLL: Duration = Duration::from_millis(10);

/// The time that a dropped child has to end by itself.
const DROP_WAIT: Duration = Duration::from_secs(10);

/// Private, because a server's log may contain user data.
const LOG_MODE: u32 = 0o600;

const LOG_TAIL_LINES: usize = 8;

/// A program, its arguments, its environment and its log.
pub struct Program {
    name: String,
    path: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    directory: Option<PathBuf>,
    log: PathBuf,
    user: Option<User>,
    ends_on: Signal,
}

/// The environment may contain passwords, so it is not printed.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Program {
    /// `path` must be absolute. Standard output and standard error go to `log`, which `start` empties.
    pub fn new(name: &str, path: &Path, log: &Path) -> Self {
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            directory: None,
            log: log.to_owned(),
            user: None,
            ends_on: Signal::SIGTERM,
        }
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    pub fn directory(mut self, directory: &Path) -> Self {
        self.directory = Some(directory.to_owned());
        self
    }

    pub fn user(mut self, user: Option<User>) -> Self {
        self.user = user;
        self
    }

    /// Sets the signal for a clean shutdown, sent when the child is dropped and when this process dies. The default is
    /// SIGTERM.
    pub fn ends_on(mut self, signal: Signal) -> Self {
        self.ends_on = signal;
        self
    }

    pub fn start(self) -> Result<Child> {
        let log = self.open_log()?;
        log.set_len(0).with_context(|| format!("cannot empty the log {}", self.log.display()))?;
        let process = self.spawn(log)?;
        Ok(Child { process, program: self })
    }

    /// Opens the log for appending, so that a restart keeps the last lines of the previous process.
    fn open_log(&self) -> Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(LOG_MODE);
        options
            .open(&self.log)
            .with_context(|| format!("cannot write the log {}", self.log.display()))
    }

    fn spawn(&self, log: File) -> Result<std::process::Child> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // In its own process group, Ctrl-C in the terminal does not reach the child: this process stops its children
        // in order.
        command.process_group(0);
        fork(command)
            .with_context(|| format!("cannot start {} ({})", self.name, self.path.display()))
    }

    fn command(&self) -> Command {
        let mut command = match setpriv() {
            // The kernel sends the signal when this process dies, even by SIGKILL. setpriv executes the program, so it
            // keeps the pid.
            Some(setpriv) => {
                let mut command = Command::new(setpriv);
                let signal = self.ends_on.as_str().trim_start_matches("SIG");
                command.args(["--pdeathsig", signal, "--"]).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        command.args(&self.args).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(user) = &self.user {
            drop_to(&mut command, user);
        }
        command
    }
}

/// Sets the account. std also drops supplementary groups when root sets a uid.
pub(super) fn drop_to(command: &mut Command, user: &User) {
    command.uid(user.uid).gid(user.gid);
}

/// Finds setpriv of util-linux. Other systems have no equivalent; there the next start ends children that a SIGKILL
/// left behind.
fn setpriv() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let look = || super::binaries::in_path("setpriv").filter(|_| cfg!(target_os = "linux"));
    FOUND.get_or_init(look).as_deref()
}

type Forked = io::Result<std::process::Child>;

/// Forks from a thread that never ends. The kernel sends the parent-death signal when the forking *thread* ends, and
/// threads of tests and runtimes may end long before the process.
fn fork(command: Command) -> Result<std::process::Child> {
    static FORKER: OnceLock<mpsc::Sender<(Command, mpsc::Sender<Forked>)>> = OnceLock::new();
    let forker = FORKER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<(Command, mpsc::Sender<Forked>)>();
        thread::spawn(move || {
            for (mut command, answer) in receiver {
                // If the caller is gone, no owner is left for the child, so it must not run.
                if let Err(mpsc::SendError(Ok(mut orphan))) = answer.send(command.spawn()) {
                    let _ = orphan.kill().and_then(|()| orphan.wait());
                }
            }
        });
        sender
    });
    let (answer, forked) = mpsc::channel();
    forker.send((command, answer)).map_err(|_| anyhow!("the forking thread is gone"))?;
    Ok(forked.recv()??)
}

/// A running child. Dropping it ends the process.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    program: Program,
}

impl Child {
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub fn name(&self) -> &str {
        &self.program.name
    }

    pub fn log(&self) -> &Path {
        &self.program.log
    }

    /// Ends the program if it is running, and starts it again. The log is continued.
    pub fn restart(&mut self) -> Result<()> {
        self.stop(self.program.ends_on, DROP_WAIT)?;
        self.process = self.program.spawn(self.program.open_log()?)?;
        Ok(())
    }

    /// Returns the exit status, or `None` while the child is running.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.process.try_wait().with_context(|| format!("cannot get the status of {}", self.name()))
    }

    /// Sends a signal unless the child has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        signal::kill(pid_of(self.pid())?, signal)
            .with_context(|| format!("cannot send {signal} to {}", self.name()))
    }

    /// Sends `signal`, waits, and kills the child if it is still running.
    pub fn stop(&mut self, signal: Signal, wait: Duration) -> Result<ExitStatus> {
        self.signal(signal)?;
        let began = Instant::now();
        while began.elapsed() < wait {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        tracing::warn!(pid = self.pid(), "{} did not end within {wait:?}; killing it", self.name());
        self.kill()
    }

    /// Sends SIGKILL and waits.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        self.process.wait().with_context(|| format!("cannot wait for {}", self.name()))
    }

    /// Polls `ready` until it returns true. Fails if the child ends or the time is over.
    pub fn wait_until(&mut self, wait: Duration, mut ready: impl FnMut() -> bool) -> Result<()> {
        let began = Instant::now();
        while !ready() {
            if let Some(status) = self.ended()? {
                bail!(
                    "{} ended during its start ({}); {}",
                    self.name(),
                    how(status),
                    self.last_words()
                );
            }
            if began.elapsed() > wait {
                bail!("{} is not ready after {wait:?}; {}", self.name(), self.last_words());
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Returns the end of the log, for an error message.
    pub fn last_words(&self) -> String {
        let text = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let skipped = text.lines().count().saturating_sub(LOG_TAIL_LINES);
        let tail: Vec<&str> = text.lines().skip(skipped).collect();
        format!("the end of {}:\n{}", self.log().display(), tail.join("\n"))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Err(error) = self.stop(self.program.ends_on, DROP_WAIT) {
            tracing::error!(error = %format!("{error:#}"), "{} may still be running", self.name());
        }
    }
}

/// Describes an exit status: "signal 9" or "exit code 1".
pub fn how(status: ExitStatus) -> String {
    status.signal().map_or_else(
        || format!("exit code {}", status.code().unwrap_or_default()),
        |signal| format!("signal {signal}"),
    )
}

pub(super) fn pid_of(pid: u32) -> Result<Pid> {
    Ok(Pid::from_raw(pid.try_into().context("process id out of range")?))
}
