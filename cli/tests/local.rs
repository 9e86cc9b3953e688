//! Tests of the private servers: they keep their data and leave no processes behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot continue must fail")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use amana::local::{Durability, Postgres, Program, Redis, Scratch, run_as};

const PATIENCE: Duration = Duration::from_secs(20);

fn redis_says(redis: &Redis, command: &str) -> String {
    let password = redis.url();
    let password = password.split([':', '@']).nth(2).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    write!(stream, "AUTH {password}\r\n{command}\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let answer = answer.strip_prefix("+OK\r\n").expect("the password is accepted");
    answer.strip_suffix("+OK\r\n").unwrap().trim_end().replace("\r\n", " ")
}

fn runs(pid: u32) -> bool {
    // A zombie has ended and only waits for its parent.
    let Ok(status) = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output()
    else {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        return !stat.is_empty() && !stat.contains(") Z ");
    };
    status.status.success() && !status.stdout.starts_with(b"Z")
}

fn wait_until_gone(pid: u32) {
    let began = Instant::now();
    while runs(pid) {
        assert!(began.elapsed() < PATIENCE, "process {pid} still runs");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn postgres_keeps_its_data_over_a_stop_and_a_start() {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.join("postgres");
    let postgres = Postgres::start(&folder, Durability::Full).unwrap();
    assert_eq!(postgres.psql("postgres", "select 1").unwrap(), "1");
    assert_eq!(postgres.psql("postgres", "show fsync").unwrap(), "on");
    postgres.create_database("shop").unwrap();
    postgres.create_database("shop").unwrap();
    postgres.psql("shop", "create table t (n int); insert into t values (42)").unwrap();
    postgres.stop().unwrap();

    let postgres = Postgres::start(&folder, Durability::TestOnly).unwrap();
    assert_eq!(postgres.psql("shop", "select n from t").unwrap(), "42");
    assert_eq!(postgres.psql("postgres", "show fsync").unwrap(), "off");
}

#[test]
fn postgres_asks_for_its_password_and_refuses_odd_names() {
    let scratch = Scratch::new().unwrap();
    let postgres = Postgres::start(&scratch.join("postgres"), Durability::TestOnly).unwrap();
    let trusted = "select count(*) from pg_hba_file_rules where auth_method = 'trust'";
    assert_eq!(postgres.psql("postgres", trusted).unwrap(), "0");
    assert!(postgres.create_database("a\"; drop database postgres; --").is_err());
    assert!(postgres.create_database("").is_err());
    assert!(postgres.psql("postgres", "select 1/0").is_err());
}

#[test]
fn two_at_once_from_one_folder_are_refused() {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.join("postgres");
    let postgres = Postgres::start(&folder, Durability::TestOnly).unwrap();
    let refused = Postgres::start(&folder, Durability::TestOnly).unwrap_err().to_string();
    assert!(refused.contains("another amana is running"), "{refused}");
    assert_eq!(postgres.psql("postgres", "select 1").unwrap(), "1");
}

#[test]
fn postgres_starts_over_a_stale_lock_whose_number_someone_else_got() {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.join("postgres");
    let postgres = Postgres::start(&folder, Durability::Full).unwrap();
    let place = postgres.folder().to_owned();
    let status = fs::read_to_string(place.join("data/postmaster.pid")).unwrap();
    postgres.stop().unwrap();
    let (_, rest) = status.split_once('\n').unwrap();
    let stale = format!("{}\n{rest}", std::process::id());
    fs::write(place.join("data/postmaster.pid"), stale).unwrap();

    let postgres = Postgres::start(&folder, Durability::Full).unwrap();
    assert_eq!(postgres.psql("postgres", "select 1").unwrap(), "1");
}

#[test]
fn redis_keeps_its_data_over_a_crash_on_the_same_port() {
    let scratch = Scratch::new().unwrap();
    let folder = scratch.join("redis");
    let mut redis = Redis::start(&folder, Durability::Full).unwrap();
    assert_eq!(redis_says(&redis, "SET key value"), "+OK");
    let (url, pid) = (redis.url(), redis.pid());
    redis.kill().unwrap();
    assert!(!runs(pid));
    redis.restart().unwrap();
    assert_eq!(redis.url(), url);
    assert_eq!(redis_says(&redis, "GET key"), "$5 value");
    assert_eq!(
        redis_says(&redis, "CONFIG GET maxmemory-policy"),
        "*2 $16 maxmemory-policy $10 noeviction"
    );
    redis.stop().unwrap();

    let redis = Redis::start(&folder, Durability::TestOnly).unwrap();
    assert_eq!(redis_says(&redis, "GET key"), "$5 value");
}

#[test]
fn redis_lets_nobody_in_without_the_password() {
    let scratch = Scratch::new().unwrap();
    let redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    write!(stream, "GET key\r\nQUIT\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("-NOAUTH"), "{answer}");
}

#[test]
fn servers_have_no_privileges_and_are_gone_when_dropped() {
    let scratch = Scratch::new().unwrap();
    let postgres = Postgres::start(&scratch.join("postgres"), Durability::TestOnly).unwrap();
    let redis = Redis::start(&scratch.join("redis"), Durability::TestOnly).unwrap();
    let pids = [postgres.pid(), redis.pid()];
    for pid in pids {
        assert!(runs(pid));
        if let Some(user) = run_as().unwrap() {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
            let line = |name| status.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line("Uid:").split_whitespace().skip(1).all(|id| id == user.uid.to_string()));
            assert!(line("Gid:").split_whitespace().skip(1).all(|id| id == user.gid.to_string()));
            let groups: Vec<&str> = line("Groups:").split_whitespace().skip(1).collect();
            assert!(groups.is_empty() || groups == [user.gid.to_string()], "{groups:?}");
        }
    }
    drop((postgres, redis));
    assert!(!pids.into_iter().any(runs));
}

/// Goal: a SIGKILL of this process leaves no server behind, and the data is intact. Method: the test starts itself as
/// another process, which starts both servers and waits for the SIGKILL.
#[test]
fn servers_die_with_their_parent_even_if_it_is_killed() {
    const ROLE: &str = "TEST_HOLD_SERVERS_IN";
    if let Some(place) = std::env::var_os(ROLE) {
        hold_servers_in(Path::new(&place));
    }
    let scratch = Scratch::new().unwrap();
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers_die_with_their_parent_even_if_it_is_killed", "--nocapture"])
        .env(ROLE, scratch.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let pids =
        lines.find_map(|line| Some(line.unwrap().split_once("pids ")?.1.to_owned())).unwrap();
    let pids: Vec<u32> = pids.split(' ').map(|pid| pid.parse().unwrap()).collect();
    assert!(pids.iter().all(|pid| runs(*pid)));

    parent.kill().unwrap();
    parent.wait().unwrap();

    // Started at once: the start must wait for servers that are still ending.
    let postgres = Postgres::start(&scratch.join("postgres"), Durability::Full).unwrap();
    assert_eq!(postgres.psql("postgres", "select n from t").unwrap(), "42");
    let redis = Redis::start(&scratch.join("redis"), Durability::Full).unwrap();
    assert_eq!(redis_says(&redis, "GET key"), "$5 value");
    pids.into_iter().for_each(wait_until_gone);
}

fn hold_servers_in(place: &Path) -> ! {
    // Started by a thread that ends, because the servers must not depend on it.
    let place = place.to_owned();
    let start = move || {
        let postgres = Postgres::start(&place.join("postgres"), Durability::Full).unwrap();
        let redis = Redis::start(&place.join("redis"), Durability::Full).unwrap();
        (postgres, redis)
    };
    let (postgres, redis) = thread::spawn(start).join().unwrap();
    postgres.psql("postgres", "create table t (n int); insert into t values (42)").unwrap();
    assert_eq!(redis_says(&redis, "SET key value"), "+OK");
    println!("pids {} {}", postgres.pid(), redis.pid());
    loop {
        thread::park();
    }
}

#[test]
fn a_child_that_ignores_the_signal_is_killed_and_one_that_fails_tells_why() {
    let scratch = Scratch::new().unwrap();
    let shell = |name: &str, script: &str| {
        let log = scratch.join(name);
        Program::new(name, Path::new("/bin/sh"), &log).args(["-c", script]).start().unwrap()
    };
    let ready = scratch.join("ready");
    let script = format!("trap '' TERM; touch {}; while :; do sleep 1; done", ready.display());
    let mut deaf = shell("deaf", &script);
    deaf.wait_until(PATIENCE, || ready.exists()).unwrap();
    let pid = deaf.pid();
    let status = deaf.stop(nix::sys::signal::Signal::SIGTERM, Duration::from_millis(200)).unwrap();
    assert!(!status.success() && !runs(pid));

    let mut failing = shell("failing", "echo no such luck >&2; exit 3");
    let error = failing.wait_until(PATIENCE, || false).unwrap_err().to_string();
    assert!(error.contains("exit code 3") && error.contains("no such luck"), "{error}");
}
