//! Callbacks: stored raw before they are acknowledged, read and applied afterwards by a job.

use crate::error::Error;
use crate::job::Job;
use crate::jobs::{self, Claim};
use crate::page::Page;
use crate::payments::observe;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{callbacks, payments};
use amana_domain::id::{CallbackId, PaymentId};
use amana_domain::payment::Evidence;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

text_enum! {
    pub enum CallbackKind as "callback kind" {
        Collection = "collection",
        Payout = "payout",
        /// The provider's queue gave up on a payout: it says nothing about the outcome.
        PayoutTimeout = "payout_timeout",
        /// Somebody has paid the paybill.
        Paybill = "paybill",
    }
}

text_enum! {
    pub enum CallbackOutcome as "callback state" {
        Received = "received",
        Applied = "applied",
        /// It fits no payment of ours, or its receipt pays for another one.
        Unmatched = "unmatched",
        Unreadable = "unreadable",
    }
}

pub struct NewCallback {
    pub kind: CallbackKind,
    /// The unguessable part of the address it came to.
    pub token: String,
    pub body: Vec<u8>,
    pub remote: String,
    /// Whether the address is known to be ours without looking for a payment. Such a token is not stored.
    pub known: bool,
}

// Bodies are personal data and stay out of logs.
impl std::fmt::Debug for NewCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCallback").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(Clone, HasQuery)]
#[diesel(table_name = callbacks)]
pub struct StoredCallback {
    pub id: Uuid,
    pub kind: String,
    pub body: Vec<u8>,
    pub remote: String,
    pub state: String,
    pub payment_id: Option<Uuid>,
    pub note: Option<String>,
    pub received_at: DateTime<Utc>,
}

impl std::fmt::Debug for StoredCallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCallback")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl StoredCallback {
    /// # Errors
    /// [`Error::Store`] if the row holds a kind that this version does not know.
    pub fn kind(&self) -> Result<CallbackKind, Error> {
        parse(&self.kind)
    }
}

/// Writes down what became of a callback.
pub(crate) async fn conclude(
    conn: &mut AsyncPgConnection,
    id: Uuid,
    (outcome, payment, note): (CallbackOutcome, Option<PaymentId>, Option<String>),
) -> Result<(), Error> {
    diesel::update(callbacks::table.find(id))
        .set((
            callbacks::state.eq(outcome.as_str()),
            callbacks::payment_id.eq(payment.map(PaymentId::uuid)),
            callbacks::note.eq(note),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// Stores a callback and schedules its reading. One that came to an address that we never gave out is
    /// kept for people to look at, and causes no work.
    ///
    /// # Errors
    /// [`Error::Store`] only: the provider is then not told that we have it.
    pub async fn receive_callback(
        &self,
        new: &NewCallback,
        now: DateTime<Utc>,
    ) -> Result<CallbackOutcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let payment: Option<Uuid> = payments::table
                .filter(payments::callback_token.eq(&new.token))
                .select(payments::id)
                .first(conn)
                .await
                .optional()?;
            let ours = new.known || payment.is_some();
            let outcome = if ours { CallbackOutcome::Received } else { CallbackOutcome::Unmatched };
            let id = Uuid::now_v7();
            diesel::insert_into(callbacks::table)
                .values((
                    callbacks::id.eq(id),
                    callbacks::provider.eq("mpesa"),
                    callbacks::kind.eq(new.kind.as_str()),
                    callbacks::token.eq(if new.known { "" } else { &new.token }),
                    callbacks::body.eq(&new.body),
                    callbacks::remote.eq(&new.remote),
                    callbacks::state.eq(outcome.as_str()),
                    callbacks::payment_id.eq(payment),
                    callbacks::received_at.eq(now),
                ))
                .execute(conn)
                .await?;
            if ours {
                jobs::enqueue(conn, &Job::ApplyCallback { callback: id }, now, now).await?;
            }
            Ok(outcome)
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] if there is no such callback.
    pub async fn callback(&self, id: Uuid) -> Result<StoredCallback, Error> {
        let mut conn = self.connection().await?;
        let row = StoredCallback::query()
            .filter(callbacks::id.eq(id))
            .first(&mut conn)
            .await
            .optional()?;
        row.ok_or(Error::NotFound("callback"))
    }

    /// Applies what an adapter has read in a callback (`Err`: why it cannot be read).
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
            let (outcome, note) = match (read, callback.payment_id) {
                (Err(why), _) => (CallbackOutcome::Unreadable, Some(why)),
                (Ok(_), None) => (CallbackOutcome::Unmatched, None),
                (Ok(evidence), Some(payment)) => {
                    match observe(conn, vault, PaymentId::new(payment), &evidence, now).await?.taken
                    {
                        true => (CallbackOutcome::Applied, None),
                        false => (
                            CallbackOutcome::Unmatched,
                            Some("its receipt pays for another payment".to_owned()),
                        ),
                    }
                }
            };
            let payment = callback.payment_id.map(PaymentId::new);
            conclude(conn, callback.id, (outcome, payment, note)).await?;
            jobs::finish(conn, job, now).await?;
            Ok(outcome)
        })
        .await
    }

    /// Callbacks in one state, newest first: what operators look through.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn callbacks(
        &self,
        state: CallbackOutcome,
        after: Option<CallbackId>,
        limit: i64,
    ) -> Result<Page<StoredCallback>, Error> {
        let mut query = StoredCallback::query()
            .filter(callbacks::state.eq(state.as_str()))
            .order(callbacks::id.desc())
            .limit(Page::<StoredCallback>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(callbacks::id.lt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }
}
