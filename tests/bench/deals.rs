//! Deals: complete deals over HTTP compared with pgbench writing the same rows, and the cost of the first and last page
//! of a long list.

mod peer;

use crate::http::Connection;
use crate::load::{NextRequest, closed};
use crate::report::{figure, median, say};
use crate::requests::{self, Tokens};
use crate::servers::{Api, Servers};
use crate::transfers::wallets;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, LocalSet};
use uuid::Uuid;

const DATABASE: &str = "deals";
const PEOPLE: u32 = 10_000;

const CONNECTIONS: u32 = 16;
const LIVES: u32 = 2_000;
/// The first turn warms up.
const TURNS: usize = 4;

/// The number of one user's deals in the list, and of deals per page.
const LISTED: u32 = 20_000;
const PAGE: u32 = 20;
const READS: usize = 1_000;
const READERS: usize = 4;
const PAGE_TURNS: usize = 7;

pub fn run(servers: &Servers) -> Result<()> {
    wallets(servers, DATABASE, PEOPLE)?;
    // Opens the fee account in advance: only the first fee would open it, and the peer's script has no such statement.
    let fees = "insert into accounts (id, kind, owner, currency, opened_at) values
        (gen_random_uuid(), 'platform.fees', '00000000-0000-0000-0000-000000000000', 'KES', '2026-01-01')";
    servers.postgres.psql(DATABASE, fees)?;
    let peer = peer::Peer::record(servers, DATABASE, PEOPLE)?;
    lives(servers, &peer)?;
    pages(servers)
}

fn lives(servers: &Servers, peer: &peer::Peer<'_>) -> Result<()> {
    let theirs = peer.best()?;
    servers.copy(DATABASE, "lives")?;
    let tokens = Rc::new(Tokens::sign(servers, "lives", PEOPLE)?);
    let api = Api::start(servers, "lives")?;
    let mut rates = vec![];
    for turn in 0..TURNS {
        let start = Instant::now();
        live(api.address, &tokens)?;
        if turn > 0 {
            rates.push(f64::from(LIVES) / start.elapsed().as_secs_f64());
        }
    }
    drop(api);
    let meaning = "deals per second from create to release over HTTP, six calls each, against pgbench writing the same rows one statement at a time, higher is better, goal at least 0.5";
    figure("deal_lifecycle", median(rates), theirs, meaning);
    Ok(())
}

fn live(address: SocketAddr, tokens: &Rc<Tokens>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut clients = JoinSet::new();
        for client in 0..CONNECTIONS {
            let tokens = Rc::clone(tokens);
            clients.spawn_local(async move {
                let mut caller = Caller::open(address, tokens).await?;
                for n in 0..LIVES / CONNECTIONS {
                    // All users sell and buy, each time with another counterparty.
                    let seller = (client * 613 + n * 2) % PEOPLE + 1;
                    caller.life(seller, seller % PEOPLE + 1).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = clients.join_next().await {
            ended??;
        }
        Ok(())
    })
}

/// A connection for calls of any user.
pub struct Caller {
    connection: Connection,
    tokens: Rc<Tokens>,
    request: Vec<u8>,
}

impl Caller {
    pub async fn open(address: SocketAddr, tokens: Rc<Tokens>) -> Result<Self> {
        let connection = Connection::open(address).await?;
        Ok(Self { connection, tokens, request: vec![] })
    }

    /// Completes a deal with one milestone, paid from the wallet.
    pub async fn life(&mut self, seller: u32, buyer: u32) -> Result<()> {
        let draft = json!({
            "title": "Two goats", "role": "seller", "currency": "KES",
            "counterparty": { "email": format!("wallet{buyer}@example.com") },
            "milestones": [{ "title": "Both goats", "amount": { "amount": 10_000, "currency": "KES" } }],
        });
        let deal = self.post(seller, "/v1/deals", &draft).await?;
        let id = deal["id"].as_str().context("a deal without an id")?;
        let milestone = deal["milestones"][0]["id"].as_str().context("no milestone")?;
        let path = format!("/v1/deals/{id}");
        let deliver = format!("{path}/milestones/{milestone}/deliver");
        let release = format!("{path}/milestones/{milestone}/release");
        self.post(seller, &format!("{path}/propose"), &Value::Null).await?;
        self.post(buyer, &format!("{path}/agree"), &json!({ "revision": 1 })).await?;
        self.post(buyer, &format!("{path}/fund"), &json!({ "method": "wallet" })).await?;
        self.post(seller, &deliver, &Value::Null).await?;
        let over = self.post(buyer, &release, &Value::Null).await?;
        ensure!(over["state"] == "released", "it ended {}", over["state"]);
        Ok(())
    }

    async fn post(&mut self, person: u32, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let key = Uuid::new_v4().to_string();
        requests::post(&mut self.request, &self.tokens, person, path, &key, &body);
        let status = self.connection.call(&self.request).await?;
        let answer = self.connection.answer();
        ensure!((200..300).contains(&status), "{path}: {answer}");
        let (_, json) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
        Ok(serde_json::from_str(json)?)
    }
}

/// Compares the first and the last of a thousand pages.
fn pages(servers: &Servers) -> Result<()> {
    servers.copy(DATABASE, "listed")?;
    let sql = include_str!("sql/deals.sql").replace(":listed", &LISTED.to_string());
    servers.postgres.psql("listed", &sql)?;
    servers.settle("listed")?;
    let tokens = Rc::new(Tokens::sign(servers, "listed", 1)?);
    let api = Api::start(servers, "listed")?;
    let cursors = ["".to_owned(), cursor(&api, &tokens, LISTED / PAGE - 1)?];
    let mut costs_us = [vec![], vec![]];
    for turn in 0..=PAGE_TURNS {
        for (cursor, costs) in cursors.iter().zip(&mut costs_us) {
            let (tokens, path) = (Rc::clone(&tokens), format!("/v1/deals?limit={PAGE}{cursor}"));
            let next: NextRequest = Box::new(move |to| requests::get(to, &tokens, 1, &path));
            let time: Duration = closed(api.address, (READERS, READS), 200, next)?;
            if turn > 0 {
                costs.push(time.as_secs_f64() * 1e6 / READS as f64);
            }
        }
    }
    let [first, last] = costs_us.map(median);
    let meaning = "µs per page of the list of one's deals, the 1,000th over the first (peer), lower is better, goal at most 1.15";
    figure("deals_page", last, first, meaning);
    Ok(())
}

/// Returns the cursor after this many pages.
fn cursor(api: &Api, tokens: &Tokens, pages: u32) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(api.address).await?;
        let (mut request, mut cursor) = (vec![], String::new());
        for _ in 0..pages {
            requests::get(&mut request, tokens, 1, &format!("/v1/deals?limit={PAGE}{cursor}"));
            connection.call(&request).await?;
            let answer = connection.answer();
            let (_, json) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
            let page: Value = serde_json::from_str(json)?;
            let next = page["next_cursor"].as_str().context("the list is too short")?;
            cursor = format!("&after={next}");
        }
        say(format_args!("page {} begins{}", pages + 1, cursor.replace('&', " ")));
        Ok(cursor)
    })
}
