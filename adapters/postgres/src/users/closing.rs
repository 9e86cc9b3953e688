//! Closing and reopening an account. Its ledger and its other data remain.
//!
//! An account may be closed while money is on its way to it. Closing and crediting therefore synchronize as follows:
//!
//! - Closing locks the wallet first, creating missing accounts, and verifies that it is empty. A transfer locks the
//!   same accounts and reads `closed_at` *after* that, in a statement of its own. Either it commits first and the
//!   wallet is not empty, or it waits and finds the account closed.
//! - Deals, payments and holds refer to the user's row, and PostgreSQL locks it (`for key share`) when one is inserted.
//!   Closing locks the row exclusively without waiting; a row locked elsewhere means that an operation is in progress.
//!   An operation that starts during closure waits, and then [`super::require_open`] rejects it.
//! - Closing waits only for the wallet, before it holds any other lock, and at the end for API keys that are being
//!   revoked. The revoking calls wait for nothing, so closing cannot be part of a deadlock.
//!
//! A payment with an uncertain outcome is credited even to a closed account, because the money belongs to the user.

use super::{Row, User, load};
use crate::conflicts::{self, Matter};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{accounts, deal_participants, deals, holds, payments, tier_limits, users};
use crate::{api_keys, ledger, log, organisations};
use amana_domain::deal::{Actor, DealState};
use amana_domain::event::{self, UserEvent};
use amana_domain::id::UserId;
use amana_domain::ledger::{Account, AccountKind};
use amana_domain::money::Currency;
use amana_domain::payment::State;
use amana_domain::permission::{Action, Resource, Staff};
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeSet;

/// The state of a hold that still reserves money.
const HOLD_OPEN: &str = "open";

/// The permission to close and reopen an account.
const MANAGE: (Resource, Action) = (Resource::Users, Action::Change);

impl Store {
    /// Closes the account of a user without money or open business. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], or [`Conflict::AccountInUse`] if the wallet is not empty, something is
    /// open, or the user is the only owner of an organisation with other members.
    pub async fn close_user(
        &self,
        staff: &Staff,
        id: UserId,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, MANAGE, Matter::Person(id), now).await?;
            let operator = staff.user;
            load(conn, id).await?;
            let is_empty = lock_wallet(conn, id, now).await?;
            let user = lock_unless_busy(conn, id).await?;
            if user.closed_at.is_some() {
                return Ok(user);
            }
            if !is_empty || is_needed(conn, id).await? {
                return Err(Error::Conflict(Conflict::AccountInUse));
            }
            diesel::update(users::table.find(id.uuid()))
                .set(users::closed_at.eq(Some(now)))
                .execute(conn)
                .await?;
            let closed = UserEvent::Closed { note: Some(note.to_owned()), reason: None };
            log::append(conn, now, event::Actor::Operator(operator), id, closed).await?;
            let why = (Actor::User(operator), "account_closed");
            api_keys::revoke_all(conn, id, why, now).await?;
            load(conn, id).await
        })
        .await
    }

    /// Reopens a closed account. Does nothing if it is open.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::NotFound`], or [`Conflict::AccountErased`] if the account has no contact left.
    pub async fn reopen_user(
        &self,
        staff: &Staff,
        id: UserId,
        note: &str,
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, MANAGE, Matter::Person(id), now).await?;
            let operator = staff.user;
            let closed = users::table.find(id.uuid()).filter(users::closed_at.is_not_null());
            let closed = closed.filter(users::erased_at.is_null());
            // An account that lost its last contact to that contact's owner has no owner of its own.
            let reachable = users::email_digest.is_not_null().or(users::phone_digest.is_not_null());
            let closed = closed.filter(reachable);
            let reopened = diesel::update(closed)
                .set(users::closed_at.eq(None::<DateTime<Utc>>))
                .execute(conn)
                .await?;
            if reopened == 1 {
                let reopened = UserEvent::Reopened { note: note.to_owned() };
                log::append(conn, now, event::Actor::Operator(operator), id, reopened).await?;
            }
            let user = load(conn, id).await?;
            if user.closed_at.is_none() {
                Ok(user)
            } else {
                Err(Error::Conflict(Conflict::AccountErased))
            }
        })
        .await
    }
}

/// Locks the user's wallet in every currency that is supported or was used, and returns whether it is empty.
pub(super) async fn lock_wallet(
    conn: &mut AsyncPgConnection,
    id: UserId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let carried: Vec<String> =
        tier_limits::table.select(tier_limits::currency).distinct().load(conn).await?;
    let used: Vec<String> = accounts::table
        .filter(accounts::owner.eq(id.uuid()))
        .filter(
            accounts::kind
                .eq_any([AccountKind::UserAvailable.as_str(), AccountKind::UserHeld.as_str()]),
        )
        .select(accounts::currency)
        .load(conn)
        .await?;
    let currencies = carried
        .iter()
        .chain(&used)
        .map(|text| parse(text))
        .collect::<Result<Vec<Currency>, _>>()?;
    let wallet: BTreeSet<Account> = currencies
        .into_iter()
        .flat_map(|currency| [Account::available(id, currency), Account::held(id, currency)])
        .collect();
    let positions = ledger::lock(conn, &wallet, now).await?.positions();
    Ok(wallet.iter().all(|account| positions.get(account).balance_minor == 0))
}

/// Locks the user's row against all rows that refer to it. Fails instead of waiting if it is locked elsewhere.
pub(super) async fn lock_unless_busy(
    conn: &mut AsyncPgConnection,
    id: UserId,
) -> Result<User, Error> {
    let row: Option<Row> = Row::query()
        .filter(users::id.eq(id.uuid()))
        .for_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()?;
    row.ok_or(Error::Conflict(Conflict::AccountInUse))?.try_into()
}

/// Returns whether the user has open business or is the only owner of an organisation with other members.
pub(super) async fn is_needed(conn: &mut AsyncPgConnection, id: UserId) -> Result<bool, Error> {
    if organisations::is_needed_owner(conn, id).await? {
        return Ok(true);
    }
    let id = id.uuid();
    let over = DealState::ALL.iter().filter(|state| state.is_final()).map(|state| state.as_str());
    let deals = deals::table
        .inner_join(deal_participants::table)
        .filter(deal_participants::user_id.eq(id))
        .filter(deals::state.ne_all(over.collect::<Vec<_>>()));
    let over = State::ALL.iter().filter(|state| state.is_final()).map(|state| state.as_str());
    let payments = payments::table
        .filter(payments::user_id.eq(id))
        .filter(payments::state.ne_all(over.collect::<Vec<_>>()));
    let holds = holds::table
        .filter(holds::user_id.eq(id).or(holds::beneficiary_id.eq(id)))
        .filter(holds::state.eq(HOLD_OPEN));
    Ok(diesel::select(exists(deals)).get_result::<bool>(conn).await?
        || diesel::select(exists(payments)).get_result::<bool>(conn).await?
        || diesel::select(exists(holds)).get_result::<bool>(conn).await?)
}
