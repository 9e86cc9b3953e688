//! The effect of one statement line. Each effect has a key, so a repeated line has it once.

use super::{close_discrepancy, open_discrepancy, payer};
use crate::error::Error;
use crate::ledger;
use crate::payments::{observe, take_unasked};
use crate::schema::{entries, payments, suspense_items};
use crate::vault::Vault;
use amana_domain::id::{EntryId, PaymentId};
use amana_domain::ledger::{Account, Entry, EntryKind, Provider};
use amana_domain::money::Money;
use amana_domain::payment::{Confirmation, Evidence, Purpose};
use amana_domain::reconciliation::{DiscrepancyKind, Flow, StatementLine};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

const PROVIDER: Provider = Provider::Mpesa;

/// Result of a line that belongs to no request.
pub(super) enum Taken {
    /// The line became a new payment.
    Payment,
    Suspense,
    /// An earlier run processed the line.
    Known,
}

/// Adds the statement's evidence to a settled payment, unless stronger evidence than a callback
/// exists.
pub(super) async fn confirm(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    said: (PaymentId, &Evidence),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let payment = payments::table.find(said.0.uuid()).select(payments::confirmed);
    if payment.first::<bool>(conn).await? {
        return Ok(());
    }
    heal(conn, vault, said, now).await.map(drop)
}

/// Adds the statement's evidence to a payment. Returns `true` if that changed its state.
pub(super) async fn heal(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (payment, evidence): (PaymentId, &Evidence),
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let before: String =
        payments::table.find(payment.uuid()).select(payments::state).first(conn).await?;
    let after = observe(conn, vault, payment, evidence, now).await?.payment.state();
    let changed = before != after.as_str();
    if changed {
        close_discrepancy(conn, DiscrepancyKind::MissingOnStatement, &payment.to_string(), now)
            .await?;
    }
    Ok(changed)
}

/// Closes the discrepancies that a matched payment disproves, and reverses its entry in suspense.
pub(super) async fn disprove(
    conn: &mut AsyncPgConnection,
    payment: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let subject = payment.to_string();
    let settled: Option<Option<String>> = payments::table
        .find(payment.uuid())
        .filter(payments::state.eq("succeeded"))
        .select(payments::receipt)
        .first(conn)
        .await
        .optional()?;
    let Some(receipt) = settled.flatten() else { return Ok(()) };
    close_discrepancy(conn, DiscrepancyKind::MissingOnStatement, &subject, now).await?;
    close_discrepancy(conn, DiscrepancyKind::AmountDiffers, &subject, now).await?;
    close_discrepancy(conn, DiscrepancyKind::UnknownPayout, &receipt, now).await?;
    reverse_suspense(conn, (payment, &receipt), now).await
}

/// Reverses the suspense entry of money that has turned out to belong to a payment, because it
/// arrived only once.
async fn reverse_suspense(
    conn: &mut AsyncPgConnection,
    (payment, receipt): (PaymentId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let gone =
        suspense_items::closed_at.is_not_null().or(suspense_items::return_payment_id.is_not_null());
    let booked: Option<(i64, String, bool)> = suspense_items::table
        .find((PROVIDER.as_str(), receipt))
        .filter(suspense_items::reversed_at.is_null())
        .select((suspense_items::amount_minor, suspense_items::currency, gone))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((minor, currency, is_gone)) = booked else { return Ok(()) };
    if is_gone {
        let detail = format!("receipt {receipt} was in suspense as well, and has left it");
        return open_discrepancy(conn, DiscrepancyKind::Review, &payment.to_string(), &detail, now)
            .await;
    }
    diesel::update(suspense_items::table.find((PROVIDER.as_str(), receipt)))
        .set(suspense_items::reversed_at.eq(Some(now)))
        .execute(conn)
        .await?;
    let amount = crate::row::money(minor, crate::row::parse(&currency)?)?;
    let (from, to) = (Account::suspense(amount.currency()), clearing(amount));
    let key = key(receipt, "suspense_reversed");
    let mut entry = Entry::transfer(EntryKind::Reversal, key, amount, from, to)?;
    let wrong: Uuid = entries::table
        .filter(entries::key.eq(suspense_key(receipt)))
        .select(entries::id)
        .first(conn)
        .await?;
    entry.corrects = Some(EntryId::new(wrong));
    ledger::post(conn, &[entry], now).await?;
    close_discrepancy(conn, DiscrepancyKind::Unclaimed, receipt, now).await
}

/// Processes money that belongs to no request: it is a known payment, becomes a payment for a deal,
/// or is put into suspense.
pub(super) async fn take(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    line: &StatementLine,
    now: DateTime<Utc>,
) -> Result<Taken, Error> {
    if let Some(known) = with_receipt(conn, &line.receipt).await? {
        return again(conn, line, known, now).await;
    }
    let said = Confirmation {
        receipt: line.receipt.clone(),
        amount: line.amount,
        reference: line.reference.clone(),
    };
    match take_unasked(conn, vault, &said, now).await? {
        Some(_) => Ok(Taken::Payment),
        None => to_suspense(conn, vault, line, now).await,
    }
}

type Known = (Uuid, String, i64);

/// Finds a payment by receipt, also if it is too old for the matching.
async fn with_receipt(conn: &mut AsyncPgConnection, receipt: &str) -> Result<Option<Known>, Error> {
    let found = payments::table
        .filter(payments::provider.eq(PROVIDER.as_str()))
        .filter(payments::receipt.eq(receipt))
        .select((payments::id, payments::purpose, payments::amount_minor));
    Ok(found.first(conn).await.optional()?)
}

/// Handles a line with the receipt of a known payment, which is never put into suspense.
async fn again(
    conn: &mut AsyncPgConnection,
    line: &StatementLine,
    (payment, purpose, minor): Known,
    now: DateTime<Utc>,
) -> Result<Taken, Error> {
    let purpose: Purpose = crate::row::parse(&purpose)?;
    if purpose.is_payout() != (line.flow == Flow::Out) || minor != line.amount.minor() {
        let detail = format!("the statement has {} under its receipt", line.amount);
        let subject = PaymentId::new(payment).to_string();
        open_discrepancy(conn, DiscrepancyKind::Review, &subject, &detail, now).await?;
    }
    Ok(Taken::Known)
}

/// Books unclaimed money into suspense, once per receipt.
async fn to_suspense(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    line: &StatementLine,
    now: DateTime<Utc>,
) -> Result<Taken, Error> {
    let added = diesel::insert_into(suspense_items::table)
        .values((
            suspense_items::provider.eq(PROVIDER.as_str()),
            suspense_items::receipt.eq(&line.receipt),
            suspense_items::amount_minor.eq(line.amount.minor()),
            suspense_items::currency.eq(line.amount.currency().as_str()),
            suspense_items::reference.eq(line.reference.as_deref()),
            suspense_items::paid_at.eq(line.at),
            suspense_items::found_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    payer::keep(conn, vault, (PROVIDER, line), now).await?;
    if added == 0 {
        return Ok(Taken::Known);
    }
    let (from, to) = (clearing(line.amount), Account::suspense(line.amount.currency()));
    let key = suspense_key(&line.receipt);
    let entry = Entry::transfer(EntryKind::SuspenseIn, key, line.amount, from, to)?;
    ledger::post(conn, &[entry], now).await?;
    let detail = format!("{} arrived at {} and fits no payment", line.amount, line.at);
    open_discrepancy(conn, DiscrepancyKind::Unclaimed, &line.receipt, &detail, now).await?;
    Ok(Taken::Suspense)
}

/// Books the provider's charge as a cost, so it is not listed as an unknown payout.
pub(super) async fn charge(
    conn: &mut AsyncPgConnection,
    line: &StatementLine,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (from, to) = (Account::provider_costs(line.amount.currency()), clearing(line.amount));
    let key = key(&line.receipt, "charge");
    let entry = Entry::transfer(EntryKind::ProviderCharge, key, line.amount, from, to)?;
    ledger::post(conn, &[entry], now).await?;
    close_discrepancy(conn, DiscrepancyKind::UnknownPayout, &line.receipt, now).await
}

/// Books a transfer to our bank, which still belongs to us. Lists it for operators once.
pub(super) async fn settle(
    conn: &mut AsyncPgConnection,
    line: &StatementLine,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let key = key(&line.receipt, "settlement");
    let (from, to) = (Account::bank(line.amount.currency()), clearing(line.amount));
    let entry = Entry::transfer(EntryKind::Settlement, key, line.amount, from, to)?;
    if ledger::post(conn, &[entry], now).await? == 0 {
        return Ok(());
    }
    close_discrepancy(conn, DiscrepancyKind::UnknownPayout, &line.receipt, now).await?;
    let detail = format!("{} was transferred to the bank at {}", line.amount, line.at);
    open_discrepancy(conn, DiscrepancyKind::Settlement, &line.receipt, &detail, now).await
}

const fn clearing(amount: Money) -> Account {
    Account::clearing(PROVIDER, amount.currency())
}

fn key(receipt: &str, what: &str) -> String {
    format!("{PROVIDER}:{receipt}:{what}")
}

fn suspense_key(receipt: &str) -> String {
    key(receipt, "suspense_in")
}
