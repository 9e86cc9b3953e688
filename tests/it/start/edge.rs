//! Warnings of an API about its process limits and about an unnamed proxy.

use super::Api;
use amana_harness::{Database, amana_binary, eventually, redis_url};
use std::path::Path;

/// So few open files that the API could hardly serve clients.
const FEW_FILES: u64 = 300;

/// Reads the soft and the hard limit of open files of a process.
fn limits_of_files(pid: u32) -> (u64, u64) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("its limits");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("files");
    let mut numbers = line.split_whitespace().map(|text| text.parse().unwrap_or(u64::MAX));
    (numbers.next().expect("a soft limit"), numbers.next().expect("a hard limit"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_raises_its_limit_of_open_files() {
    let database = Database::new().await;
    let script = format!("ulimit -Sn {FEW_FILES} && exec {} api", amana_binary().display());
    let shell = (Path::new("/bin/sh"), ["-c", script.as_str()]);
    let mut api = Api::start_as(shell, &database.url, &redis_url());
    api.is_ready().await;
    let (soft, hard) = limits_of_files(api.child.pid());
    assert!(hard > FEW_FILES, "{hard}");
    assert_eq!(soft, hard);
}

/// Behind an unnamed proxy, all clients share one address. The first request logs a warning to the
/// operator.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_not_trusted_is_named_in_the_log_once() {
    let database = Database::new().await;
    let mut api = Api::start(&database.url, &redis_url());
    api.is_ready().await;
    let http = reqwest::Client::new();
    for path in ["livez", "v1/service", "readyz"] {
        let request = http.get(format!("http://{}/{path}", api.address));
        let answer = request.header("X-Forwarded-For", "203.0.113.7").send().await;
        assert_eq!(answer.expect("an answer").status(), 200, "{path}");
    }
    let said = || api.log().matches("not in AMANA_TRUSTED_PROXIES").count();
    eventually("the log names the proxy", || async { (said() > 0).then_some(()) }).await;
    assert_eq!(said(), 1, "{}", api.log());
}
