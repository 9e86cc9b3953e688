//! Growth: the same requests on a ledger with ten thousand postings and on one with ten million, with the same
//! users.

use crate::load::{NextRequest, closed};
use crate::report::{figure, median, say};
use crate::requests::{self, Skew, Tokens};
use crate::servers::{Api, Servers};
use crate::transfers::{transfers, wallets};
use anyhow::Result;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use std::rc::Rc;

const PEOPLE: u32 = 100;

/// Each account has one posting per round.
const YOUNG_ROUNDS: u32 = 100;
const OLD_ROUNDS: u32 = 100_000;

const PAGE_LINES: u32 = 50;

/// Both ledgers are measured in turns and the median counts, so that other load affects both.
const TURNS: usize = 7;

const TRANSFERS: Work = Work { connections: 16, requests: 10_000, status: 201 };
const READS: Work = Work { connections: 4, requests: 4_000, status: 200 };

/// The first round is one second later; `sql/history.sql` has the same time.
const BEGIN: &str = "2026-01-02T00:00:00Z";

#[derive(Debug, Clone, Copy)]
struct Work {
    connections: usize,
    requests: usize,
    status: u16,
}

/// A ledger with this many rounds of history, and an API on it.
struct Ledger {
    api: Api,
    tokens: Rc<Tokens>,
    rounds: u32,
}

pub fn run(servers: &Servers) -> Result<()> {
    let young = Ledger::fill(servers, "young", YOUNG_ROUNDS)?;
    let old = Ledger::fill(servers, "old", OLD_ROUNDS)?;
    let meaning =
        "µs per transfer with 10 M postings over 10 k (peer), lower is better, goal at most 1.15";
    compare("growth_transfer", [&young, &old], TRANSFERS, Ledger::transfers, meaning)?;
    let meaning = "the same per balance at a past moment";
    compare("growth_balance_at", [&young, &old], READS, Ledger::balances_at, meaning)?;
    let meaning = "the same per statement page of 50 lines";
    compare("growth_statement_page", [&young, &old], READS, Ledger::statement_pages, meaning)?;
    Ok(())
}

fn compare(
    name: &str,
    [young, old]: [&Ledger; 2],
    work: Work,
    requests: fn(&Ledger) -> NextRequest,
    meaning: &str,
) -> Result<()> {
    let mut costs_us = [Vec::new(), Vec::new()];
    for turn in 0..=TURNS {
        for (ledger, costs) in [young, old].into_iter().zip(&mut costs_us) {
            let plan = (work.connections, work.requests);
            let time = closed(ledger.api.address, plan, work.status, requests(ledger))?;
            // The first turn warms up.
            if turn > 0 {
                costs.push(time.as_secs_f64() * 1e6 / work.requests as f64);
            }
        }
    }
    let [young, old] = costs_us.map(median);
    figure(name, old, young, meaning);
    Ok(())
}

impl Ledger {
    fn fill(servers: &Servers, database: &str, rounds: u32) -> Result<Self> {
        wallets(servers, database, PEOPLE)?;
        let sql = include_str!("sql/history.sql").replace(":wallets", &PEOPLE.to_string());
        servers.postgres.psql(database, &sql.replace(":rounds", &rounds.to_string()))?;
        servers.settle(database)?;
        let counts = "select (select count(*) from postings) || ' postings, '
            || pg_size_pretty(pg_database_size(current_database()))";
        say(format_args!(
            "{database}: {PEOPLE} people, {}",
            servers.postgres.psql(database, counts)?
        ));
        let tokens = Rc::new(Tokens::sign(servers, database, PEOPLE)?);
        Ok(Self { api: Api::start(servers, database)?, tokens, rounds })
    }

    fn transfers(&self) -> NextRequest {
        transfers(&self.tokens, Skew::Even)
    }

    fn balances_at(&self) -> NextRequest {
        let (tokens, rounds) = (Rc::clone(&self.tokens), self.rounds);
        let mut random = SmallRng::from_os_rng();
        Box::new(move |to| {
            let at = moment(random.random_range(1..=rounds));
            let person = random.random_range(1..=PEOPLE);
            requests::get(to, &tokens, person, &format!("/v1/wallet?at={at}"));
        })
    }

    fn statement_pages(&self) -> NextRequest {
        let (tokens, rounds) = (Rc::clone(&self.tokens), self.rounds);
        let mut random = SmallRng::from_os_rng();
        Box::new(move |to| {
            let from = random.random_range(1..=rounds - PAGE_LINES);
            let person = random.random_range(1..=PEOPLE);
            let (from, until) = (moment(from), moment(rounds + 1));
            let path = format!("/v1/wallet/statement?from={from}&to={until}&limit={PAGE_LINES}");
            requests::get(to, &tokens, person, &path);
        })
    }
}

/// Formats the time of a round for a query.
fn moment(round: u32) -> String {
    let begin: DateTime<Utc> = BEGIN.parse().unwrap_or_default();
    (begin + TimeDelta::seconds(i64::from(round))).to_rfc3339_opts(SecondsFormat::Secs, true)
}
