//! Callbacks: stored before they are acknowledged; a job reads and applies them later.
//!
//! A callback to an address that was never given to a provider is counted and not stored.

mod keeping;
mod tokens;

pub(crate) use keeping::conclude;
pub use tokens::CallbackOwner;
pub(crate) use tokens::{TokenKind, give};

use crate::error::Error;
use crate::job::Job;
use crate::jobs::{self, Claim};
use crate::page::Page;
use crate::payments::observe;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::callbacks;
use crate::vault::{Column, key_of_payer};
use amana_domain::id::{CallbackId, PaymentId};
use amana_domain::payment::Evidence;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

text_enum! {
    pub enum CallbackKind as "callback kind" {
        Collection = "collection",
        Payout = "payout",
        /// The provider's queue gave up on a payout. The outcome stays unknown.
        PayoutTimeout = "payout_timeout",
        /// A payment to the paybill.
        Paybill = "paybill",
    }
}

text_enum! {
    pub enum CallbackOutcome as "callback state" {
        Received = "received",
        Applied = "applied",
        /// The callback matches no stored payment, or its receipt belongs to another payment.
        Unmatched = "unmatched",
        Unreadable = "unreadable",
    }
}

pub struct NewCallback {
    pub kind: CallbackKind,
    pub owner: CallbackOwner,
    pub body: Vec<u8>,
    pub remote: String,
}

// Bodies are personal data and stay out of logs.
impl std::fmt::Debug for NewCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCallback").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// A callback as shown to operators, without its body.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = callbacks)]
pub struct CallbackView {
    pub id: Uuid,
    pub kind: String,
    pub remote: String,
    pub state: String,
    pub payment_id: Option<Uuid>,
    pub note: Option<String>,
    pub size_bytes: i32,
    pub received_at: DateTime<Utc>,
}

/// A callback for the job that applies it.
#[derive(Clone)]
pub struct StoredCallback {
    pub id: Uuid,
    pub kind: CallbackKind,
    pub payment: Option<PaymentId>,
    /// Empty after the retention period, or if the payer is erased.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for StoredCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCallback").field("id", &self.id).finish_non_exhaustive()
    }
}

type Row = (Uuid, String, Option<Uuid>, Option<Vec<u8>>, Option<Vec<u8>>);

impl Store {
    /// Stores a callback to a valid address and schedules its job. Returns `false` if the payment has the maximum
    /// number of callbacks already: then this one is counted and not stored.
    ///
    /// # Errors
    /// [`Error::Store`] only. The callback must then not be acknowledged, so that the provider repeats it.
    pub async fn receive_callback(
        &self,
        new: &NewCallback,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let payment = match new.owner {
                CallbackOwner::Payment(payment) => Some(payment),
                CallbackOwner::Paybill => None,
            };
            let (mut body, mut body_sealed) = (Some(new.body.as_slice()), None);
            if let Some(payment) = payment {
                let of_payment = callbacks::table.filter(callbacks::payment_id.eq(payment.uuid()));
                let kept: i64 = of_payment.count().get_result(conn).await?;
                if kept >= keeping::CALLBACKS_PER_PAYMENT_MAX {
                    keeping::count_stray(conn, new.kind, now).await?;
                    return Ok(false);
                }
                body_sealed = keeping::sealed(conn, vault, (payment, &new.body)).await?;
                body = None;
            }
            let id = Uuid::now_v7();
            let size_bytes = i32::try_from(new.body.len()).map_err(Error::row)?;
            diesel::insert_into(callbacks::table)
                .values((
                    callbacks::id.eq(id),
                    callbacks::provider.eq("mpesa"),
                    callbacks::kind.eq(new.kind.as_str()),
                    callbacks::body.eq(body),
                    callbacks::body_sealed.eq(body_sealed),
                    callbacks::size_bytes.eq(size_bytes),
                    callbacks::remote.eq(&new.remote),
                    callbacks::state.eq(CallbackOutcome::Received.as_str()),
                    callbacks::payment_id.eq(payment.map(PaymentId::uuid)),
                    callbacks::received_at.eq(now),
                ))
                .execute(conn)
                .await?;
            jobs::enqueue(conn, &Job::ApplyCallback { callback: id }, now, now).await?;
            Ok(true)
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] if there is no such callback.
    pub async fn callback(&self, id: Uuid) -> Result<StoredCallback, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let row: Option<Row> = callbacks::table
            .find(id)
            .select((
                callbacks::id,
                callbacks::kind,
                callbacks::payment_id,
                callbacks::body,
                callbacks::body_sealed,
            ))
            .first(&mut conn)
            .await
            .optional()?;
        let (id, kind, payment, body, sealed) = row.ok_or(Error::NotFound("callback"))?;
        let payment = payment.map(PaymentId::new);
        let body = match (sealed, payment) {
            (Some(sealed), Some(payment)) => {
                let key = key_of_payer(&mut conn, vault, payment).await?;
                // The key of an erased payer is deleted, so the body cannot be opened.
                key.map(|key| key.open_bytes(Column::CallbackBody, &sealed)).transpose()?
            }
            (Some(_) | None, _) => body,
        };
        Ok(StoredCallback { id, kind: parse(&kind)?, payment, body: body.unwrap_or_default() })
    }

    /// Applies the evidence that an adapter read from a callback. `Err` is the reason why it is unreadable.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn apply_callback(
        &self,
        job: &Claim,
        callback: &StoredCallback,
        read: Result<Evidence, String>,
        now: DateTime<Utc>,
    ) -> Result<CallbackOutcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let (outcome, note) = match (read, callback.payment) {
                (Err(why), _) => (CallbackOutcome::Unreadable, Some(why)),
                (Ok(_), None) => (CallbackOutcome::Unmatched, None),
                (Ok(evidence), Some(payment)) => {
                    match observe(conn, vault, payment, &evidence, now).await?.refused {
                        None => (CallbackOutcome::Applied, None),
                        Some(why) => (CallbackOutcome::Unmatched, Some(why.as_str().to_owned())),
                    }
                }
            };
            conclude(conn, vault, callback.id, (outcome, callback.payment, note)).await?;
            jobs::finish(conn, job, now).await?;
            Ok(outcome)
        })
        .await
    }

    /// Returns callbacks in one state, newest first, for operators.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn callbacks(
        &self,
        state: CallbackOutcome,
        after: Option<CallbackId>,
        limit: i64,
    ) -> Result<Page<CallbackView>, Error> {
        let mut query = CallbackView::query()
            .filter(callbacks::state.eq(state.as_str()))
            .order(callbacks::id.desc())
            .limit(Page::<CallbackView>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(callbacks::id.lt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }
}
