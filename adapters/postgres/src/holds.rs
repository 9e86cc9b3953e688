//! Holds between people: creating, settling, releasing, expiring and reading. The same helpers
//! write the holds of withdrawals, in the transactions of their payments.

mod quote;
mod rows;
mod write;

pub(crate) use quote::quote;
pub(crate) use rows::lock_of_payment;
pub use rows::{HoldFilter, HoldRole, HoldView};
pub(crate) use write::{apply, apply_to_payment, keep, reserve};

use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::jobs::{self, Claim};
use crate::page::Page;
use crate::pool::Store;
use crate::vault::Vault;
use crate::{ledger, limits, log, payments, users};
use amana_domain::deal::Actor;
use amana_domain::event::HoldEvent;
use amana_domain::hold::{self, Command, For, Hold, HoldRefusal, State};
use amana_domain::id::{HoldId, UserId};
use amana_domain::ledger::Account;
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::payee::Payee;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A hold to create for a beneficiary.
#[derive(Debug, Clone)]
pub struct NewHold {
    pub to: Payee,
    pub amount: Money,
    pub lasts: TimeDelta,
    pub note: Option<String>,
}

impl NewHold {
    fn hold(&self, owner: UserId, beneficiary: UserId, now: DateTime<Utc>) -> Hold {
        Hold {
            id: HoldId::new(Uuid::now_v7()),
            owner,
            purpose: For::Person(beneficiary),
            amount: self.amount,
            settled: Money::zero(self.amount.currency()),
            state: State::Open,
            made_at: now,
            expires_at: now.checked_add_signed(self.lasts),
        }
    }
}

impl Store {
    /// Holds money of the caller for another user.
    ///
    /// # Errors
    /// [`Error::Transfer`] if the user cannot be paid, [`Error::Refused`] if the wallet does not
    /// have the amount, [`Error::Limit`] if it exceeds the spending limits.
    pub async fn create_hold(
        &self,
        keyed: &Keyed,
        request: &NewHold,
        render: fn(&HoldView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let beneficiary = beneficiary(conn, vault, keyed.user, &request.to).await?;
            let closed = users::lock_closed(conn, &[keyed.user, beneficiary]).await?;
            require_open(&closed, keyed.user, beneficiary)?;
            let hold = request.hold(keyed.user, beneficiary, now);
            reserve(conn, &hold, request.note.as_deref(), now).await?;
            let created = HoldEvent::Created {
                to: hold.state,
                beneficiary,
                amount_minor: hold.amount.minor(),
            };
            log::append(conn, now, Actor::User(keyed.user), hold.id, created).await?;
            write::tell(conn, &hold, hold.amount, &MADE, now).await?;
            let view = rows::view(conn, hold.id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Moves a part of the held amount, or all that is left, to the caller.
    ///
    /// # Errors
    /// [`Error::NotFound`] for strangers, [`Error::Hold`] by the rules of holds, [`Error::Limit`]
    /// if the caller's wallet has no room for the amount.
    pub async fn settle_hold(
        &self,
        keyed: &Keyed,
        id: HoldId,
        amount: Option<Money>,
        render: fn(&HoldView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let hold = rows::lock_as_party(conn, keyed.user, id).await?;
            hold.permit(keyed.user)?;
            users::require_thawed(conn, hold.owner).await?;
            let amount = amount.unwrap_or_else(|| hold.left());
            let to = Account::available(keyed.user, hold.amount.currency());
            let decision = hold::decide(&hold, Command::Settle { amount, to }, now)?;
            // Locks both accounts before the room is measured, so that no other transaction fills
            // it meanwhile.
            let from = Account::held(hold.owner, hold.amount.currency());
            ledger::lock(conn, &BTreeSet::from([from, to]), now).await?;
            limits::check_room(conn, keyed.user, amount).await?;
            apply(conn, &decision, now).await?;
            let actor = Actor::User(keyed.user);
            write::record(conn, (&hold, &decision), actor, now).await?;
            write::tell(conn, &hold, amount, &SETTLED, now).await?;
            let view = rows::view(conn, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Returns the rest to the owner before the hold expires.
    ///
    /// # Errors
    /// [`Error::NotFound`] for strangers, [`Error::Hold`] by the rules of holds.
    pub async fn release_hold(
        &self,
        keyed: &Keyed,
        id: HoldId,
        render: fn(&HoldView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let hold = rows::lock_as_party(conn, keyed.user, id).await?;
            hold.permit(keyed.user)?;
            let decision = hold::decide(&hold, Command::Release, now)?;
            apply(conn, &decision, now).await?;
            let actor = Actor::User(keyed.user);
            write::record(conn, (&hold, &decision), actor, now).await?;
            write::tell(conn, &hold, decision.returned, &RELEASED, now).await?;
            let view = rows::view(conn, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Expires a hold. The job of a hold that is closed already just completes.
    ///
    /// # Errors
    /// [`HoldRefusal::TooEarly`]; [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn expire_hold(
        &self,
        claim: &Claim,
        id: HoldId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            match rows::purpose(conn, id).await? {
                For::Person(_) => expire(conn, id, now).await?,
                For::Withdrawal(payment) => payments::expire(conn, payment, now).await?,
            }
            jobs::finish(conn, claim, now).await
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`] for holds of others, and for holds of withdrawals.
    pub async fn hold(&self, user: UserId, id: HoldId) -> Result<HoldView, Error> {
        let mut conn = self.connection().await?;
        let found = rows::view(&mut conn, id).await?;
        let is_party = found.owner.id == user || found.beneficiary.id == user;
        if is_party { Ok(found) } else { Err(Error::NotFound("hold")) }
    }

    /// Lists the holds that a user made or may settle, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn holds(
        &self,
        user: UserId,
        filter: HoldFilter,
        after: Option<HoldId>,
        limit: i64,
    ) -> Result<Page<HoldView>, Error> {
        let mut conn = self.connection().await?;
        rows::list(&mut conn, user, filter, after, limit).await
    }
}

const MADE: write::Notices = write::Notices {
    owner: Some(Template::HoldCreated),
    beneficiary: Some(Template::HoldReceived),
};
const SETTLED: write::Notices =
    write::Notices { owner: Some(Template::HoldSettled), beneficiary: None };
const RELEASED: write::Notices =
    write::Notices { owner: Some(Template::HoldReleased), beneficiary: None };
const EXPIRED: write::Notices =
    write::Notices { owner: Some(Template::HoldExpired), beneficiary: Some(Template::HoldExpired) };

/// Finds the beneficiary of a hold.
async fn beneficiary(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    owner: UserId,
    to: &Payee,
) -> Result<UserId, Error> {
    let found = users::find_payee(conn, vault, to).await?;
    let beneficiary = found.ok_or(TransferRefusal::UnknownRecipient)?;
    if beneficiary == owner {
        return Err(TransferRefusal::SameParty.into());
    }
    Ok(beneficiary)
}

/// Requires that neither account is closed.
fn require_open(
    closed: &BTreeSet<UserId>,
    owner: UserId,
    beneficiary: UserId,
) -> Result<(), TransferRefusal> {
    if closed.contains(&owner) {
        return Err(TransferRefusal::SenderClosed);
    }
    if closed.contains(&beneficiary) {
        return Err(TransferRefusal::RecipientClosed);
    }
    Ok(())
}

async fn expire(conn: &mut AsyncPgConnection, id: HoldId, now: DateTime<Utc>) -> Result<(), Error> {
    let hold = rows::lock(conn, id).await?;
    match hold::decide(&hold, Command::Expire, now) {
        Ok(decision) => {
            apply(conn, &decision, now).await?;
            let change = (&hold, &decision);
            write::record(conn, change, Actor::System, now).await?;
            write::tell(conn, &hold, decision.returned, &EXPIRED, now).await
        }
        Err(HoldRefusal::Closed(_) | HoldRefusal::Unending) => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}
