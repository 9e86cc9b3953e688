//! The end of the story: our books, the provider's books, and that they say the same.

use super::client::{number, text};
use super::story::{Cast, line, shillings};
use amana_postgres::{Counts, LedgerCheck, Store};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::time::Duration;

/// What we owe, by whom or what it belongs to.
const OWED: [(&str, &str); 6] = [
    ("people's wallets", "owed_to_users_minor"),
    ("in escrow", "in_escrow_minor"),
    ("held", "held_minor"),
    ("our fees", "fees_minor"),
    ("provider's costs", "provider_costs_minor"),
    ("in suspense", "suspense_minor"),
];

/// A deposit and a withdrawal.
const STATEMENT_LINES: i64 = 2;

const STATEMENTS_MAX: usize = 10;
const STATEMENT_PAUSE: Duration = Duration::from_millis(500);

/// # Errors
/// The first thing that does not hold.
pub(super) async fn prove(cast: &Cast, store: &Store) -> Result<()> {
    println!("7. The proof.");
    let run = reconcile(cast).await?;
    let LedgerCheck { counts, first_wrong, .. } = store.check_ledger().await?;
    if let Some(wrong) = first_wrong {
        bail!("the ledger does not hold: {wrong}");
    }
    let Counts { entries, postings, .. } = counts;
    line("ledger", &format!("{entries} entries, {postings} postings, all read, nothing wrong"));
    let proof = cast.operator.get("/v1/operator/proof").await?;
    let currencies = proof["currencies"].as_array().context("no currencies")?;
    ensure!(!currencies.is_empty(), "the proof is empty: {proof:#}");
    for currency in currencies {
        let sum = shillings(number(currency, "/sum_minor")?)?;
        line("sum", &format!("{sum}  of all balances in {}", text(currency, "/currency")?));
        print_equation(currency)?;
    }
    let organisation = cast.sandbox.get("/admin/organisation").await?;
    let float = number(&organisation, "/float")?;
    line("M-Pesa", &format!("its own books have {} of ours", shillings(float)?));
    let count = |name: &str| number(&run, &format!("/{name}"));
    let (lines, matched, breaks) = (count("lines")?, count("matched")?, count("open_breaks")?);
    line("statement", &format!("{lines} lines, {matched} matched, {breaks} breaks"));
    let held = number(&proof, "/currencies/0/held_by_providers_minor")?;
    ensure!(float == held, "M-Pesa has {float} cents of ours, we believe {held}");
    ensure!(proof["holds"] == true, "the proof does not hold: {proof:#}");
    ensure!(
        (lines, matched, breaks) == (STATEMENT_LINES, STATEMENT_LINES, 0),
        "both payments should be on the statement: {run:#}"
    );
    Ok(())
}

/// Has the provider's statement held against our books, and waits for the outcome. A statement ends at
/// a whole second: what was completed within the last one is on the next.
async fn reconcile(cast: &Cast) -> Result<Value> {
    let path = "/v1/operator/reconciliations";
    let newest = |page: &Value| page.pointer("/items/0").cloned().unwrap_or_default();
    let mut run = newest(&cast.operator.get(path).await?);
    for _ in 0..STATEMENTS_MAX {
        cast.operator.post(path, &Value::Null).await?;
        let newer = |page: &Value| newest(page)["id"] != run["id"];
        run = newest(&cast.operator.wait("the reconciliation", path, newer).await?);
        if number(&run, "/lines")? >= STATEMENT_LINES {
            break;
        }
        tokio::time::sleep(STATEMENT_PAUSE).await;
    }
    Ok(run)
}

fn print_equation(currency: &Value) -> Result<()> {
    let held = number(currency, "/held_by_providers_minor")?;
    let mut owed: i64 = 0;
    for (what, name) in OWED {
        let minor = number(currency, &format!("/{name}"))?;
        owed = owed.checked_add(minor).context("more than there can be")?;
        println!("     {what:<18} {:>14}", shillings(minor)?);
    }
    println!("     {:<18} {:>14}", "together", shillings(owed)?);
    println!("     {:<18} {:>14}  it holds to the cent", "held by M-Pesa", shillings(held)?);
    ensure!(
        number(currency, "/sum_minor")? == 0 && held == owed,
        "the trust equation fails: {currency:#}"
    );
    Ok(())
}
