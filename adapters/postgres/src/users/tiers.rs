//! The limit tiers of users, set by operators.

use super::load;
use crate::error::{Conflict, Error};
use crate::log;
use crate::schema::users;
use amana_domain::event::{self, UserEvent};
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Changes a user's tier. The new limits apply from the next call.
///
/// # Errors
/// [`Error::NotFound`], or [`Conflict::UnknownTier`].
pub(crate) async fn put_on_tier(
    conn: &mut AsyncPgConnection,
    operator: UserId,
    id: UserId,
    (tier, note): (&str, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let before = load(conn, id).await?;
    diesel::update(users::table.find(id.uuid()))
        .set(users::tier.eq(tier))
        .execute(conn)
        .await
        .map_err(|e| Error::from(e).on_constraint("users_tier_fkey", Conflict::UnknownTier))?;
    let (from, to, note) = (before.tier, tier.to_owned(), note.to_owned());
    let changed = UserEvent::TierChanged { from, to, note };
    log::append(conn, now, event::Actor::Operator(operator), id, changed).await
}
