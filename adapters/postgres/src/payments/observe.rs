//! Recording evidence: the only place where a provider's word becomes money.

use super::poll::hasten_poll;
use super::{owner, returns, rows};
use crate::deals::{self, By};
use crate::error::Error;
use crate::reconciliation::{close_discrepancy, open_discrepancy};
use crate::schema::{payment_evidence, payments};
use crate::vault::{Column, Vault, key_of_payer};
use crate::{holds, ledger, log, notifications, users};
use amana_domain::deal::{self, Actor, Command, Deal};
use amana_domain::event::PaymentEvent;
use amana_domain::id::PaymentId;
use amana_domain::notice::Template;
use amana_domain::payment::{
    Claim, Doubt, Evidence, Payment, Purpose, Source, Stage, State, Verdict,
};
use amana_domain::reconciliation::DiscrepancyKind;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

/// Limit of the different evidence stored per payment; only an attack exceeds it.
const EVIDENCE_MAX: i64 = 64;

text_enum! {
    /// Why evidence does not fit its payment.
    pub(crate) enum Unfit as "misfit" {
        Amount = "the amount differs from the payment",
        Request = "it refers to another request",
        Receipt = "the receipt belongs to another payment",
    }
}

/// The payment after a piece of evidence, and the reason if the evidence was refused.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) payment: Payment,
    pub(crate) refused: Option<Unfit>,
}

/// Adds evidence and applies the new verdict; repeating it changes nothing. Evidence that does not
/// fit changes nothing and is listed for operators, because anyone can pay a shilling under a
/// payment's reference.
pub(crate) async fn observe(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: PaymentId,
    said: &Evidence,
    now: DateTime<Utc>,
) -> Result<Observed, Error> {
    // From here on only equality of references matters, so their digests are enough.
    let digest = said.reference.as_deref().map(|name| hex::encode(vault.reference(name)));
    let evidence = &Evidence { reference: digest, ..said.clone() };
    let (deal, mut payment) = rows::lock_with_deal(conn, id).await?;
    if let Some((why, kind, detail)) = unfit(conn, &payment, evidence).await? {
        open_discrepancy(conn, kind, &id.to_string(), &detail, now).await?;
        return Ok(Observed { payment, refused: Some(why) });
    }
    let before = payment.verdict();
    if has_room(conn, id, evidence.source).await? && payment.observe(evidence.clone()) {
        rows::insert_evidence(conn, id, evidence, now).await?;
        remember_reference(conn, vault, &payment, said).await?;
        // A callback can overtake the answer to its own request; whatever speaks of it, it was sent.
        if matches!(payment.stage, Stage::Ready) {
            payment.stage = Stage::Sent;
            diesel::update(payments::table.find(id.uuid()))
                .set(payments::sent_at.eq(Some(now)))
                .execute(conn)
                .await?;
        }
        let after = rows::save(conn, &payment, now).await?;
        follow(conn, deal.as_ref(), &payment, (&before, &after), now).await?;
    }
    Ok(Observed { payment, refused: None })
}

async fn unfit(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    evidence: &Evidence,
) -> Result<Option<(Unfit, DiscrepancyKind, String)>, Error> {
    let receipt = match &evidence.claim {
        Claim::Succeeded { receipt, .. } => receipt.as_deref(),
        Claim::Accepted | Claim::Lost | Claim::Failed { .. } | Claim::Unclear { .. } => None,
    };
    let named = receipt.unwrap_or("no receipt");
    match payment.misfit(evidence) {
        Some(Doubt::AmountDiffers) => {
            let detail = format!("expected {}, but the amount differs ({named})", payment.amount);
            return Ok(Some((Unfit::Amount, DiscrepancyKind::AmountDiffers, detail)));
        }
        Some(
            Doubt::ReferenceDiffers
            | Doubt::TwoReceipts
            | Doubt::Contradiction
            | Doubt::UnclearResult,
        ) => {
            let detail = format!("a message to its address refers to another request ({named})");
            return Ok(Some((Unfit::Request, DiscrepancyKind::Review, detail)));
        }
        None => {}
    }
    match receipt {
        Some(receipt) if receipt_is_of_another(conn, payment, receipt).await? => {
            let detail =
                format!("receipt {receipt} was claimed for this payment, but belongs to another");
            Ok(Some((Unfit::Receipt, DiscrepancyKind::Review, detail)))
        }
        Some(_) | None => Ok(None),
    }
}

/// Applies a new verdict.
pub(super) async fn follow(
    conn: &mut AsyncPgConnection,
    deal: Option<&Deal>,
    payment: &Payment,
    (before, after): (&Verdict, &Verdict),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let subject = payment.id.to_string();
    match (before.doubt, after.doubt) {
        (Some(_), None) => close_discrepancy(conn, DiscrepancyKind::Review, &subject, now).await?,
        (before, Some(doubt)) if before != Some(doubt) => {
            open_discrepancy(conn, DiscrepancyKind::Review, &subject, doubt.as_str(), now).await?;
        }
        (Some(_) | None, Some(_)) | (None, None) => {}
    }
    if after.state == before.state {
        return Ok(());
    }
    if after.state.is_final() {
        // The outcome is known now. If the statement still lacks the payment, the next run lists it again.
        close_discrepancy(conn, DiscrepancyKind::MissingOnStatement, &subject, now).await?;
    }
    if after.state == State::Confirming {
        hasten_poll(conn, payment.id, now).await?;
    }
    let changed = PaymentEvent::judged(payment.id, before, after);
    log::append_all(conn, now, [rows::of_payment(Actor::System, payment, changed)]).await?;
    ledger::post(conn, &payment.due_entries()?, now).await?;
    let in_order = holds::apply_to_payment(conn, payment, now).await?
        && returns::apply(conn, payment, now).await?;
    if !in_order {
        let detail = format!("{} was paid out after it had been returned", payment.amount);
        return open_discrepancy(conn, DiscrepancyKind::PaidAfterReturn, &subject, &detail, now)
            .await;
    }
    let funded = match deal {
        Some(deal) => follow_for_deal(conn, deal, payment, after, now).await?,
        None => false,
    };
    // A payer whose payment funds the deal gets the deal's message instead.
    if funded { Ok(()) } else { tell(conn, deal, payment, after, now).await }
}

/// Funds the deal with the received money and returns `true`, if the deal still accepts it.
/// Otherwise the money stays in the wallet.
async fn follow_for_deal(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    payment: &Payment,
    after: &Verdict,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if after.state != State::Succeeded {
        return Ok(false);
    }
    let command = Command::Fund { payer: owner(payment)?, amount: Some(payment.amount) };
    match deal::decide(deal, &command, Actor::System, now) {
        Ok(decision) => {
            deals::apply(conn, deal, &decision, &By::from(Actor::System), now).await?;
            Ok(true)
        }
        Err(_) => {
            let kept = PaymentEvent::KeptInWallet { payment_id: payment.id };
            log::append_all(conn, now, [rows::of_payment(Actor::System, payment, kept)]).await?;
            Ok(false)
        }
    }
}

async fn tell(
    conn: &mut AsyncPgConnection,
    deal: Option<&Deal>,
    payment: &Payment,
    after: &Verdict,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // The provider notifies payers of money in suspense.
    let Some(user) = payment.user else { return Ok(()) };
    let payout = payment.purpose == Purpose::Withdrawal;
    let template = match (after.state, payout) {
        (State::Succeeded, true) => Template::WithdrawalPaid,
        (State::Succeeded, false) => Template::DepositReceived,
        (State::Failed, true) if payment.stage == Stage::Refused => Template::WithdrawalRejected,
        (State::Failed, true) => Template::WithdrawalFailed,
        (State::Failed, false) if deal.is_none() => Template::DepositFailed,
        (State::Failed, false) => Template::PaymentFailed,
        (State::Review, _) => Template::PaymentReview,
        (
            State::Screening
            | State::Held
            | State::Queued
            | State::Submitting
            | State::Pending
            | State::Confirming
            | State::Unknown,
            _,
        ) => {
            return Ok(());
        }
    };
    let user = users::load(conn, user).await?;
    let params = json!({
        "amount": payment.amount.to_string(),
        "deal_title": deal.map_or("", |deal| deal.title.as_str()),
        "receipt": after.receipt.as_deref().unwrap_or(""),
        "reason": after.reason.map_or("", |reason| reason.as_str()),
    });
    notifications::enqueue(conn, &user, template, params, now).await
}

/// Tells whether the receipt belongs to another payment. A second receipt of that payment counts
/// too, although only the first is shown.
async fn receipt_is_of_another(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    receipt: &str,
) -> Result<bool, Error> {
    let other = payments::table
        .filter(payments::provider.eq(payment.provider.as_str()))
        .filter(payments::receipt.eq(receipt))
        .filter(payments::id.ne(payment.id.uuid()));
    let claimed = payment_evidence::table
        .filter(payment_evidence::receipt.eq(receipt))
        .filter(payment_evidence::claim.eq("succeeded"))
        .filter(payment_evidence::payment_id.ne(payment.id.uuid()));
    let is_of_another = exists(other).or(exists(claimed));
    Ok(diesel::select(is_of_another).get_result(conn).await?)
}

/// Tells whether more evidence can be stored; statements and operators are not limited.
async fn has_room(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    source: Source,
) -> Result<bool, Error> {
    match source {
        Source::Statement | Source::Operator => return Ok(true),
        Source::Answer | Source::Query | Source::Callback => {}
    }
    let count: i64 = payment_evidence::table
        .filter(payment_evidence::payment_id.eq(id.uuid()))
        .count()
        .get_result(conn)
        .await?;
    Ok(count < EVIDENCE_MAX)
}

/// Stores the provider's reference from its answer, which polls need. A callback contains it too,
/// if the answer was lost or is late.
async fn remember_reference(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: &Payment,
    evidence: &Evidence,
) -> Result<(), Error> {
    let Some(reference) = evidence.reference.as_deref() else { return Ok(()) };
    if !matches!(evidence.source, Source::Answer | Source::Callback) {
        return Ok(());
    }
    // Payments of erased users are not polled any more.
    let Some(key) = key_of_payer(conn, vault, payment.id).await? else { return Ok(()) };
    let digest = vault.reference(reference);
    let taken: Option<Uuid> = payments::table
        .filter(payments::provider_reference_digest.eq(&digest))
        .select(payments::id)
        .first(conn)
        .await
        .optional()?;
    if taken.is_none() {
        let unnamed = payments::table
            .find(payment.id.uuid())
            .filter(payments::provider_reference_digest.is_null());
        diesel::update(unnamed)
            .set((
                payments::provider_reference_sealed
                    .eq(key.seal(Column::ProviderReference, reference)?),
                payments::provider_reference_digest.eq(digest),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}
