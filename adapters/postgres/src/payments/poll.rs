//! Querying a collection's outcome, in case its callback is lost or insufficient.

use super::submit::keep_exchange;
use super::{Exchange, lock, observe};
use crate::error::Error;
use crate::job::Job;
use crate::jobs::{self, Claim as JobClaim};
use crate::pool::Store;
use crate::schema::{jobs as job_rows, payments};
use crate::vault::{self, Column, Vault};
use amana_domain::id::PaymentId;
use amana_domain::payment::{Evidence, Payment, State};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// Time from a request to its first query, if no callback arrived.
const FIRST_POLL_AFTER: TimeDelta = TimeDelta::seconds(10);

/// Upper limit of the wait, which doubles with each poll.
const POLL_INTERVAL_MAX: TimeDelta = TimeDelta::minutes(10);

/// After this number of polls (about an hour and a half) only the statement can resolve the
/// payment.
const POLL_ROUNDS_MAX: u32 = 14;

/// Input of a provider query.
#[derive(Debug, Clone)]
pub struct Poll {
    pub provider_reference: String,
}

impl Store {
    /// Returns the query to send. Returns `None` and completes the job if the payment is settled,
    /// or its payer was erased.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn begin_poll(
        &self,
        job: &JobClaim,
        id: PaymentId,
        now: DateTime<Utc>,
    ) -> Result<Option<Poll>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let payment = lock(conn, id).await?;
            if is_asked_about(&payment)
                && let Some(provider_reference) = provider_reference(conn, vault, &payment).await?
            {
                return Ok(Some(Poll { provider_reference }));
            }
            jobs::finish(conn, job, now).await?;
            Ok(None)
        })
        .await
    }

    /// Records the answer to a poll (`None`: the provider was unavailable), and schedules the next
    /// poll if the payment is not settled.
    /// # Errors
    /// [`Error::Store`] only: the answer is stored even if another worker has taken the job over.
    ///
    /// # Errors
    /// [`Error::Store`] only: the answer is kept even if another worker has taken the job over.
    pub async fn record_poll(
        &self,
        job: &JobClaim,
        id: PaymentId,
        round: u32,
        evidence: Option<&Evidence>,
        exchange: Option<&Exchange>,
        now: DateTime<Utc>,
    ) -> Result<State, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(exchange) = exchange {
                keep_exchange(conn, vault, id, exchange, now).await?;
            }
            let payment = match evidence {
                Some(evidence) => observe(conn, vault, id, evidence, now).await?.payment,
                None => lock(conn, id).await?,
            };
            if is_asked_about(&payment) {
                poll_later(conn, &payment, round.saturating_add(1), now).await?;
            }
            jobs::finish_if_held(conn, job, now).await?;
            Ok(payment.state())
        })
        .await
    }
}

/// Tells whether the payment is polled; payouts are not, because their results arrive as callbacks.
pub(super) fn is_asked_about(payment: &Payment) -> bool {
    let is_open = matches!(payment.state(), State::Pending | State::Confirming);
    is_open && !payment.purpose.is_payout()
}

pub(super) async fn poll_later(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    round: u32,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if round >= POLL_ROUNDS_MAX {
        return Ok(());
    }
    let doubled = FIRST_POLL_AFTER.checked_mul(1i32.checked_shl(round).unwrap_or(i32::MAX));
    let wait = doubled.map_or(POLL_INTERVAL_MAX, |wait| wait.min(POLL_INTERVAL_MAX));
    let due_at = now.checked_add_signed(wait).unwrap_or(now);
    let job = Job::PollCollection { payment: payment.id.uuid(), round };
    jobs::enqueue(conn, &job, due_at, now).await?;
    Ok(())
}

/// Makes the next poll due at once, because the provider has to confirm a callback's success.
pub(super) async fn hasten_poll(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let payment = id.uuid();
    let rounds = (0..POLL_ROUNDS_MAX).map(|round| Job::PollCollection { payment, round }.key());
    let waiting = job_rows::table
        .filter(job_rows::key.eq_any(rounds.collect::<Vec<_>>()))
        .filter(job_rows::state.eq("queued"))
        .filter(job_rows::due_at.gt(now));
    diesel::update(waiting).set(job_rows::due_at.eq(now)).execute(conn).await?;
    Ok(())
}

/// Returns the provider's reference; `None` if it is unknown, or the payer was erased.
async fn provider_reference(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: &Payment,
) -> Result<Option<String>, Error> {
    let sealed: Option<Vec<u8>> = payments::table
        .find(payment.id.uuid())
        .select(payments::provider_reference_sealed)
        .first(conn)
        .await?;
    let key = vault::key_of_payer(conn, vault, payment.id).await?;
    let opened = key.zip(sealed).map(|(key, sealed)| key.open(Column::ProviderReference, &sealed));
    Ok(opened.transpose()?)
}
