//! The payers of a deal, and the list of users whom a deal concerns.

use super::{DealView, command_as_party, view};
use crate::error::{Conflict, Error};
use crate::pool::Store;
use crate::row::{grouped, money};
use crate::schema::{deal_participants, deal_payers};
use crate::statement::kept;
use crate::users;
use amana_domain::deal::{Command, Deal, Payer};
use amana_domain::id::{DealId, UserId};
use amana_domain::money::Currency;
use amana_domain::payee::Payee;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use std::collections::BTreeMap;
use uuid::Uuid;

#[derive(HasQuery, Insertable, AsChangeset)]
#[diesel(table_name = deal_payers, primary_key(deal_id, position))]
pub(super) struct PayerRow {
    deal_id: Uuid,
    position: i16,
    user_id: Uuid,
    paid_minor: i64,
    returned_minor: i64,
}

impl PayerRow {
    fn of(deal: DealId, position: i16, payer: &Payer) -> Self {
        Self {
            deal_id: deal.uuid(),
            position,
            user_id: payer.user.uuid(),
            paid_minor: payer.paid.minor(),
            returned_minor: payer.returned.minor(),
        }
    }

    pub(super) fn into_payer(self, currency: Currency) -> Result<Payer, Error> {
        Ok(Payer {
            user: UserId::new(self.user_id),
            paid: money(self.paid_minor, currency)?,
            returned: money(self.returned_minor, currency)?,
        })
    }
}

/// Returns the payers of each deal, in the order in which they were added.
pub(super) async fn of_deals(
    mut conn: &AsyncPgConnection,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<PayerRow>>, Error> {
    let rows: Vec<PayerRow> = PayerRow::query()
        .filter(deal_payers::deal_id.eq_any(ids))
        .order(deal_payers::position)
        .load(&mut conn)
        .await?;
    Ok(grouped(rows.into_iter().map(|row| (row.deal_id, row))))
}

/// Stores changed and added payers. Payers are never removed.
pub(super) async fn save(
    mut conn: &AsyncPgConnection,
    deal: DealId,
    before: &[Payer],
    after: &[Payer],
) -> Result<(), Error> {
    for (n, (position, payer)) in (1i16..).zip(after).enumerate() {
        let row = PayerRow::of(deal, position, payer);
        match before.get(n) {
            Some(old) if old == payer => {}
            Some(_) => {
                let at = deal_payers::table.find((row.deal_id, row.position));
                kept(diesel::update(at).set(row)).execute(&mut conn).await?;
            }
            None => {
                kept(diesel::insert_into(deal_payers::table).values(row))
                    .execute(&mut conn)
                    .await?;
            }
        }
    }
    Ok(())
}

/// Adds the deal to the lists of the users whom it concerns now and did not before.
pub(super) async fn list(
    mut conn: &AsyncPgConnection,
    before: Option<&Deal>,
    deal: &Deal,
) -> Result<(), Error> {
    let old = before.map(Deal::people).unwrap_or_default();
    let new: Vec<_> = deal
        .people()
        .into_iter()
        .filter(|user| !old.contains(user))
        .map(|user| {
            let user = deal_participants::user_id.eq(user.uuid());
            (user, deal_participants::deal_id.eq(deal.id.uuid()))
        })
        .collect();
    if !new.is_empty() {
        let listed = diesel::insert_into(deal_participants::table).values(new);
        kept(listed.on_conflict_do_nothing()).execute(&mut conn).await?;
    }
    Ok(())
}

impl Store {
    /// Adds a payer to a deal.
    ///
    /// # Errors
    /// [`Conflict::UnknownPayer`] if no verified account matches; [`Error::NotFound`] if the deal does not concern the
    /// caller; [`Error::Refused`] if the domain refuses.
    pub async fn add_payer(
        &self,
        user: UserId,
        id: DealId,
        payer: &Payee,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let found = users::find_payee(conn, vault, payer).await?;
            let unknown = || Error::Conflict(Conflict::UnknownPayer);
            let payer = found.ok_or_else(unknown)?;
            if !users::is_open(conn, payer).await? {
                return Err(unknown());
            }
            let named = Command::AddPayer(payer);
            let done = command_as_party(conn, user, id, &named, None, now).await?;
            view::of(conn, vault, done).await
        })
        .await
    }
}
