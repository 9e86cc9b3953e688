//! The story itself. Every figure printed is read back from the system, and checked.

use super::client::{Client, number, text};
use super::{BUYER, OPERATOR, SELLER};
use amana_domain::money::{Currency, Money};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const PIN: &str = "1234";

struct Cast {
    buyer: Client,
    seller: Client,
    operator: Client,
    sandbox: Client,
}

/// # Errors
/// The first thing that did not hold.
pub(super) async fn tell(api_url: &str, sandbox_url: &str) -> Result<()> {
    let api = Client::new(api_url)?;
    api.register(&BUYER).await?;
    api.register(&SELLER).await?;
    let cast = Cast {
        buyer: api.log_in(&BUYER).await?,
        seller: api.log_in(&SELLER).await?,
        operator: api.log_in(&OPERATOR).await?,
        sandbox: Client::new(sandbox_url)?,
    };
    let deal = offer(&cast).await?;
    pay(&cast, &deal).await?;
    deliver_and_release(&cast, &deal).await?;
    withdraw(&cast).await?;
    messages(&cast).await?;
    prove(&cast).await
}

async fn offer(cast: &Cast) -> Result<String> {
    println!("1. {} offers {} two beehives, delivered in two parts.", SELLER.name, BUYER.name);
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
    let agreed = cast.buyer.post(&format!("/v1/deals/{id}/agree"), &Value::Null).await?;
    println!("   deal     {id}");
    for milestone in agreed["milestones"].as_array().into_iter().flatten() {
        println!(
            "   part     {:<12} {:>14}",
            text(milestone, "/title")?,
            shillings(number(milestone, "/amount/amount")?)?
        );
    }
    println!(
        "   price    {} with {}'s half of the fee",
        shillings(number(&agreed, "/price/amount")?)?,
        BUYER.name
    );
    println!("   state    {}; both have agreed", text(&agreed, "/state")?);
    balances(cast, &id).await
}

async fn pay(cast: &Cast, deal: &str) -> Result<()> {
    println!("2. {} pays into escrow with M-Pesa.", BUYER.name);
    let body = json!({ "method": "mpesa", "phone": BUYER.phone });
    let funding = cast.buyer.post(&format!("/v1/deals/{deal}/fund"), &body).await?;
    let payment = text(&funding, "/payment/id")?.to_owned();
    let prompts = format!("/admin/prompts?phone={}", BUYER.phone);
    cast.sandbox
        .wait("the prompt", &prompts, |found| found.to_string().contains(BUYER.phone))
        .await?;
    println!("   the prompt appears on {} and the PIN is entered", BUYER.phone);
    let answer = format!("/admin/phones/{}/answer", BUYER.phone);
    cast.sandbox.post(&answer, &json!({ "pin": PIN })).await?;
    let funded = format!("/v1/deals/{deal}");
    cast.buyer.wait("funding", &funded, |deal| deal["state"] == "funded").await?;
    let paid = cast.buyer.get(&format!("/v1/payments/{payment}")).await?;
    println!("   payment  {payment}: {}", shillings(number(&paid, "/amount/amount")?)?);
    println!("   receipt  {} (M-Pesa)", text(&paid, "/receipt")?);
    println!("   the change of the whole shilling stays in {}'s wallet", BUYER.name);
    balances(cast, deal).await.map(|_| ())
}

async fn deliver_and_release(cast: &Cast, deal: &str) -> Result<()> {
    let found = cast.buyer.get(&format!("/v1/deals/{deal}")).await?;
    for (n, milestone) in (3..).zip(found["milestones"].as_array().into_iter().flatten()) {
        let (id, title) = (text(milestone, "/id")?, text(milestone, "/title")?);
        println!("{n}. {} delivers the {title}; {} releases the money.", SELLER.name, BUYER.name);
        let path = format!("/v1/deals/{deal}/milestones/{id}");
        cast.seller.post(&format!("{path}/deliver"), &Value::Null).await?;
        let after = cast.buyer.post(&format!("{path}/release"), &Value::Null).await?;
        println!("   state    {}", text(&after, "/state")?);
        balances(cast, deal).await?;
    }
    let done = cast.buyer.get(&format!("/v1/deals/{deal}")).await?;
    ensure!(done["state"] == "released", "the deal should be released: {done:#}");
    Ok(())
}

async fn withdraw(cast: &Cast) -> Result<()> {
    println!("5. {} takes the money out to M-Pesa.", SELLER.name);
    let body = json!({ "amount": { "amount": 190_000, "currency": "KES" }, "phone": SELLER.phone });
    let payment = cast.seller.post("/v1/withdrawals", &body).await?;
    let path = format!("/v1/payments/{}", text(&payment, "/id")?);
    let paid =
        cast.seller.wait("the payout", &path, |payment| payment["state"] == "succeeded").await?;
    println!(
        "   payout   {}: {}",
        text(&paid, "/id")?,
        shillings(number(&paid, "/amount/amount")?)?
    );
    println!("   receipt  {} (M-Pesa)", text(&paid, "/receipt")?);
    println!(
        "   {:<24} {:>14}\n",
        "wallet of the seller",
        shillings(available(&cast.seller).await?)?
    );
    Ok(())
}

async fn messages(cast: &Cast) -> Result<()> {
    println!("6. Both have been told, in their own languages.");
    for person in [BUYER, SELLER] {
        let path = format!("/admin/mails?to={}", person.email);
        let mails =
            cast.sandbox.wait("an e-mail", &path, |found| subjects(found).len() >= 3).await?;
        let last = subjects(&mails).into_iter().next_back().context("no e-mail")?;
        println!("   {:<24} {} e-mails, one of them: {last}", person.name, subjects(&mails).len());
    }
    println!();
    Ok(())
}

fn subjects(mails: &Value) -> Vec<String> {
    let list = mails
        .as_array()
        .or_else(|| mails.as_object().and_then(|o| o.values().find_map(Value::as_array)));
    list.into_iter()
        .flatten()
        .filter_map(|mail| mail["subject"].as_str())
        .map(str::to_owned)
        .collect()
}

async fn prove(cast: &Cast) -> Result<()> {
    println!("7. The proof.");
    let before = runs(cast).await?;
    cast.operator.post("/v1/operator/reconciliations", &Value::Null).await?;
    let path = "/v1/operator/reconciliations";
    let listed = cast.operator.wait("reconciliation", path, |found| count(found) > before).await?;
    let run = listed.pointer("/items/0").context("no reconciliation run")?;
    let proof = cast.operator.get("/v1/operator/proof").await?;
    println!(
        "   entries  {}, postings {}",
        number(&proof, "/entries")?,
        number(&proof, "/postings")?
    );
    for currency in proof["currencies"].as_array().into_iter().flatten() {
        print_equation(currency)?;
    }
    let organisation = cast.sandbox.get("/admin/organisation").await?;
    println!("   the provider's own books say {organisation}");
    println!(
        "   statement: {} lines, {} matched, {} breaks open",
        number(run, "/lines")?,
        number(run, "/matched")?,
        number(run, "/open_breaks")?
    );
    ensure!(proof["holds"] == true, "the proof does not hold: {proof:#}");
    ensure!(number(run, "/open_breaks")? == 0, "reconciliation found breaks: {run:#}");
    ensure!(number(run, "/matched")? == 2, "both payments should be on the statement: {run:#}");
    Ok(())
}

fn print_equation(currency: &Value) -> Result<()> {
    let of = |name: &str| number(currency, &format!("/{name}"));
    println!("   sum of all postings in {}: {}", text(currency, "/currency")?, of("sum_minor")?);
    println!("   held by the provider     {:>14}", shillings(of("held_by_providers_minor")?)?);
    println!("   owed to people           {:>14}", shillings(of("owed_to_users_minor")?)?);
    println!("   in escrow                {:>14}", shillings(of("in_escrow_minor")?)?);
    println!("   on its way out           {:>14}", shillings(of("in_payout_minor")?)?);
    println!("   fees earned              {:>14}", shillings(of("fees_minor")?)?);
    println!("   in suspense              {:>14}", shillings(of("suspense_minor")?)?);
    let owed = [
        "owed_to_users_minor",
        "in_escrow_minor",
        "in_payout_minor",
        "fees_minor",
        "provider_costs_minor",
        "suspense_minor",
    ];
    let owed = owed.iter().map(|name| of(name)).sum::<Result<i64>>()?;
    ensure!(
        of("sum_minor")? == 0 && of("held_by_providers_minor")? == owed,
        "the trust equation fails: {currency:#}"
    );
    println!("   held = owed + escrow + on its way + fees + suspense: it holds to the cent");
    Ok(())
}

async fn runs(cast: &Cast) -> Result<usize> {
    Ok(count(&cast.operator.get("/v1/operator/reconciliations").await?))
}

fn count(page: &Value) -> usize {
    page["items"].as_array().map_or(0, Vec::len)
}

/// Prints who has what after a step, and hands the deal's id on.
async fn balances(cast: &Cast, deal: &str) -> Result<String> {
    let proof = cast.operator.get("/v1/operator/proof").await?;
    let kes = |name: &str| {
        proof.pointer(&format!("/currencies/0/{name}")).and_then(Value::as_i64).unwrap_or(0)
    };
    println!("   {:<24} {:>14}", "wallet of the buyer", shillings(available(&cast.buyer).await?)?);
    println!(
        "   {:<24} {:>14}",
        "wallet of the seller",
        shillings(available(&cast.seller).await?)?
    );
    println!("   {:<24} {:>14}", "escrow", shillings(kes("in_escrow_minor"))?);
    println!("   {:<24} {:>14}\n", "fees", shillings(kes("fees_minor"))?);
    Ok(deal.to_owned())
}

async fn available(client: &Client) -> Result<i64> {
    let wallet = client.get("/v1/wallet").await?;
    let all = wallet["balances"].as_array().context("no balances")?;
    let kes = all.iter().find(|balance| balance["currency"] == "KES").context("no shillings")?;
    number(kes, "/available")
}

fn shillings(minor: i64) -> Result<String> {
    Ok(Money::new(minor, Currency::Kes)?.to_string())
}
