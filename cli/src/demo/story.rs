//! The steps of the demo. Every printed amount is read from the API.

use super::client::{Client, number, text};
use super::contacts;
use super::proof::prove;
use super::{BUYER, OPERATOR, Person, SELLER};
use amana_domain::money::{Currency, Money};
use amana_postgres::Store;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const PIN: &str = "1234";

/// The seller's withdrawal at the end, in cents.
const WITHDRAWN_MINOR: i64 = 190_000;

pub(super) struct Cast {
    pub(super) buyer: Client,
    pub(super) seller: Client,
    pub(super) operator: Client,
    pub(super) sandbox: Client,
}

/// # Errors
/// The first step that fails.
pub(super) async fn tell(api: &Client, sandbox_url: &str, store: &Store) -> Result<()> {
    api.register(&BUYER).await?;
    api.register(&SELLER).await?;
    let cast = Cast {
        buyer: api.log_in(&BUYER).await?,
        seller: api.log_in(&SELLER).await?,
        operator: api.log_in(&OPERATOR).await?,
        sandbox: Client::new(sandbox_url)?,
    };
    contacts::verify(&cast.sandbox, &cast.buyer, &BUYER).await?;
    contacts::verify(&cast.sandbox, &cast.seller, &SELLER).await?;
    let deal = offer(&cast).await?;
    pay(&cast, &deal).await?;
    deliver_and_release(&cast, &deal).await?;
    withdraw(&cast).await?;
    messages(&cast).await?;
    prove(&cast, store).await
}

async fn offer(cast: &Cast) -> Result<String> {
    println!("1. {} offers {} two beehives, in two parts. Both agree.", SELLER.name, BUYER.name);
    let hive = |title: &str, minor: i64| json!({ "title": title, "amount": { "amount": minor, "currency": "KES" } });
    let body = json!({
        "title": "Two beehives",
        "role": "seller",
        "counterparty": { "email": BUYER.email },
        "currency": "KES",
        "fee_payer": "shared",
        "milestones": [hive("First hive", 120_000), hive("Second hive", 80_050)],
    });
    let deal = cast.seller.post("/v1/deals", &body).await?;
    let id = text(&deal, "/id")?.to_owned();
    cast.seller.post(&format!("/v1/deals/{id}/propose"), &Value::Null).await?;
    let agreed =
        cast.buyer.post(&format!("/v1/deals/{id}/agree"), &json!({ "revision": 1 })).await?;
    line("deal", &id);
    for milestone in agreed["milestones"].as_array().into_iter().flatten() {
        sum_line("part", number(milestone, "/amount/amount")?, text(milestone, "/title")?)?;
    }
    let half = format!("half of the fee; {} pays the other half", first_name(&SELLER));
    sum_line("fee", number(&agreed, "/fees/buyer/amount")?, &half)?;
    sum_line("price", number(&agreed, "/price/amount")?, "")?;
    state(&agreed)?;
    balances(cast).await?;
    Ok(id)
}

async fn pay(cast: &Cast, deal: &str) -> Result<()> {
    println!("2. {} pays into escrow with M-Pesa.", BUYER.name);
    let body = json!({ "method": "mpesa", "phone": BUYER.phone });
    let funding = cast.buyer.post(&format!("/v1/deals/{deal}/fund"), &body).await?;
    let payment = format!("/v1/payments/{}", text(&funding, "/payment/id")?);
    let path = format!("/admin/prompts?phone={}", BUYER.phone);
    let there = |found: &Value| found.pointer("/prompts/0").is_some();
    let prompts = cast.sandbox.wait("the prompt on the phone", &path, there).await?;
    let phone = format!("on phone {}; the PIN is entered", BUYER.phone);
    sum_line("prompt", number(&prompts, "/prompts/0/amount")?, &phone)?;
    let answer = format!("/admin/phones/{}/answer", BUYER.phone);
    cast.sandbox.post(&answer, &json!({ "pin": PIN })).await?;
    let funded = |deal: &Value| deal["state"] == "funded";
    let after = cast.buyer.wait("funding", &format!("/v1/deals/{deal}"), funded).await?;
    let paid = cast.buyer.get(&payment).await?;
    let receipt = format!("M-Pesa receipt {}", text(&paid, "/receipt")?);
    sum_line("paid", number(&paid, "/amount/amount")?, &receipt)?;
    state(&after)?;
    line("note", "M-Pesa takes whole shillings only; the change stays in the wallet");
    balances(cast).await
}

async fn deliver_and_release(cast: &Cast, deal: &str) -> Result<()> {
    let found = cast.buyer.get(&format!("/v1/deals/{deal}")).await?;
    let (seller, buyer) = (first_name(&SELLER), first_name(&BUYER));
    for (n, milestone) in (3..).zip(found["milestones"].as_array().into_iter().flatten()) {
        let (id, title) = (text(milestone, "/id")?, text(milestone, "/title")?.to_lowercase());
        println!("{n}. {seller} delivers the {title}; {buyer} checks it and releases the money.");
        let path = format!("/v1/deals/{deal}/milestones/{id}");
        cast.seller.post(&format!("{path}/deliver"), &Value::Null).await?;
        let after = cast.buyer.post(&format!("{path}/release"), &Value::Null).await?;
        state(&after)?;
        balances(cast).await?;
    }
    let done = cast.buyer.get(&format!("/v1/deals/{deal}")).await?;
    ensure!(done["state"] == "released", "the deal is not released: {done:#}");
    Ok(())
}

async fn withdraw(cast: &Cast) -> Result<()> {
    println!("5. {} withdraws money to phone {}.", SELLER.name, SELLER.phone);
    let amount = json!({ "amount": WITHDRAWN_MINOR, "currency": "KES" });
    let body = json!({ "amount": amount, "phone": SELLER.phone });
    let payment = cast.seller.post("/v1/withdrawals", &body).await?;
    let path = format!("/v1/payments/{}", text(&payment, "/id")?);
    let done = |payment: &Value| payment["state"] == "succeeded";
    let paid = cast.seller.wait("the payout", &path, done).await?;
    let receipt = format!("M-Pesa receipt {}", text(&paid, "/receipt")?);
    sum_line("paid out", number(&paid, "/amount/amount")?, &receipt)?;
    balances(cast).await
}

async fn messages(cast: &Cast) -> Result<()> {
    println!("6. Both were notified by e-mail and SMS, each in their own language.");
    for (person, last) in [(BUYER, "Completed"), (SELLER, "M-Pesa")] {
        let path = format!("/admin/mails?to={}", person.email);
        let told = |found: &Value| subjects(found).iter().any(|subject| subject.contains(last));
        let mails = subjects(&cast.sandbox.wait("the last e-mail", &path, told).await?);
        let sms = cast.sandbox.get(&format!("/admin/sms?to={}", person.phone)).await?;
        let sms = sms["sms"].as_array().map_or(0, Vec::len);
        line(
            first_name(&person),
            &format!("{} e-mails, {sms} SMS; the newest e-mails:", mails.len()),
        );
        mails.iter().take(3).for_each(|subject| line("", subject));
    }
    println!();
    Ok(())
}

/// Returns subjects, newest first.
fn subjects(mails: &Value) -> Vec<String> {
    let all = mails["mails"].as_array().into_iter().flatten();
    all.filter_map(|mail| mail["subject"].as_str()).map(str::to_owned).collect()
}

/// Prints all balances after a step.
async fn balances(cast: &Cast) -> Result<()> {
    let proof = cast.operator.get("/v1/operator/proof").await?;
    let kes = |name: &str| {
        proof.pointer(&format!("/currencies/0/{name}")).and_then(Value::as_i64).unwrap_or(0)
    };
    println!("   balances");
    for (who, minor) in [
        (first_name(&BUYER), available(&cast.buyer).await?),
        (first_name(&SELLER), available(&cast.seller).await?),
        ("escrow", kes("in_escrow_minor")),
        ("Amana", kes("fees_minor")),
    ] {
        println!("     {who:<8} {:>14}", shillings(minor)?);
    }
    println!();
    Ok(())
}

/// Returns zero for a wallet without a balance in shillings.
async fn available(client: &Client) -> Result<i64> {
    let wallet = client.get("/v1/wallet").await?;
    let all = wallet["balances"].as_array().context("no balances")?;
    let kes = all.iter().find(|balance| balance["currency"] == "KES");
    kes.map_or(Ok(0), |kes| number(kes, "/available/amount"))
}

/// Prints an amount and its meaning.
fn sum_line(label: &str, minor: i64, what: &str) -> Result<()> {
    line(label, format!("{:>14}  {what}", shillings(minor)?).trim_end());
    Ok(())
}

fn first_name(person: &Person) -> &'static str {
    person.name.split(' ').next().unwrap_or(person.name)
}

pub(super) fn line(label: &str, value: &str) {
    println!("   {label:<10} {value}");
}

fn state(deal: &Value) -> Result<()> {
    line("state", &format!("{}: {}", text(deal, "/state")?, text(deal, "/status_text")?));
    Ok(())
}

pub(super) fn shillings(minor: i64) -> Result<String> {
    Ok(Money::new(minor, Currency::Kes)?.to_string())
}
