//! Payments: creating, sending, recording evidence, and reading.

mod create;
mod exchanges;
mod observe;
mod paybill;
mod poll;
mod prompts;
mod quote;
mod resolving;
mod returns;
mod rows;
mod submit;
mod unconfirmed;
mod withdrawals;

pub(crate) use create::reference;
pub use create::{Funding, FundingMethod, FundingRequest};
pub use exchanges::{ExchangeRecord, Exchanges};
pub(crate) use observe::observe;
pub(crate) use paybill::take_unasked;
pub use poll::Poll;
pub(crate) use resolving::{check_resolution, resolve};
pub(crate) use returns::{check_return, start_return};
pub use rows::EvidenceView;
pub(crate) use rows::{lock, lock_with_deal, said_about, view as load_view};
pub(crate) use submit::DISCREPANCY_OPEN;
pub use submit::{Begin, Exchange, Submission};
pub use withdrawals::WithdrawalDecision;
pub(crate) use withdrawals::{decide as decide_held, expire, lock_held};

use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::payments;
use crate::vault::Vault;
use amana_domain::id::{DealId, PaymentId, UserId};
use amana_domain::money::Money;
use amana_domain::payment::{Doubt, FailureReason, Payment, Purpose, State};
use amana_domain::phone::Msisdn;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A payment as its owner sees it; operators see it masked.
#[derive(Debug, Clone)]
pub struct PaymentView {
    pub id: PaymentId,
    /// `None` for returns of money in suspense.
    pub user: Option<UserId>,
    pub user_name: String,
    pub purpose: Purpose,
    pub deal: Option<DealId>,
    pub amount: Money,
    /// `None` after the owner's erasure, and for paybill payments, which need no prompt.
    pub msisdn: Option<Msisdn>,
    pub state: State,
    pub reason: Option<FailureReason>,
    pub doubt: Option<Doubt>,
    pub receipt: Option<String>,
    pub reference: String,
    /// The reason why the payment is waiting.
    pub problem: Option<String>,
    pub risk_score: Option<i64>,
    pub risk_reasons: Vec<String>,
    pub decision_note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Store {
    /// # Errors
    /// [`Error::NotFound`], also for payments of others.
    pub async fn payment(&self, user: UserId, id: PaymentId) -> Result<PaymentView, Error> {
        let mut conn = self.connection().await?;
        let found = rows::view(&mut conn, self.vault()?, id).await?;
        if found.user == Some(user) { Ok(found) } else { Err(Error::NotFound("payment")) }
    }

    /// Lists a user's payments, newest first; `purpose` restricts the list.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn payments(
        &self,
        user: UserId,
        purpose: Option<Purpose>,
        after: Option<PaymentId>,
        limit: i64,
    ) -> Result<Page<PaymentView>, Error> {
        let mut query = rows::ViewRow::query()
            .filter(payments::user_id.eq(user.uuid()))
            .order(payments::id.desc())
            .limit(Page::<PaymentView>::fetch(limit))
            .into_boxed();
        if let Some(purpose) = purpose {
            query = query.filter(payments::purpose.eq(purpose.as_str()));
        }
        if let Some(after) = after {
            query = query.filter(payments::id.lt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        let vault = self.vault()?;
        let rows = query.load(&mut conn).await?;
        Page::cut(rows, limit).try_map(|row: rows::ViewRow| row.view(vault))
    }

    /// Lists payments in one state for operators, oldest first. Omits the reader's own, which
    /// others have to decide.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn payments_in_state(
        &self,
        actor: UserId,
        state: State,
        after: Option<PaymentId>,
        limit: i64,
    ) -> Result<Page<PaymentView>, Error> {
        let mut query = rows::ViewRow::query()
            .filter(payments::state.eq(state.as_str()))
            .filter(payments::user_id.ne(actor.uuid()))
            .order(payments::id)
            .limit(Page::<PaymentView>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(payments::id.gt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        let vault = self.vault()?;
        let rows = query.load(&mut conn).await?;
        Page::cut(rows, limit).try_map(|row: rows::ViewRow| row.view(vault))
    }
}

/// Returns the owner. Only returns of money in suspense have none.
pub(crate) fn owner(payment: &Payment) -> Result<UserId, Error> {
    payment.user.ok_or_else(|| Error::row("a payment has no user"))
}

/// Tells whether a mobile-money payment for this deal has no final outcome yet, of one payer or of
/// any.
pub(crate) async fn funding_is_open(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    payer: Option<UserId>,
) -> Result<bool, Error> {
    let mut open = payments::table
        .filter(payments::deal_id.eq(deal.uuid()))
        // Unsolicited payments have no prompt, so they block nothing.
        .filter(payments::msisdn_sealed.is_not_null())
        .filter(payments::state.ne_all([State::Succeeded.as_str(), State::Failed.as_str()]))
        .into_boxed();
    if let Some(payer) = payer {
        open = open.filter(payments::user_id.eq(payer.uuid()));
    }
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn).await?)
}

/// Returns the newest payment of each payer for each deal that has one.
pub(crate) async fn newest_of_deals(
    mut conn: &AsyncPgConnection,
    vault: &Vault,
    deals: &[Uuid],
) -> Result<BTreeMap<DealId, BTreeMap<UserId, PaymentView>>, Error> {
    if deals.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<rows::ViewRow> = rows::ViewRow::query()
        .filter(payments::deal_id.eq_any(deals))
        .distinct_on((payments::deal_id, payments::user_id))
        .order((payments::deal_id, payments::user_id, payments::id.desc()))
        .load(&mut conn)
        .await?;
    let mut newest: BTreeMap<DealId, BTreeMap<UserId, PaymentView>> = BTreeMap::new();
    for row in rows {
        let payment = row.view(vault)?;
        if let (Some(deal), Some(user)) = (payment.deal, payment.user) {
            newest.entry(deal).or_default().insert(user, payment);
        }
    }
    Ok(newest)
}
