//! Supervision by `amana up`: parts that end by themselves.

use super::process::{Amana, END_TIME_MAX, left_behind};
use super::{NOTHING, address, deposit, log_in, proof, wallet};
use amana::local::{Scratch, run_as};
use amana_harness::eventually;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

/// Each part, and how to find its first process.
const PARTS: [(&str, Find); 5] = [
    ("PostgreSQL", Find::PidFile(".amana/postgres/pid")),
    ("Redis", Find::PidFile(".amana/redis/pid")),
    ("the sandbox", Find::Command("amana-sandbox ")),
    (WORKER, Find::Command("amana worker")),
    ("the API", Find::Command("amana api")),
];
const WORKER: &str = "the worker";

/// More kills of one part than `up` tolerates.
const KILLS_MAX: usize = 10;

#[derive(Clone, Copy)]
enum Find {
    PidFile(&'static str),
    Command(&'static str),
}

impl Find {
    fn pid(self, folder: &Path) -> Pid {
        let text = match self {
            Self::PidFile(file) => fs::read_to_string(folder.join(file)).expect("the pid file"),
            Self::Command(words) => {
                let found = left_behind(folder).into_iter().find(|line| line.contains(words));
                found.unwrap_or_else(|| panic!("{words:?} does not run"))
            }
        };
        pid(text.split_whitespace().next().expect("a pid"))
    }
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().expect("a pid"))
}

/// Goal: a killed part returns on its port with its data, one line reports it, and users continue
/// as before. A part that keeps ending stops everything. The test also checks that a used port is
/// named, and that folders are closed to others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_parts_are_restarted_and_one_that_keeps_ending_stops_everything() {
    let folder = Scratch::new().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = (taken.local_addr().expect("an address").port(), taken);
    want_port(folder.path(), taken.0);
    let mut up = Amana::start("up", &folder);
    let printed = up.ready().await;
    assert_port_is_replaced(folder.path(), &printed, taken.0);
    assert_folders_are_closed(folder.path());
    let buyer = log_in(&printed, "buyer").await;
    deposit(&buyer, &printed).await;
    let before = (wallet(&buyer).await, proof(&log_in(&printed, "operator").await).await);

    let mut worker = None;
    for (part, find) in PARTS {
        kill(find.pid(folder.path()), Signal::SIGKILL).expect("killed");
        let line = up.next_end(part, 0).await.expect("everything goes on");
        let beginning = format!("amana: {part} ended (signal 9); restarted, pid ");
        let new = line.strip_prefix(&beginning).unwrap_or_else(|| panic!("{line}"));
        worker = (part == WORKER).then(|| pid(new)).or(worker);
        is_ready(&printed).await;
        let (buyer, operator) =
            (log_in(&printed, "buyer").await, log_in(&printed, "operator").await);
        assert_eq!((wallet(&buyer).await, proof(&operator).await), before, "after {part}");
    }
    PARTS.iter().for_each(|(part, _)| assert_eq!(up.ends(part).len(), 1, "{part}"));
    assert_eq!(zombies(up.pid()), NOTHING);
    let log = fs::read_to_string(folder.join(".amana/logs/api.log")).expect("the log");
    assert_eq!(log.matches("API is ready").count(), 2, "expected the log of the previous process");

    let status = keeps_ending(&mut up, worker.expect("the worker")).await;
    assert_eq!(status, Some(1), "{}", up.output());
    let last = "amana: the worker ended 4 times within a minute; stopping everything; see its log \
        .amana/logs/worker.log";
    assert_eq!(up.output().lines().filter(|line| *line == last).count(), 1, "{}", up.output());
    assert_eq!(left_behind(folder.path()), NOTHING);
}

/// Kills the worker after each restart, until `up` ends. Returns the exit code.
async fn keeps_ending(up: &mut Amana, mut worker: Pid) -> Option<i32> {
    for _ in 0..KILLS_MAX {
        let seen = up.ends(WORKER).len();
        kill(worker, Signal::SIGKILL).expect("killed");
        match up.next_end(WORKER, seen).await {
            Ok(line) if line.contains(" times ") => {
                return up.ended(END_TIME_MAX).await.code();
            }
            Ok(line) => worker = pid(line.rsplit(' ').next().expect("a pid")),
            Err(status) => return status.code(),
        }
    }
    None
}

async fn is_ready(printed: &str) {
    let url = address(printed, "API").replace("/v1", "/readyz");
    eventually("the API is ready again", || async {
        let answer = reqwest::get(&url).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

/// Lists ended children that were not reaped.
fn zombies(parent: u32) -> Vec<String> {
    let listed = Command::new("ps").args(["-ax", "-o", "ppid=,stat=,command="]).output();
    let listed = String::from_utf8_lossy(&listed.expect("ps").stdout).into_owned();
    let is_zombie = |line: &&str| {
        let mut fields = line.split_whitespace();
        fields.next() == Some(parent.to_string().as_str())
            && fields.next().is_some_and(|state| state.starts_with('Z'))
    };
    listed.lines().filter(is_zombie).map(str::to_owned).collect()
}

/// Records a port as if an earlier start had used it.
fn want_port(folder: &Path, port: u16) {
    fs::create_dir(folder.join(".amana")).expect("a folder");
    let ports = format!("api={port}\nsandbox=0\nsmtp=0\n");
    fs::write(folder.join(".amana/ports"), ports).expect("written");
}

fn assert_port_is_replaced(folder: &Path, printed: &str, taken: u16) {
    let api = address(printed, "API");
    let used = api.trim_end_matches("/v1").rsplit(':').next().expect("a port");
    let line = format!("amana: port {taken} for the API is in use; using {used} instead\n");
    assert_eq!(printed.matches(&line).count(), 1, "{printed}");
    let kept = fs::read_to_string(folder.join(".amana/ports")).expect("the ports");
    assert!(kept.starts_with(&format!("api={used}\n")), "{kept}");
}

/// The account of the servers may pass through some folders. No other account has access to any.
fn assert_folders_are_closed(folder: &Path) {
    let passable = if run_as().expect("an account").is_some() { 0o711 } else { 0o700 };
    for (name, mode) in [
        ("", passable),
        ("postgres", passable),
        ("redis", passable),
        ("postgres/data", 0o700),
        ("redis/data", 0o700),
        ("logs", 0o700),
        ("files", 0o700),
        ("sandbox", 0o700),
    ] {
        let found = fs::metadata(folder.join(".amana").join(name)).expect("a folder");
        assert_eq!(found.mode() & 0o777, mode, ".amana/{name}");
    }
}
