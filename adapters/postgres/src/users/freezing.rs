//! Freezing of users: an operator stops outgoing money during an investigation.

use super::{Standing, User, load, standing};
use crate::conflicts::{self, Matter};
use crate::error::Error;
use crate::log;
use crate::pool::Store;
use crate::schema::users;
use amana_domain::event::{self, UserEvent};
use amana_domain::id::UserId;
use amana_domain::permission::{Action, Resource, Staff};
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};

/// Keyed operations that move the caller's money out of the wallet or escrow. Transfers are checked in their batch.
const MONEY_OUT: [&str; 6] = [
    "accept_split_offer",
    "create_hold",
    "create_transfer",
    "create_withdrawal",
    "fund_deal",
    "release_milestone",
];

/// Returns whether the operation moves the caller's money out.
pub(crate) fn moves_money_out(operation: &str) -> bool {
    MONEY_OUT.contains(&operation)
}

/// # Errors
/// [`TransferRefusal::SenderFrozen`] if the user is frozen.
pub(crate) async fn require_thawed(conn: &AsyncPgConnection, id: UserId) -> Result<(), Error> {
    match standing(conn, id).await? {
        Standing::Frozen => Err(TransferRefusal::SenderFrozen.into()),
        Standing::Active | Standing::Unverified | Standing::Closed => Ok(()),
    }
}

impl Store {
    /// Freezes a user, or unfreezes them if `freeze` is `false`. Repeating it changes nothing.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn freeze_user(
        &self,
        staff: &Staff,
        id: UserId,
        (freeze, note): (bool, &str),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            let right = (Resource::Users, Action::Change);
            conflicts::permit(conn, vault, staff, right, Matter::Person(id), now).await?;
            let before: Option<Option<DateTime<Utc>>> = users::table
                .find(id.uuid())
                .select(users::frozen_at)
                .for_no_key_update()
                .first(conn)
                .await
                .optional()?;
            if before.ok_or(Error::NotFound("user"))?.is_some() != freeze {
                diesel::update(users::table.find(id.uuid()))
                    .set((
                        users::frozen_at.eq(freeze.then_some(now)),
                        users::frozen_note.eq(freeze.then_some(note)),
                    ))
                    .execute(conn)
                    .await?;
                let note = note.to_owned();
                let changed =
                    if freeze { UserEvent::Frozen { note } } else { UserEvent::Unfrozen { note } };
                log::append(conn, now, event::Actor::Operator(staff.user), id, changed).await?;
            }
            load(conn, id).await
        })
        .await
    }
}
