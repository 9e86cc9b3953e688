//! The peer: pgbench with one such transfer per transaction, which writes the same rows into the same tables.

use crate::report::{percentile, say};
use crate::requests::Skew;
use crate::servers::Servers;
use anyhow::{Context, Result, ensure};
use std::path::PathBuf;
use std::process::Command;

/// Tried in order; the best one counts.
const CLIENTS: [u32; 6] = [4, 8, 16, 32, 64, 128];

const TRY_S: u32 = 4;
const RUN_S: u32 = 15;

/// The number of processors of the reference machine.
const THREADS: u32 = 2;

const TRANSFER: &str = include_str!("sql/transfer.sql");

pub struct Pgbench<'a> {
    servers: &'a Servers,
    /// Each run gets a fresh copy of this database.
    template: &'a str,
    wallets: u32,
    script: PathBuf,
}

/// The highest rate of pgbench, and its number of clients.
#[derive(Debug, Clone, Copy)]
pub struct Best {
    pub clients: u32,
    pub rate: f64,
}

impl<'a> Pgbench<'a> {
    pub fn new(servers: &'a Servers, template: &'a str, wallets: u32, skew: Skew) -> Result<Self> {
        let (name, choice) = match skew {
            Skew::Even => ("even.pgbench", include_str!("sql/even.sql")),
            Skew::Hot => ("hot.pgbench", include_str!("sql/hot.sql")),
        };
        let script = servers.folder().join(name);
        std::fs::write(&script, format!("{choice}\n{TRANSFER}"))?;
        Ok(Self { servers, template, wallets, script })
    }

    pub fn best(&self) -> Result<Best> {
        let mut best = Best { clients: 0, rate: 0.0 };
        for clients in CLIENTS {
            self.servers.copy(self.template, "peer")?;
            let rate = self.rate(clients, TRY_S)?;
            say(format_args!("pgbench with {clients} clients: {rate:.0}/s"));
            if rate > best.rate {
                best = Best { clients, rate };
            }
        }
        self.servers.copy(self.template, "peer")?;
        best.rate = self.rate(best.clients, RUN_S)?;
        say(format_args!(
            "pgbench at its best, {} clients, {RUN_S} s: {:.0}/s",
            best.clients, best.rate
        ));
        Ok(best)
    }

    fn rate(&self, clients: u32, time_s: u32) -> Result<f64> {
        let output = self.run(self.command(clients, time_s))?;
        let line = output.lines().find_map(|line| line.strip_prefix("tps = "));
        let number =
            line.and_then(|line| line.split(' ').next()).context("pgbench named no rate")?;
        Ok(number.parse()?)
    }

    /// Returns the 99th percentile in milliseconds, from the time each transaction was due.
    pub fn p99_ms(&self, clients: u32, rate: f64) -> Result<f64> {
        self.servers.copy(self.template, "peer")?;
        let prefix = self.servers.folder().join("pgbench-log");
        let mut command = self.command(clients, RUN_S);
        command.args(["--log", "--log-prefix"]).arg(&prefix).arg(format!("--rate={rate:.3}"));
        self.run(command)?;
        let mut latencies_us = Vec::new();
        for file in std::fs::read_dir(self.servers.folder())? {
            let path = file?.path();
            if path.to_string_lossy().starts_with(&*prefix.to_string_lossy()) {
                for line in std::fs::read_to_string(&path)?.lines() {
                    let latency =
                        line.split(' ').nth(2).context("a short line in pgbench's log")?;
                    latencies_us.push(latency.parse()?);
                }
                std::fs::remove_file(path)?;
            }
        }
        latencies_us.sort_unstable();
        Ok(percentile(&latencies_us, 0.99) as f64 / 1000.0)
    }

    fn command(&self, clients: u32, time_s: u32) -> Command {
        let mut command = self.servers.postgres.client("pgbench", "peer");
        command
            .args(["--no-vacuum", "--protocol=prepared", &format!("--client={clients}")])
            .args([format!("--jobs={THREADS}"), format!("--time={time_s}")])
            .arg(format!("--define=wallets={}", self.wallets))
            .arg("--file")
            .arg(&self.script);
        command
    }

    fn run(&self, mut command: Command) -> Result<String> {
        let output =
            command.output().context("cannot run pgbench: `make setup-bench` installs it")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench: {}", errors.trim_end());
        Ok(String::from_utf8(output.stdout)?)
    }
}
