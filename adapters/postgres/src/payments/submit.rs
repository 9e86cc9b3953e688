//! Sending payments. A payment is marked as sent before the request leaves, because a worker may
//! die before it can do so afterwards.

use super::poll::{is_asked_about, poll_later};
use super::withdrawals::stop_if_frozen;
use super::{lock, lock_with_deal, observe, returns, rows};
use crate::callbacks::{self, TokenKind};
use crate::error::{Error, StoreError};
use crate::jobs::{self, Claim as JobClaim};
use crate::log;
use crate::pool::Store;
use crate::reconciliation::payouts_are_held;
use crate::schema::{exchanges, payments};
use crate::vault::{self, Column, Vault};
use amana_domain::deal::{self, Actor, Command, Deal};
use amana_domain::event::PaymentEvent;
use amana_domain::id::PaymentId;
use amana_domain::money::Money;
use amana_domain::payment::{
    Claim, Evidence, FailureReason, Payment, Purpose, Source, Stage, State,
};
use amana_domain::phone::Msisdn;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;

/// Input of a provider request.
#[derive(Debug, Clone)]
pub struct Submission {
    pub payment: PaymentId,
    pub purpose: Purpose,
    pub amount: Money,
    pub msisdn: Msisdn,
    pub reference: String,
    /// The secret part of the callback address; it is not stored.
    pub callback_token: String,
}

#[derive(Debug, Clone)]
pub enum Begin {
    Send(Submission),
    /// Nothing is left to send; the job is finished.
    Done,
}

/// One exchange with a provider, as stored.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub operation: String,
    pub request: Value,
    pub status: Option<i32>,
    pub body: String,
}

impl Store {
    /// Prepares a payment for sending.
    ///
    /// A collection that was prepared before, without an answer, is not sent again. Its worker may
    /// have died after the request left, and a second request would prompt the payer twice. It is
    /// unknown until callback or statement resolve it.
    ///
    /// A collection fails without being sent if its deal no longer accepts the money, or its payer
    /// no longer expects the prompt (`wait_max`).
    ///
    /// A payout has its own id at the provider, which refuses repetitions, so it is sent again. An
    /// unsent payout waits while an open discrepancy suggests that credited money never arrived.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn begin_submission(
        &self,
        job: &JobClaim,
        id: PaymentId,
        wait_max: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Begin, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (deal, mut payment) = lock_with_deal(conn, id).await?;
            if stop_if_frozen(conn, &mut payment, now).await? {
                jobs::finish(conn, job, now).await?;
                return Ok(Begin::Done);
            }
            let closing = match (payment.stage, payment.state()) {
                (Stage::Ready, State::Queued) if payment.purpose.is_payout() => {
                    if payouts_are_held(conn).await? {
                        say_why(conn, id, DISCREPANCY_OPEN).await?;
                        jobs::finish(conn, job, now).await?;
                        return Ok(Begin::Done);
                    }
                    returns::stopped(conn, vault, &payment).await?
                }
                (Stage::Ready, State::Queued) if !is_wanted(deal.as_ref(), &payment, now) => {
                    Some(failed(FailureReason::NeverHappened))
                }
                (Stage::Ready, State::Queued) => {
                    let is_late = expected_until(conn, id, wait_max).await? <= now;
                    is_late.then(|| failed(FailureReason::NotReached))
                }
                (Stage::Sent, State::Unknown) if payment.purpose.is_payout() => None,
                (Stage::Sent, State::Submitting) if payment.purpose.is_payout() => {
                    // The provider may have accepted the first request, whatever it answers to the
                    // repetition.
                    payment =
                        observe(conn, vault, id, &unanswered(Claim::Lost), now).await?.payment;
                    None
                }
                (Stage::Sent, State::Submitting) => Some(Claim::Lost),
                _ => {
                    jobs::finish(conn, job, now).await?;
                    return Ok(Begin::Done);
                }
            };
            if let Some(claim) = closing {
                observe(conn, vault, id, &unanswered(claim), now).await?;
                jobs::finish(conn, job, now).await?;
                return Ok(Begin::Done);
            }
            let before = payment.state();
            payment.stage = Stage::Sent;
            diesel::update(payments::table.find(id.uuid()))
                .set(payments::sent_at.eq(Some(now)))
                .execute(conn)
                .await?;
            let after = rows::save(conn, &payment, now).await?.state;
            let sent = PaymentEvent::Sent { from: before, to: after };
            log::append(conn, now, Actor::System, id, sent).await?;
            submission(conn, vault, &payment, now).await.map(Begin::Send)
        })
        .await
    }

    /// Records an attempt that did not reach the provider, with the reason. Its exchange is stored
    /// like any other. Returns the time until which the payer expects the prompt.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn withdraw_submission(
        &self,
        id: PaymentId,
        (problem, exchange): (&str, &Exchange),
        wait_max: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<DateTime<Utc>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            keep_exchange(conn, vault, id, exchange, now).await?;
            let mut payment = lock(conn, id).await?;
            if payment.stage == Stage::Sent && payment.evidence().next().is_none() {
                let before = payment.state();
                payment.stage = Stage::Ready;
                let after = rows::save(conn, &payment, now).await?.state;
                let not_sent = PaymentEvent::NotSent { from: before, to: after };
                log::append(conn, now, Actor::System, id, not_sent).await?;
            }
            say_why(conn, id, problem).await?;
            expected_until(conn, id, wait_max).await
        })
        .await
    }

    /// Records the provider's answer, and completes the job unless the payment is to be sent again.
    ///
    /// # Errors
    /// [`Error::Store`] only: the answer is stored even if another worker has taken the job over.
    pub async fn record_submission(
        &self,
        job: &JobClaim,
        id: PaymentId,
        evidence: Option<&Evidence>,
        exchange: &Exchange,
        now: DateTime<Utc>,
    ) -> Result<State, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            keep_exchange(conn, vault, id, exchange, now).await?;
            let payment = match evidence {
                Some(evidence) => observe(conn, vault, id, evidence, now).await?.payment,
                None => lock(conn, id).await?,
            };
            let state = payment.state();
            let resend = payment.purpose.is_payout() && state == State::Unknown;
            if !resend {
                jobs::finish_if_held(conn, job, now).await?;
            }
            if is_asked_about(&payment) {
                poll_later(conn, &payment, 0, now).await?;
            }
            Ok(state)
        })
        .await
    }
}

/// Builds evidence of an attempt without an answer from the provider.
const fn unanswered(claim: Claim) -> Evidence {
    Evidence { source: Source::Answer, claim, reference: None }
}

const fn failed(reason: FailureReason) -> Claim {
    Claim::Failed { reason }
}

/// Problem of a payout that waits for an open discrepancy; see
/// [`DiscrepancyKind::holds_payouts`](amana_domain::reconciliation::DiscrepancyKind::holds_payouts).
pub(crate) const DISCREPANCY_OPEN: &str = "discrepancy_open";

async fn say_why(conn: &mut AsyncPgConnection, id: PaymentId, problem: &str) -> Result<(), Error> {
    let payment = payments::table.find(id.uuid());
    diesel::update(payment).set(payments::problem.eq(Some(problem))).execute(conn).await?;
    Ok(())
}

/// Returns the time until which the payer expects the prompt.
async fn expected_until(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    wait_max: TimeDelta,
) -> Result<DateTime<Utc>, Error> {
    let asked_at: DateTime<Utc> =
        payments::table.find(id.uuid()).select(payments::created_at).first(conn).await?;
    Ok(asked_at.checked_add_signed(wait_max).unwrap_or(asked_at))
}

/// Tells whether the deal still accepts the payment; it may have expired during a provider outage.
fn is_wanted(deal: Option<&Deal>, payment: &Payment, now: DateTime<Utc>) -> bool {
    let Some((deal, payer)) = deal.zip(payment.user) else { return true };
    let command = Command::Fund { payer, amount: Some(payment.amount) };
    deal::decide(deal, &command, Actor::System, now).is_ok()
}

/// Stores an exchange, sealed under the key of the payment's user. Exchanges about erased users are
/// dropped; such users have no open payment.
pub(super) async fn keep_exchange(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    id: PaymentId,
    exchange: &Exchange,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(key) = vault::key_of_payer(conn, vault, id).await? else { return Ok(()) };
    let request = key.seal(Column::ExchangeRequest, &exchange.request.to_string())?;
    diesel::insert_into(exchanges::table)
        .values((
            exchanges::payment_id.eq(id.uuid()),
            exchanges::operation.eq(&exchange.operation),
            exchanges::request_sealed.eq(request),
            exchanges::status.eq(exchange.status),
            exchanges::body_sealed.eq(key.seal(Column::ExchangeBody, &exchange.body)?),
            exchanges::at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn submission(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<Submission, Error> {
    let view = rows::view(conn, vault, payment.id).await?;
    let kind = if payment.purpose.is_payout() { TokenKind::Payout } else { TokenKind::Collection };
    let callback_token = callbacks::give(conn, (kind, Some(payment.id)), now).await?;
    Ok(Submission {
        payment: payment.id,
        purpose: payment.purpose,
        amount: view.amount,
        msisdn: view.msisdn.ok_or(StoreError::Sealed)?,
        reference: view.reference,
        callback_token,
    })
}
