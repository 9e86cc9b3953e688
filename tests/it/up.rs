//! The commands for newcomers, `amana demo` and `amana up`, as real processes.

mod commands;
mod foreign;
mod process;
mod role;
mod supervision;

use amana::demo::{BUYER, Client, OPERATOR, PASSWORD, SECOND_OPERATOR, SELLER};
use amana::local::Scratch;
use amana_harness::eventually;
use nix::sys::signal::Signal;
use process::{Amana, END_TIME_MAX, left_behind};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

const NOTHING: &[String] = &[];

/// A quiet machine needs less than 20 seconds, but other tests keep it busy.
const DEMO_TIME_MAX: Duration = Duration::from_secs(60);

/// Goal: the demo prints a whole deal, and leaves neither processes nor files behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_tells_a_whole_deal_and_leaves_nothing_behind() {
    let folder = Scratch::new().expect("a folder");
    let began = Instant::now();
    let mut demo = Amana::start("demo", &folder);
    let status = demo.ended(DEMO_TIME_MAX).await;
    eprintln!("the demo took {:.1} s", began.elapsed().as_secs_f64());
    let told = demo.output();
    assert!(status.success(), "{told}");
    assert_eq!(told.lines().last(), Some("demo: completed"), "{told}");
    for part in [BUYER.name, SELLER.name, "escrow", "receipt", "equal to the cent"] {
        assert!(told.contains(part), "{part:?} is missing in:\n{told}");
    }
    assert_eq!(left_behind(folder.path()), NOTHING);
    assert_eq!(data_folders(folder.path()), NOTHING);
}

fn data_folders(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder").flatten();
    let folders = entries.filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Goal: the printed text of `amana up` is enough to use it, and other commands find its servers.
/// Ctrl-C ends everything, and the next start has the same addresses, users and money.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn up_ends_cleanly_and_keeps_its_data() {
    let folder = Scratch::new().expect("a folder");
    commands::without_a_system(&folder);
    let mut up = Amana::start("up", &folder);
    let printed = up.ready().await;
    let (buyer, operator) = (log_in(&printed, "buyer").await, log_in(&printed, "operator").await);
    let payment = deposit(&buyer, &printed).await;
    let before = (wallet(&buyer).await, proof(&operator).await);
    assert_eq!(before.0["available"]["amount"], 250_000);
    assert_eq!(before.1[0]["held_by_providers_minor"], 250_000);
    approve_with_two_operators(&printed, &buyer, &operator).await;
    let variables = commands::of_a_running_system(&folder, &printed, &payment);
    let status = up.end(Signal::SIGINT).await;
    assert!(status.success(), "{status}: {}", up.output());
    assert_eq!(left_behind(folder.path()), NOTHING);
    commands::of_a_stopped_system(&folder, &variables);

    let mut up = Amana::start("up", &folder);
    let printed_first = printed;
    let printed = up.ready().await;
    assert_eq!(address(&printed, "API"), address(&printed_first, "API"));
    let (buyer, operator) = (log_in(&printed, "buyer").await, log_in(&printed, "operator").await);
    assert_eq!((wallet(&buyer).await, proof(&operator).await), before);
    let status = up.end(Signal::SIGTERM).await;
    assert!(status.success(), "{status}: {}", up.output());
    assert_eq!(left_behind(folder.path()), NOTHING);
}

/// Approvals need two operators, so `up` creates both.
async fn approve_with_two_operators(printed: &str, buyer: &Client, operator: &Client) {
    let id = buyer.get("/v1/me").await.expect("the buyer")["id"].clone();
    let tier = json!({ "kind": "set_tier", "tier": "business", "user_id": id, "note": "a try" });
    let request = operator.post("/v1/operator/approvals", &tier).await.expect("a request");
    let request = request["id"].as_str().expect("an id");
    let api = Client::new(address(printed, "API").trim_end_matches("/v1")).expect("a client");
    assert!(printed.contains(SECOND_OPERATOR.email), "{printed}");
    let second = api.log_in(&SECOND_OPERATOR).await.expect("the log-in");
    let path = format!("/v1/operator/approvals/{request}/approve");
    let note = json!({ "note": "a try" });
    let approved = second.post(&path, &note).await.expect("an approval");
    assert_eq!(approved["state"], "approved");
}

/// Goal: two instances never share a folder, and no servers remain even after SIGKILL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_up_is_refused_and_a_killed_one_takes_everything_with_it() {
    let folder = Scratch::new().expect("a folder");
    let mut up = Amana::start("up", &folder);
    let printed = up.ready().await;
    let mut second = Amana::start("up", &folder);
    assert_eq!(second.ended(END_TIME_MAX).await.code(), Some(1), "{}", second.output());
    assert!(second.output().contains("another amana is running"), "{}", second.output());
    log_in(&printed, "buyer").await;
    assert!(left_behind(folder.path()).len() >= 6, "expected running processes before the kill");

    up.end(Signal::SIGKILL).await;
    eventually("all processes have ended", || async {
        left_behind(folder.path()).is_empty().then_some(())
    })
    .await;
    let mut again = Amana::start("up", &folder);
    log_in(&again.ready().await, "seller").await;
    assert!(again.end(Signal::SIGINT).await.success(), "{}", again.output());
}

/// Finds the address that was printed after this label.
fn address<'a>(printed: &'a str, label: &str) -> &'a str {
    let line = printed.lines().find_map(|line| line.trim_start().strip_prefix(label));
    line.and_then(|rest| rest.split_whitespace().next())
        .unwrap_or_else(|| panic!("no {label:?} in:\n{printed}"))
}

/// Logs in as the user of this role, with the printed data only.
async fn log_in(printed: &str, role: &str) -> Client {
    let person = [BUYER, SELLER, OPERATOR]
        .into_iter()
        .find(|it| printed.contains(&format!("{}  {role}", it.email)))
        .unwrap_or_else(|| panic!("no {role} in:\n{printed}"));
    assert!(printed.contains(PASSWORD), "no password in:\n{printed}");
    let api = address(printed, "API").trim_end_matches("/v1");
    Client::new(api).expect("a client").log_in(&person).await.expect("the log-in")
}

/// Deposits KES 2,500 as the buyer. Returns the payment's id.
async fn deposit(buyer: &Client, printed: &str) -> String {
    let amount = json!({ "amount": { "amount": 250_000, "currency": "KES" } });
    let payment = buyer.post("/v1/wallet/deposits", &amount).await.expect("a deposit");
    let sandbox = Client::new(address(printed, "provider sandbox").trim_end_matches('/'));
    let (sandbox, phone) = (sandbox.expect("a client"), BUYER.phone);
    let prompts = format!("/admin/prompts?phone={phone}");
    let there = |found: &Value| found["prompts"].as_array().is_some_and(|all| !all.is_empty());
    sandbox.wait("the prompt", &prompts, there).await.expect("a prompt");
    let answer = format!("/admin/phones/{phone}/answer");
    sandbox.post(&answer, &json!({ "pin": "1234" })).await.expect("the answer");
    let id = payment["id"].as_str().expect("an id");
    let paid = |payment: &Value| payment["state"] == "succeeded";
    buyer.wait("the deposit", &format!("/v1/payments/{id}"), paid).await.expect("the money");
    id.to_owned()
}

async fn wallet(person: &Client) -> Value {
    let wallet = person.get("/v1/wallet").await.expect("a wallet");
    let all = wallet["balances"].as_array().expect("balances");
    all.iter().find(|balance| balance["currency"] == "KES").expect("shillings").clone()
}

/// Returns the sums of the balances.
async fn proof(operator: &Client) -> Value {
    let mut proof = operator.get("/v1/operator/proof").await.expect("a proof");
    proof["currencies"].take()
}
