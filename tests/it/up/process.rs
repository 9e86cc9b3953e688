//! `amana demo` and `amana up` as processes, and the search for remaining processes.

use amana::local::{Child, Program, Scratch};
use amana_harness::{amana_binary, given_away};
use nix::sys::signal::Signal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A first start syncs a whole new cluster to disk, which other tests may keep busy.
const READY_TIME_MAX: Duration = Duration::from_secs(120);
pub(super) const END_TIME_MAX: Duration = Duration::from_secs(30);

/// Last line of the printed instructions.
const LAST_LINE: &str = "Ctrl-C stops everything\n";

/// Removes the developer's own servers from the environment.
const NO_SERVERS: [(&str, &str); 3] =
    [("DATABASE_URL", ""), ("REDIS_URL", ""), ("AMANA_MASTER_KEY", "")];

/// Runs an `amana` command in the folder to its end.
pub(super) fn run(folder: &Scratch, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(amana_binary());
    command.args(arguments).current_dir(folder.path()).env("AMANA_LOG", "off");
    command.envs(NO_SERVERS).envs(settings.iter().copied());
    command.output().expect("amana runs")
}

pub(super) struct Amana {
    child: Child,
    output: PathBuf,
}

impl Amana {
    /// Starts a command whose processes all work within `folder`, so that [`left_behind`] can find
    /// them.
    pub(super) fn start(command: &str, folder: &Scratch) -> Self {
        Self::start_with(command, folder, &[])
    }

    pub(super) fn start_with(command: &str, folder: &Scratch, settings: &[(&str, &str)]) -> Self {
        let output = folder.join(&format!("output-{}", Uuid::new_v4()));
        let program = Program::new("amana", &amana_binary(), &output)
            .args([command])
            .directory(folder.path())
            .env("TMPDIR", folder.path())
            .env("AMANA_LOG", "debug");
        let settings = NO_SERVERS.iter().chain(settings);
        let program = settings.fold(program, |program, (name, value)| program.env(name, value));
        Self { child: program.start().expect("amana starts"), output }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.pid()
    }

    pub(super) fn output(&self) -> String {
        std::fs::read_to_string(&self.output).expect("the output")
    }

    /// Waits until all instructions are printed. Returns the output.
    pub(super) async fn ready(&mut self) -> String {
        within(READY_TIME_MAX, "amana is up", || {
            assert_eq!(self.child.ended().expect("its status"), None, "{}", self.output());
            let printed = self.output();
            printed.contains(LAST_LINE).then_some(printed)
        })
        .await
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        self.child.signal(signal).expect("the signal is sent");
    }

    /// Sends the signal and waits for the end. Returns the exit status.
    pub(super) async fn end(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        let status = self.ended(END_TIME_MAX).await;
        self.assert_logs_keep_secrets();
        status
    }

    /// The instructions contain the passwords of the created users; the logs must not.
    fn assert_logs_keep_secrets(&self) {
        const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];
        let output = self.output();
        let mut logged = output.lines().filter(|line| LEVELS.iter().any(|it| line.contains(it)));
        let first = logged.next().unwrap_or_else(|| panic!("it logs: {output}"));
        for line in std::iter::once(first).chain(logged) {
            assert!(given_away(line).is_empty(), "{:?}: {line}", given_away(line));
        }
    }

    /// Lists the output lines about the end of a part.
    pub(super) fn ends(&self, part: &str) -> Vec<String> {
        let beginning = format!("amana: {part} ended ");
        let output = self.output();
        output.lines().filter(|line| line.starts_with(&beginning)).map(str::to_owned).collect()
    }

    /// Waits for another line about the end of a part, or for the end of everything.
    pub(super) async fn next_end(&mut self, part: &str, seen: usize) -> Result<String, ExitStatus> {
        within(END_TIME_MAX, part, || match self.child.ended().expect("its status") {
            Some(status) => Some(Err(status)),
            None => self.ends(part).get(seen).cloned().map(Ok),
        })
        .await
    }

    pub(super) async fn ended(&mut self, time_max: Duration) -> ExitStatus {
        within(time_max, "amana ended", || self.child.ended().expect("its status")).await
    }
}

async fn within<T>(time_max: Duration, what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + time_max;
    loop {
        if let Some(found) = check() {
            return found;
        }
        assert!(Instant::now() < deadline, "did not happen in {time_max:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Lists the processes that work in the folder, or have it in their arguments.
pub(super) fn left_behind(folder: &Path) -> Vec<String> {
    let listed = Command::new("ps").args(["-axww", "-o", "pid=,command="]).output().expect("ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let works_here = |line: &&str| {
        let pid = line.split_whitespace().next().unwrap_or_default();
        let cwd = std::fs::read_link(format!("/proc/{pid}/cwd"));
        cwd.is_ok_and(|cwd| cwd.starts_with(folder))
            || line.contains(&*folder.display().to_string())
    };
    listed.lines().filter(works_here).map(str::to_owned).collect()
}
