//! The store's posting call compared with the `cala-ledger` crate: two-sided entries between random accounts, with the
//! same number of callers and connections, on the same server.

use crate::report::{figure, say};
use crate::requests::{AMOUNT_MINOR, Skew, pair, user};
use crate::servers::{Servers, master_keys};
use crate::transfers::wallets;
use amana_domain::money::{Currency, Money};
use amana_domain::payee::Payee;
use amana_domain::transfer::Category;
use amana_postgres::{Answer, Clock, Keyed, NewTransfer, Store, TransferDetails, TransferWriter};
use anyhow::{Context, Result, ensure};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

const ACCOUNTS: u32 = 10_000;
const CALLERS: u32 = 256;
const CONNECTIONS: u32 = 16;
const TIME_S: u64 = 10;

/// Callers and postings per call, where each caller collects its own batch.
const BATCHED: [(u32, u32); 3] = [(1, CALLERS), (4, 16), (16, 64)];

/// Built by `make bench`, outside the workspace.
const CALA: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/peers/cala/target/release/amana-peer-cala");

pub fn against_cala(servers: &Servers) -> Result<()> {
    say(format_args!(
        "{ACCOUNTS} accounts, {CALLERS} callers, {CONNECTIONS} connections, {TIME_S} s"
    ));
    let ours = ours(servers)?;
    say(format_args!("ours: {ours:.0}/s"));
    let single = cala(servers, CALLERS, 1)?;
    figure(
        "ledger_vs_cala",
        ours,
        single,
        "postings of two sides per second, higher is better, goal 10",
    );
    let mut best = single;
    for (callers, batch) in BATCHED {
        let rate = cala(servers, callers, batch)?;
        say(format_args!(
            "cala-ledger, {callers} callers with {batch} postings to a call: {rate:.0}/s"
        ));
        best = best.max(rate);
    }
    let meaning =
        "the same, but cala's callers collect batches by themselves, which fail as a whole";
    figure("ledger_vs_cala_batched", ours, best, meaning);
    Ok(())
}

/// Builds a transfer: the store writes the posting and all related rows.
fn transfer(from: u32, to: u32, key: String) -> Result<NewTransfer> {
    Ok(NewTransfer {
        keyed: Keyed::new(user(from), key, "create_transfer", "bench"),
        to: Payee::User(user(to)),
        amount: Money::new(AMOUNT_MINOR, Currency::Kes)?,
        details: TransferDetails {
            note: None,
            category: Category::General,
            metadata: BTreeMap::new(),
        },
        render: |made| Answer { status: 201, body: json!({ "id": made.id.to_string() }) },
    })
}

fn ours(servers: &Servers) -> Result<f64> {
    wallets(servers, "ledger_ours", ACCOUNTS)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let store =
            Store::connect(&servers.postgres.url("ledger_ours"), CONNECTIONS, &master_keys())
                .await?;
        let writer = TransferWriter::start(&store, &Clock::default());
        let start = Instant::now();
        let end = start + Duration::from_secs(TIME_S);
        let callers: Vec<_> =
            (0..CALLERS).map(|caller| tokio::spawn(call(writer.clone(), caller, end))).collect();
        let mut posted = 0;
        for caller in callers {
            posted += caller.await??;
        }
        Ok(posted as f64 / start.elapsed().as_secs_f64())
    })
}

/// Posts entries until `end`, and returns their number.
async fn call(writer: TransferWriter, caller: u32, end: Instant) -> Result<u64> {
    let mut random = SmallRng::from_os_rng();
    let mut posted = 0;
    while Instant::now() < end {
        let (from, to) = pair(Skew::Even, ACCOUNTS, &mut random);
        writer.make(transfer(from, to, format!("bench:{caller}:{posted}"))?).await?;
        posted += 1;
    }
    Ok(posted)
}

fn cala(servers: &Servers, callers: u32, batch: u32) -> Result<f64> {
    let database = "ledger_cala";
    servers.remove(database)?;
    servers.postgres.create_database(database)?;
    let numbers = [ACCOUNTS, CONNECTIONS, callers, batch].map(|number| number.to_string());
    let output = Command::new(CALA)
        .args(numbers)
        .arg(TIME_S.to_string())
        .env("DATABASE_URL", servers.postgres.url(database))
        .output()
        .with_context(|| format!("{CALA} cannot be run: `make bench` builds it"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cala-ledger: {}", errors.trim_end());
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
