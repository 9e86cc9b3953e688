//! Payers of money in suspense: sealed data from the statement, with a record of each access.

use super::SuspenseItem;
use crate::conflicts::{self, Matter};
use crate::error::Error;
use crate::log;
use crate::pool::Store;
use crate::schema::{payer_keys, suspense_items};
use crate::users;
use crate::vault::{Column, Vault, key_of_stranger};
use amana_domain::event::{self, ReconciliationEvent};
use amana_domain::id::UserId;
use amana_domain::ledger::Provider;
use amana_domain::payee::Payee;
use amana_domain::permission::{Action, Resource, Staff};
use amana_domain::reconciliation::{Payer, StatementLine};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

const READ: (Resource, Action) = (Resource::Accounts, Action::Read);

/// Stores the payer that a line names. Existing data is kept, so that a later line cannot redirect
/// the money.
pub(super) async fn keep(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (provider, line): (Provider, &StatementLine),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(payer) = &line.payer else { return Ok(()) };
    let id = Uuid::now_v7();
    let (key, wrapped) = vault.new_payer_key(id)?;
    let sealed = key.seal(Column::Payer, payer.told())?;
    let unnamed = suspense_items::table
        .find((provider.as_str(), &line.receipt))
        .filter(suspense_items::payer_id.is_null());
    let named = diesel::update(unnamed)
        .set((suspense_items::payer_id.eq(Some(id)), suspense_items::payer_sealed.eq(Some(sealed))))
        .execute(conn)
        .await?;
    if named == 0 {
        return Ok(());
    }
    diesel::insert_into(payer_keys::table)
        .values((
            payer_keys::payer_id.eq(id),
            payer_keys::wrapped.eq(wrapped),
            payer_keys::created_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the payer of money in suspense with their id; `None` if the provider named none, or the
/// data was deleted.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn payer_of(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (provider, receipt): (Provider, &str),
) -> Result<Option<(Uuid, Payer)>, Error> {
    let found: Option<(Option<Uuid>, Option<Vec<u8>>)> = suspense_items::table
        .find((provider.as_str(), receipt))
        .select((suspense_items::payer_id, suspense_items::payer_sealed))
        .first(conn)
        .await
        .optional()?;
    let (id, sealed) = found.ok_or(Error::NotFound("money in suspense"))?;
    let Some((id, sealed)) = id.zip(sealed) else { return Ok(None) };
    let key = key_of_stranger(conn, vault, id).await?;
    let told = key.map(|key| key.open(Column::Payer, &sealed)).transpose()?;
    Ok(told.map(|told| (id, Payer::new(told))))
}

/// Returns the user who owns the paying number; `None` if no user does, or the number is
/// incomplete.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn payer_account(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    place: (Provider, &str),
) -> Result<Option<UserId>, Error> {
    let payer = payer_of(conn, vault, place).await?;
    match payer.and_then(|(_, payer)| payer.number()) {
        Some(number) => users::find_payee(conn, vault, &Payee::Phone(number)).await,
        None => Ok(None),
    }
}

impl Store {
    /// Returns money in suspense with its payer, and records the access.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn suspense_item(
        &self,
        staff: &Staff,
        (provider, receipt): (Provider, &str),
        now: DateTime<Utc>,
    ) -> Result<(SuspenseItem, Option<Payer>), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, READ, Matter::Nobody, now).await?;
            let payer = payer_of(conn, vault, (provider, receipt)).await?;
            let item: SuspenseItem = SuspenseItem::query()
                .filter(suspense_items::provider.eq(provider.as_str()))
                .filter(suspense_items::receipt.eq(receipt))
                .first(conn)
                .await?;
            let (actor, subject) =
                (event::Actor::Operator(staff.user), format!("{provider}:{receipt}"));
            log::append(conn, now, actor, subject, ReconciliationEvent::PayerViewed {}).await?;
            Ok((item, payer.map(|(_, payer)| payer)))
        })
        .await
    }
}
