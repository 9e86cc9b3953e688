//! The end of the demo: compares Amana's ledger with M-Pesa's balance and statement.

use super::client::{number, text};
use super::story::{Cast, line, shillings};
use amana_postgres::{Counts, LedgerCheck, Store};
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::time::Duration;

/// The liabilities, by kind.
const OWED: [(&str, &str); 6] = [
    ("user wallets", "owed_to_users_minor"),
    ("in escrow", "in_escrow_minor"),
    ("on hold", "held_minor"),
    ("Amana's fees", "fees_minor"),
    ("M-Pesa's charges", "provider_costs_minor"),
    ("in suspense", "suspense_minor"),
];

/// One deposit and one withdrawal.
const STATEMENT_LINES: i64 = 2;

const STATEMENTS_MAX: usize = 10;
const STATEMENT_PAUSE: Duration = Duration::from_millis(500);

/// # Errors
/// The first check that fails.
pub(super) async fn prove(cast: &Cast, store: &Store) -> Result<()> {
    println!("7. All balances are checked.");
    let run = reconcile(cast).await?;
    let LedgerCheck { counts, first_wrong, .. } = store.check_ledger().await?;
    if let Some(wrong) = first_wrong {
        bail!("the ledger is wrong: {wrong}");
    }
    let Counts { entries, postings, .. } = counts;
    line("ledger", &format!("{entries} entries, {postings} postings: all read, no errors"));
    let proof = cast.operator.get("/v1/operator/proof").await?;
    let currencies = proof["currencies"].as_array().context("the response has no currencies")?;
    ensure!(!currencies.is_empty(), "the response has no balances: {proof:#}");
    for currency in currencies {
        let sum = shillings(number(currency, "/sum_minor")?)?;
        line(
            "sum",
            &format!(
                "{sum}  sum of all balances in {}, which must be zero",
                text(currency, "/currency")?
            ),
        );
        print_equation(currency)?;
    }
    let organisation = cast.sandbox.get("/admin/organisation").await?;
    let float = number(&organisation, "/float")?;
    line("M-Pesa", &format!("M-Pesa's own books show {}", shillings(float)?));
    let count = |name: &str| number(&run, &format!("/{name}"));
    let (lines, matched, discrepancies) =
        (count("lines")?, count("matched")?, count("open_discrepancies")?);
    line("statement", &format!("{lines} lines, {matched} matched, {discrepancies} discrepancies"));
    let held = number(&proof, "/currencies/0/held_by_providers_minor")?;
    ensure!(float == held, "M-Pesa has {float} cents, the ledger has {held}");
    ensure!(proof["is_consistent"] == true, "the balances do not match: {proof:#}");
    ensure!(
        (lines, matched, discrepancies) == (STATEMENT_LINES, STATEMENT_LINES, 0),
        "the statement should have both payments: {run:#}"
    );
    Ok(())
}

/// Requests reconciliations until the statement has both payments. A statement ends at a whole second, so a payment
/// of the last second is only on the next one.
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
        owed = owed.checked_add(minor).context("the sum is too large")?;
        println!("     {what:<18} {:>14}", shillings(minor)?);
    }
    println!("     {:<18} {:>14}", "total owed", shillings(owed)?);
    println!("     {:<18} {:>14}  equal to the cent", "held by M-Pesa", shillings(held)?);
    ensure!(
        number(currency, "/sum_minor")? == 0 && held == owed,
        "held and owed differ: {currency:#}"
    );
    Ok(())
}
