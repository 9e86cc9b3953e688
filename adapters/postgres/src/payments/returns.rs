//! Returning money in suspense to the number that paid it, by a payout without a user. The money
//! stays in suspense until the provider has paid. Meanwhile the item names the payout, so the money
//! cannot be assigned.

use super::create::{carried, reference};
use super::rows;
use crate::error::Error;
use crate::job::Job;
use crate::jobs;
use crate::log;
use crate::reconciliation::{
    close_discrepancy, leave_suspense, payer_account, payer_of, suspense_item,
};
use crate::row::parse;
use crate::schema::{approvals, payments, suspense_items};
use crate::users::{self, Standing};
use crate::vault::{Column, Vault, key_of_stranger};
use amana_domain::approval::{ApprovalKind, ApprovalRefusal};
use amana_domain::event::{self, PaymentEvent};
use amana_domain::id::{ApprovalId, PaymentId, UserId};
use amana_domain::ledger::{Account, Provider};
use amana_domain::money::Money;
use amana_domain::payee::Payee;
use amana_domain::payment::{
    Claim, FailureReason, Limits, NewPayment, Payment, Purpose, Stage, State,
};
use amana_domain::phone::Msisdn;
use amana_domain::reconciliation::DiscrepancyKind;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

type Place<'a> = (Provider, &'a str);

/// Amount and recipient of a return.
struct Return {
    amount: Money,
    payer: Uuid,
    number: Msisdn,
}

/// Checks whether money in suspense can be returned.
///
/// # Errors
/// [`Error::NotFound`]; [`ApprovalRefusal`] if the money is not free, or its payer is unknown or
/// frozen; or the limits of the provider.
pub(crate) async fn check_return(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    place: Place<'_>,
) -> Result<(), Error> {
    returnable(conn, vault, place).await.map(drop)
}

async fn returnable(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    place: Place<'_>,
) -> Result<Return, Error> {
    let item = suspense_item(conn, place.0, place.1).await?;
    item.require_free()?;
    let payer = payer_of(conn, vault, place).await?;
    let known = payer.and_then(|(payer, told)| Some((payer, told.number()?)));
    let (payer, number) = known.ok_or(ApprovalRefusal::PayerPhoneUnknown)?;
    carried(item.amount, Limits::allows_payout)?;
    let owner = payer_account(conn, vault, place).await?;
    if is_frozen(conn, owner).await? {
        return Err(ApprovalRefusal::PayerFrozen.into());
    }
    Ok(Return { amount: item.amount, payer, number })
}

async fn is_frozen(conn: &mut AsyncPgConnection, user: Option<UserId>) -> Result<bool, Error> {
    match user {
        Some(user) => Ok(users::standing(conn, user).await? == Standing::Frozen),
        None => Ok(false),
    }
}

/// Starts the payout that two operators approved.
///
/// # Errors
/// As [`check_return`].
pub(crate) async fn start_return(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (approval, by): (ApprovalId, UserId),
    place: Place<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let back = returnable(conn, vault, place).await?;
    let payment = Payment::new(NewPayment {
        id: PaymentId::new(Uuid::now_v7()),
        provider: place.0,
        user: None,
        purpose: Purpose::ReturnSuspense,
        deal: None,
        amount: back.amount,
    });
    insert(conn, vault, (&payment, &back), now).await?;
    let id = Some(payment.id.uuid());
    let free = suspense_items::table
        .find((place.0.as_str(), place.1))
        .filter(suspense_items::closed_at.is_null())
        .filter(suspense_items::reversed_at.is_null())
        .filter(suspense_items::return_payment_id.is_null());
    let claimed =
        diesel::update(free).set(suspense_items::return_payment_id.eq(id)).execute(conn).await?;
    if claimed == 0 {
        return Err(ApprovalRefusal::Moved.into());
    }
    diesel::update(approvals::table.find(approval.uuid()))
        .set(approvals::payment_id.eq(id))
        .execute(conn)
        .await?;
    let requested = PaymentEvent::Requested {
        payment_id: payment.id,
        purpose: payment.purpose,
        amount_minor: payment.amount.minor(),
        to: payment.state(),
        receipt: Some(place.1.to_owned()),
        approval: Some(approval),
    };
    log::append(conn, now, event::Actor::Operator(by), payment.id, requested).await?;
    jobs::enqueue(conn, &Job::SubmitPayout { payment: payment.id.uuid() }, now, now).await?;
    Ok(())
}

async fn insert(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (payment, back): (&Payment, &Return),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let key = key_of_stranger(conn, vault, back.payer).await?;
    let key = key.ok_or(ApprovalRefusal::PayerPhoneUnknown)?;
    diesel::insert_into(payments::table)
        .values((
            payments::id.eq(payment.id.uuid()),
            payments::provider.eq(payment.provider.as_str()),
            payments::payer_id.eq(Some(back.payer)),
            payments::purpose.eq(payment.purpose.as_str()),
            payments::amount_minor.eq(payment.amount.minor()),
            payments::currency.eq(payment.amount.currency().as_str()),
            payments::msisdn_sealed
                .eq(Some(key.seal(Column::PaymentNumber, back.number.as_str())?)),
            payments::stage.eq(payment.stage.as_str()),
            payments::state.eq(payment.state().as_str()),
            payments::reference.eq(reference()),
            payments::created_at.eq(now),
            payments::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the claim that stops a return: its number belongs to an account that was frozen
/// meanwhile.
pub(super) async fn stopped(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: &Payment,
) -> Result<Option<Claim>, Error> {
    if payment.purpose != Purpose::ReturnSuspense || payment.stage != Stage::Ready {
        return Ok(None);
    }
    let Some(number) = rows::view(conn, vault, payment.id).await?.msisdn else { return Ok(None) };
    let owner = users::find_payee(conn, vault, &Payee::Phone(number)).await?;
    let is_frozen = is_frozen(conn, owner).await?;
    Ok(is_frozen.then_some(Claim::Failed { reason: FailureReason::NeverHappened }))
}

/// Applies the verdict about a return: if paid, the money leaves suspense; if failed, it is free
/// again. Returns `false` if it was paid although the money had been assigned already.
pub(super) async fn apply(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    if payment.purpose != Purpose::ReturnSuspense {
        return Ok(true);
    }
    match payment.state() {
        State::Succeeded => paid(conn, payment, now).await,
        State::Failed => free(conn, payment).await.map(|()| true),
        State::Screening
        | State::Held
        | State::Queued
        | State::Submitting
        | State::Pending
        | State::Confirming
        | State::Unknown
        | State::Review => Ok(true),
    }
}

async fn free(conn: &mut AsyncPgConnection, payment: &Payment) -> Result<(), Error> {
    let of_payment = suspense_items::table
        .filter(suspense_items::return_payment_id.eq(payment.id.uuid()))
        .filter(suspense_items::closed_at.is_null());
    diesel::update(of_payment)
        .set(suspense_items::return_payment_id.eq(None::<Uuid>))
        .execute(conn)
        .await?;
    Ok(())
}

/// Closes the item, also for a payout that was reported as failed before, so that the money cannot
/// be assigned.
async fn paid(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let (approval, provider, receipt) = request(conn, payment.id).await?;
    let place = (provider, receipt.as_str());
    let free: bool = suspense_items::table
        .find((provider.as_str(), &receipt))
        .select(suspense_items::closed_at.is_null().and(suspense_items::reversed_at.is_null()))
        .for_update()
        .first(conn)
        .await?;
    let to = Account::clearing(provider, payment.amount.currency());
    if !free || !leave_suspense(conn, place, (payment.amount, to), now).await? {
        return Ok(false);
    }
    diesel::update(suspense_items::table.find((provider.as_str(), &receipt)))
        .set((
            suspense_items::closed_at.eq(Some(now)),
            suspense_items::closed_by.eq(Some(approval)),
            suspense_items::return_payment_id.eq(Some(payment.id.uuid())),
        ))
        .execute(conn)
        .await?;
    close_discrepancy(conn, DiscrepancyKind::Unclaimed, &receipt, now).await?;
    Ok(true)
}

/// Returns the approval that started a payout, and the item in suspense.
async fn request(
    conn: &mut AsyncPgConnection,
    payment: PaymentId,
) -> Result<(Uuid, Provider, String), Error> {
    let found: (Uuid, Option<String>, Option<String>) = approvals::table
        .filter(approvals::payment_id.eq(payment.uuid()))
        .filter(approvals::kind.eq(ApprovalKind::ReturnSuspense.as_str()))
        .select((approvals::id, approvals::provider, approvals::receipt))
        .first(conn)
        .await?;
    let (id, provider, receipt) = found;
    let (provider, receipt) =
        provider.zip(receipt).ok_or_else(|| Error::row("a return has no receipt"))?;
    Ok((id, parse(&provider)?, receipt))
}
