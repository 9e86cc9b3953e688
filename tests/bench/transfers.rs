//! Transfers over HTTP compared with pgbench: the highest rate (even and hot), the latency at half of it, and the API's
//! memory under load.

use crate::load::{self, NextRequest, Open, Outcome};
use crate::pgbench::{Best, Pgbench};
use crate::report::{figure, say};
use crate::requests::{self, Skew, Tokens};
use crate::servers::{Api, Servers, master_keys};
use amana_domain::personal::Personal;
use amana_domain::phone::Msisdn;
use amana_postgres::{Clock, Contacts, Store};
use anyhow::{Result, ensure};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const WALLETS: u32 = 100_000;
const TEMPLATE: &str = "wallets";
const CONNECTIONS: usize = 256;

const WARM_UP: Duration = Duration::from_secs(3);
const STEP: Duration = Duration::from_secs(4);
const RUN: Duration = Duration::from_secs(15);

const FIRST_RATE: f64 = 1000.0;
const GROWTH: f64 = 1.3;
const HALVINGS: usize = 3;
const RETREAT: f64 = 0.95;
const RUNS_MAX: usize = 10;

const IDLE_MIB_MAX: f64 = 40.0;
const LOAD_MIB_MAX: f64 = 150.0;

static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

/// Returns requests for transfers between random users, each with a unique key.
pub fn transfers(tokens: &Rc<Tokens>, skew: Skew) -> NextRequest {
    let (tokens, mut random) = (Rc::clone(tokens), SmallRng::from_os_rng());
    Box::new(move |to| {
        let pair = requests::pair(skew, tokens.people(), &mut random);
        requests::transfer(to, &tokens, pair, NEXT_KEY.fetch_add(1, Ordering::Relaxed));
    })
}

/// Creates the database of users that every run copies.
pub fn wallets(servers: &Servers, database: &str, people: u32) -> Result<()> {
    servers.migrated(database)?;
    let sql = include_str!("sql/wallets.sql").replace(":wallets", &people.to_string());
    servers.postgres.psql(database, &sql)?;
    tokio::runtime::Runtime::new()?.block_on(adopt(&servers.postgres.url(database), people))?;
    servers.settle(database)
}

/// Gives all users an encrypted e-mail address and phone number, as after a registration.
async fn adopt(url: &str, people: u32) -> Result<()> {
    let store = Store::connect(url, 1, &master_keys()).await?;
    let person = |n: u32| {
        let phone = Msisdn::parse(&(254_700_000_000 + u64::from(n)).to_string())?;
        let email = Personal::new(format!("wallet{n}@example.com"));
        Ok((requests::user(n), Contacts { email: Some(email), phone: Some(phone) }))
    };
    let people: Vec<_> = (1..=people).map(person).collect::<Result<_>>()?;
    Ok(store.adopt(&people, Clock::default().now()).await?)
}

/// The rates of the product and its peer for one kind of load.
#[derive(Debug, Clone, Copy)]
struct Rates {
    ours: f64,
    peer: Best,
}

pub struct Transfers<'a> {
    servers: &'a Servers,
    tokens: Rc<Tokens>,
    even: Option<Rates>,
}

impl<'a> Transfers<'a> {
    pub fn new(servers: &'a Servers) -> Result<Self> {
        say(format_args!(
            "{WALLETS} wallets, {CONNECTIONS} connections, arrivals by chance (Poisson)"
        ));
        wallets(servers, TEMPLATE, WALLETS)?;
        let tokens = Rc::new(Tokens::sign(servers, TEMPLATE, WALLETS)?);
        Ok(Self { servers, tokens, even: None })
    }

    pub fn http(&mut self) -> Result<()> {
        let rates = self.even()?;
        let meaning = "transfers per second, higher is better, goal 2.0";
        figure("transfers_http", rates.ours, rates.peer.rate, meaning);
        Ok(())
    }

    pub fn hot(&mut self) -> Result<()> {
        let rates = self.measure(Skew::Hot)?;
        let meaning = "the same with 90 % of them touching 10 wallets, goal 5.0";
        figure("transfers_hot", rates.ours, rates.peer.rate, meaning);
        Ok(())
    }

    /// Measures at half of our highest rate, as the goal demands, and at half of pgbench's, where both have reserves.
    pub fn latency(&mut self) -> Result<()> {
        let rates = self.even()?;
        let pgbench = self.pgbench(Skew::Even)?;
        let lines = [
            ("transfer_latency_p99", rates.ours / 2.0, "half of our highest rate, goal at most 2"),
            ("transfer_latency_p99_easy", rates.peer.rate / 2.0, "half of pgbench's highest rate"),
        ];
        for (name, rate, at) in lines {
            let api = self.fresh_api()?;
            let outcome = self.run(&api, Skew::Even, rate, RUN)?;
            drop(api);
            let peer = pgbench.p99_ms(rates.peer.clients, rate)?;
            let meaning = format!("ms from when due, lower is better, at {rate:.0}/s, {at}");
            figure(name, outcome.latency_ms(0.99), peer, &meaning);
        }
        Ok(())
    }

    pub fn memory(&mut self) -> Result<()> {
        let rate = self.even()?.ours;
        let api = self.fresh_api()?;
        std::thread::sleep(WARM_UP);
        let idle = api.memory_mib("VmRSS")?;
        figure("api_memory_idle", idle, IDLE_MIB_MAX, "MiB resident, peer is the bound");
        self.run(&api, Skew::Even, rate, RUN)?;
        let load = api.memory_mib("VmHWM")?;
        figure(
            "api_memory_load",
            load,
            LOAD_MIB_MAX,
            "MiB at the highest rate (peak), peer is the bound",
        );
        Ok(())
    }

    fn even(&mut self) -> Result<Rates> {
        if let Some(rates) = self.even {
            return Ok(rates);
        }
        let rates = self.measure(Skew::Even)?;
        self.even = Some(rates);
        Ok(rates)
    }

    fn measure(&self, skew: Skew) -> Result<Rates> {
        let peer = self.pgbench(skew)?.best()?;
        let api = self.fresh_api()?;
        let ours = self.highest_rate(&api, skew)?;
        Ok(Rates { ours, peer })
    }

    /// Raises the rate until the API no longer keeps up, then bisects a few times. The result must hold for a longer
    /// run, whose rate counts.
    fn highest_rate(&self, api: &Api, skew: Skew) -> Result<f64> {
        self.run(api, skew, FIRST_RATE / 2.0, WARM_UP)?;
        let (mut good, mut bad) = (0.0, FIRST_RATE);
        while self.run(api, skew, bad, STEP)?.kept_up() {
            (good, bad) = (bad, bad * GROWTH);
        }
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(good, bad);
            if self.run(api, skew, middle, STEP)?.kept_up() {
                good = middle;
            } else {
                bad = middle;
            }
        }
        ensure!(good > 0.0, "the API does not keep up with any rate");
        for _ in 0..RUNS_MAX {
            self.servers.postgres.psql(LOADED, "checkpoint")?;
            let outcome = self.run(api, skew, good, RUN)?;
            if outcome.kept_up() {
                return Ok(outcome.rate());
            }
            good *= RETREAT;
        }
        anyhow::bail!("no rate was kept up with for {RUN:?}")
    }

    fn run(&self, api: &Api, skew: Skew, rate: f64, time: Duration) -> Result<Outcome> {
        let plan = Open { connections: CONNECTIONS, rate, time };
        let outcome = load::open(api.address, plan, transfers(&self.tokens, skew))?;
        say(format_args!("{rate:.0}/s for {} s: {outcome}", time.as_secs()));
        Ok(outcome)
    }

    fn pgbench(&self, skew: Skew) -> Result<Pgbench<'a>> {
        Pgbench::new(self.servers, TEMPLATE, WALLETS, skew)
    }

    fn fresh_api(&self) -> Result<Api> {
        self.servers.copy(TEMPLATE, LOADED)?;
        Api::start(self.servers, LOADED)
    }
}

/// The database of the API.
const LOADED: &str = "loaded";
