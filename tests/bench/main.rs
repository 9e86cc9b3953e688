//! `make bench`: measures the product on this machine and compares it with other uses of PostgreSQL.
//! docs/performance.md explains each line. `ONLY=transfers_http,growth` selects some.

mod access;
mod attack;
mod deals;
mod growth;
mod http;
mod ledger;
mod load;
mod pgbench;
mod report;
mod requests;
mod servers;
mod transfers;

use anyhow::{Result, ensure};
use report::say;
use servers::Servers;
use transfers::Transfers;

type OfTransfers = fn(&mut Transfers<'_>) -> Result<()>;
type Other = fn(&Servers) -> Result<()>;

/// These benchmarks share their users and the highest rate.
const OF_TRANSFERS: [(&str, OfTransfers); 4] = [
    ("transfers_http", |it| it.http()),
    ("transfers_hot", |it| it.hot()),
    ("transfer_latency_p99", |it| it.latency()),
    ("api_memory", |it| it.memory()),
];

const OTHERS: [(&str, Other); 5] = [
    ("ledger_vs_cala", ledger::against_cala),
    ("growth", growth::run),
    ("access", access::run),
    ("deals", deals::run),
    ("attack", attack::run),
];

fn main() -> Result<()> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let only: Vec<&str> = only.split(',').map(str::trim).filter(|it| !it.is_empty()).collect();
    let names =
        || OF_TRANSFERS.map(|(name, _)| name).into_iter().chain(OTHERS.map(|(name, _)| name));
    for name in &only {
        ensure!(
            names().any(|known| known == *name),
            "{name} is none of {:?}",
            names().collect::<Vec<_>>()
        );
    }
    let wanted = |name: &str| only.is_empty() || only.contains(&name);
    let servers = Servers::start()?;
    servers.print_conditions()?;
    if OF_TRANSFERS.iter().any(|(name, _)| wanted(name)) {
        let mut transfers = Transfers::new(&servers)?;
        for (name, run) in OF_TRANSFERS.into_iter().filter(|(name, _)| wanted(name)) {
            say(format_args!("--- {name}"));
            run(&mut transfers)?;
        }
    }
    for (name, run) in OTHERS.into_iter().filter(|(name, _)| wanted(name)) {
        say(format_args!("--- {name}"));
        run(&servers)?;
    }
    Ok(())
}
