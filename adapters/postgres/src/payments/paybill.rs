//! Paybill payments, deduplicated by receipt, and assigned to a payment or a deal.

use super::{observe, rows, unconfirmed};
use crate::callbacks::{self, CallbackOutcome, StoredCallback};
use crate::deals;
use crate::error::Error;
use crate::jobs::{self, Claim};
use crate::pool::Store;
use crate::schema::{
    deal_references, deals as deal_rows, paybill, payment_evidence, payments, suspense_items,
};
use crate::users;
use crate::vault::Vault;
use amana_domain::deal::DealState;
use amana_domain::id::{DealId, PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::payment::{
    Confirmation, NewPayment, Payment, Purpose, Source, Stage, State, bill_reference,
};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

const PROVIDER: Provider = Provider::Mpesa;

impl Store {
    /// Applies a paybill confirmation that an adapter has parsed (`Err`: the parse error). Money
    /// that fits no payment and no deal is booked when the statement shows it.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn apply_confirmation(
        &self,
        job: &Claim,
        callback: &StoredCallback,
        read: Result<Confirmation, String>,
        now: DateTime<Utc>,
    ) -> Result<CallbackOutcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (outcome, payment, note) = match read {
                Err(why) => (CallbackOutcome::Unreadable, None, Some(why)),
                Ok(said) => match take_confirmed(conn, vault, &said, now).await? {
                    Some(payment) => (CallbackOutcome::Applied, Some(payment), None),
                    None => (CallbackOutcome::Unmatched, None, None),
                },
            };
            callbacks::conclude(conn, vault, callback.id, (outcome, payment, note)).await?;
            jobs::finish(conn, job, now).await?;
            Ok(outcome)
        })
        .await
    }

    /// Tells whether a payment under this reference has a purpose.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn is_payable(&self, typed: &str, now: DateTime<Utc>) -> Result<bool, Error> {
        let (reference, mut conn) = (bill_reference(typed), self.connection().await?);
        let of_deal = deal_references::table
            .inner_join(deal_rows::table)
            .filter(deal_references::reference.eq(&reference))
            .filter(deal_rows::state.eq(DealState::Agreed.as_str()))
            .filter(deal_rows::due_at.ge(now));
        if diesel::select(diesel::dsl::exists(of_deal)).get_result(&mut conn).await? {
            return Ok(true);
        }
        // Prompted payments are validated in the same way.
        let asked = payments::table
            .filter(payments::reference.eq(&reference))
            .filter(payments::state.ne_all([State::Succeeded.as_str(), State::Failed.as_str()]));
        Ok(diesel::select(diesel::dsl::exists(asked)).get_result(&mut conn).await?)
    }

    /// Stores the paybill whose confirmations arrive here, so that deals show it as a way to pay.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn note_paybill(&self, shortcode: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let row = (paybill::shortcode.eq(shortcode), paybill::registered_at.eq(now));
        diesel::insert_into(paybill::table)
            .values((paybill::id.eq(1), row))
            .on_conflict(paybill::id)
            .do_update()
            .set(row)
            .execute(&mut conn)
            .await?;
        Ok(())
    }
}

/// Adds a confirmation to its payment, which may be a prompted one, or creates a payment if it is
/// for a deal. Returns `None` if it fits neither.
async fn take_confirmed(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    said: &Confirmation,
    now: DateTime<Utc>,
) -> Result<Option<PaymentId>, Error> {
    let known = match with_receipt(conn, &said.receipt).await? {
        None => claimed_with(conn, &said.receipt).await?,
        known => known,
    };
    let asked = match known {
        Some(known) => Some(known),
        None => {
            let asked = asked_under(conn, said).await?;
            asked.filter(|asked| asked.amount_minor == said.amount.minor()).map(|asked| asked.id())
        }
    };
    match asked {
        Some(known) => {
            let evidence = said.evidence(Source::Callback);
            let observed = observe::observe(conn, vault, known, &evidence, now).await?;
            Ok(observed.refused.is_none().then_some(known))
        }
        None => of_its_own(conn, vault, said, Source::Callback, now).await,
    }
}

/// Creates a payment from a statement line that fits no request, if it is for a deal. Returns
/// `None` otherwise.
pub(crate) async fn take_unasked(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    said: &Confirmation,
    now: DateTime<Utc>,
) -> Result<Option<PaymentId>, Error> {
    of_its_own(conn, vault, said, Source::Statement, now).await
}

/// Creates an unsolicited payment. Another amount under a request's reference does not complete the
/// request, but still belongs to the request's user.
async fn of_its_own(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    said: &Confirmation,
    source: Source,
    now: DateTime<Utc>,
) -> Result<Option<PaymentId>, Error> {
    match asked_under(conn, said).await? {
        Some(Asked { deal_id: Some(deal), user_id, .. }) if !said.amount.is_zero() => {
            if in_suspense(conn, &said.receipt).await? {
                return Ok(None);
            }
            let place = (DealId::new(deal), user_id.map(UserId::new));
            arrive(conn, vault, (place, said), source, now).await
        }
        Some(_) => Ok(None),
        None => for_deal(conn, vault, said, source, now).await,
    }
}

async fn for_deal(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    said: &Confirmation,
    source: Source,
    now: DateTime<Utc>,
) -> Result<Option<PaymentId>, Error> {
    let Some(bill) = said.bill().filter(|_| !said.amount.is_zero()) else { return Ok(None) };
    match deals::deal_of(conn, &bill).await? {
        Some(deal) if !in_suspense(conn, &said.receipt).await? => {
            arrive(conn, vault, ((deal, None), said), source, now).await
        }
        Some(_) | None => Ok(None),
    }
}

async fn with_receipt(
    conn: &mut AsyncPgConnection,
    receipt: &str,
) -> Result<Option<PaymentId>, Error> {
    let found: Option<Uuid> = payments::table
        .filter(payments::provider.eq(PROVIDER.as_str()))
        .filter(payments::receipt.eq(receipt))
        .select(payments::id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(PaymentId::new))
}

/// Finds a payment for which this receipt was claimed beside its own.
async fn claimed_with(
    conn: &mut AsyncPgConnection,
    receipt: &str,
) -> Result<Option<PaymentId>, Error> {
    let found: Option<Uuid> = payment_evidence::table
        .filter(payment_evidence::receipt.eq(receipt))
        .filter(payment_evidence::claim.eq("succeeded"))
        .select(payment_evidence::payment_id)
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(PaymentId::new))
}

/// A request without a receipt.
#[derive(HasQuery)]
#[diesel(table_name = payments)]
struct Asked {
    id: Uuid,
    user_id: Option<Uuid>,
    deal_id: Option<Uuid>,
    amount_minor: i64,
}

impl Asked {
    const fn id(&self) -> PaymentId {
        PaymentId::new(self.id)
    }
}

async fn asked_under(
    conn: &mut AsyncPgConnection,
    said: &Confirmation,
) -> Result<Option<Asked>, Error> {
    let Some(bill) = said.bill() else { return Ok(None) };
    let found = Asked::query()
        .filter(payments::reference.eq(bill))
        .filter(
            payments::purpose
                .ne_all([Purpose::Withdrawal.as_str(), Purpose::ReturnSuspense.as_str()]),
        )
        .filter(payments::receipt.is_null());
    Ok(found.first(conn).await.optional()?)
}

/// Tells whether the money is in suspense, where operators look for its owner.
async fn in_suspense(conn: &mut AsyncPgConnection, receipt: &str) -> Result<bool, Error> {
    let booked = suspense_items::table.find((PROVIDER.as_str(), receipt));
    Ok(diesel::select(diesel::dsl::exists(booked)).get_result(conn).await?)
}

/// Creates a payment of the given payer or the deal's buyer: it credits the user, and funds as much
/// of the deal as it can. Returns `None` if the account is closed, because operators then have to
/// find the owner.
async fn arrive(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    ((id, payer), said): ((DealId, Option<UserId>), &Confirmation),
    source: Source,
    now: DateTime<Utc>,
) -> Result<Option<PaymentId>, Error> {
    let deal = deals::lock(conn, id).await?;
    let evidence = said.evidence(source);
    // The same payment may have been recorded while this transaction waited for the deal.
    if let Some(known) = with_receipt(conn, &said.receipt).await? {
        observe::observe(conn, vault, known, &evidence, now).await?;
        return Ok(Some(known));
    }
    let user = payer.or(deal.buyer).ok_or_else(|| Error::row("a payable deal has no buyer"))?;
    if !users::is_open(conn, user).await? {
        return Ok(None);
    }
    let new = NewPayment {
        id: PaymentId::new(Uuid::now_v7()),
        provider: PROVIDER,
        user: Some(user),
        purpose: Purpose::FundDeal,
        deal: Some(id),
        amount: said.amount,
    };
    let mut payment = Payment::restore(new, Stage::Sent, []);
    payment.must_confirm =
        source == Source::Callback && unconfirmed::is_over_budget(conn, &payment, now).await?;
    let before = payment.verdict();
    payment.observe(evidence.clone());
    super::create::insert(conn, &payment, None, now).await?;
    rows::insert_evidence(conn, payment.id, &evidence, now).await?;
    let after = payment.verdict();
    observe::follow(conn, Some(&deal), &payment, (&before, &after), now).await?;
    Ok(Some(payment.id))
}
