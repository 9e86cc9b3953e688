//! Sending a payment: it is marked as sent before the request leaves, because afterwards may be too late.

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

/// What an adapter needs to send a payment.
#[derive(Debug, Clone)]
pub struct Submission {
    pub payment: PaymentId,
    pub purpose: Purpose,
    pub amount: Money,
    pub msisdn: Msisdn,
    pub reference: String,
    /// The unguessable part of the address to which the provider reports; it is not stored.
    pub callback_token: String,
}

#[derive(Debug, Clone)]
pub enum Begin {
    Send(Submission),
    /// There is nothing to send (any more); the job is finished.
    Done,
}

/// One exchange with a provider, kept as it was.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub operation: String,
    pub request: Value,
    pub status: Option<i32>,
    pub body: String,
}

impl Store {
    /// Takes a payment up for sending.
    ///
    /// A collection that was taken up before, and of which nothing is known since, is not sent again: its
    /// worker may have died after the request left, and a second request would ask the payer twice. It is
    /// unknown until callback or statement tell. One that waited so long that its deal can no longer take
    /// the money, or that nobody expects the prompt any more (`wait_max`), is not sent at all. A payout carries its own
    /// id at the provider, which refuses a repetition, so it is sent again; one that was not sent yet waits while
    /// somebody may be paying out what never came.
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
                    // The first request may have been taken, whatever the repetition is told.
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

    /// Nothing reached the provider: the payment waits for the next attempt and says why. The failed attempt is
    /// kept like any other exchange. Returns until when somebody still expects what was asked for.
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

    /// Takes note of the provider's answer; the job is finished unless it is to be sent again.
    ///
    /// # Errors
    /// [`Error::Store`] only: the answer is kept even if another worker has taken the job over.
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

/// What the attempt to send says without an answer of the provider.
const fn unanswered(claim: Claim) -> Evidence {
    Evidence { source: Source::Answer, claim, reference: None }
}

const fn failed(reason: FailureReason) -> Claim {
    Claim::Failed { reason }
}

/// Payouts wait: see [`DiscrepancyKind::holds_payouts`](amana_domain::reconciliation::DiscrepancyKind::holds_payouts).
pub(crate) const DISCREPANCY_OPEN: &str = "discrepancy_open";

async fn say_why(conn: &mut AsyncPgConnection, id: PaymentId, problem: &str) -> Result<(), Error> {
    let payment = payments::table.find(id.uuid());
    diesel::update(payment).set(payments::problem.eq(Some(problem))).execute(conn).await?;
    Ok(())
}

/// After that moment nobody expects the prompt any more that they asked for.
async fn expected_until(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    wait_max: TimeDelta,
) -> Result<DateTime<Utc>, Error> {
    let asked_at: DateTime<Utc> =
        payments::table.find(id.uuid()).select(payments::created_at).first(conn).await?;
    Ok(asked_at.checked_add_signed(wait_max).unwrap_or(asked_at))
}

/// Whether the payment still has a purpose: the provider may have been away until the deal expired.
fn is_wanted(deal: Option<&Deal>, payment: &Payment, now: DateTime<Utc>) -> bool {
    let Some((deal, payer)) = deal.zip(payment.user) else { return true };
    let command = Command::Fund { payer, amount: Some(payment.amount) };
    deal::decide(deal, &command, Actor::System, now).is_ok()
}

/// What was said is sealed under the key of the person whom it is about. Who is erased has no open payment; what
/// is still said about an old one of theirs nobody keeps.
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
