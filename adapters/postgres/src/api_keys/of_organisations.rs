//! Keys that belong to an organisation. They call in the name of the member who made them; whoever decides in the
//! organisation sees and ends them, and they end when their maker does not belong to those any more.

use super::rows::Row;
use super::{ApiKeyView, revoke};
use crate::error::{Conflict, Error};
use crate::organisations::{lock_as_member, permit};
use crate::page::Page;
use crate::pool::Store;
use crate::schema::api_keys;
use amana_domain::deal::Actor;
use amana_domain::id::{ApiKeyId, OrganisationId, UserId};
use amana_domain::organisation::{self, Act, Rank};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Locks the organisation for somebody who may make a key of it.
///
/// # Errors
/// [`Conflict::UnknownOrganisation`] for everybody who is not a member, or [`Error::Organisation`] by rank.
pub(super) async fn lock(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<(), Error> {
    let (_, rank) = lock_as_member(conn, user, id).await.map_err(|error| match error {
        Error::NotFound(_) => Error::Conflict(Conflict::UnknownOrganisation),
        other => other,
    })?;
    Ok(organisation::permit(rank, Act::Keys)?)
}

/// Ends the keys of the organisation that were made by somebody who has this rank now, or is no member any more, if
/// they could not make them now. The transaction has locked the organisation.
pub(crate) async fn end_beyond(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
    (user, rank): (UserId, Option<Rank>),
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if rank.is_some_and(|rank| organisation::permit(rank, Act::Keys).is_ok()) {
        return Ok(());
    }
    let made = api_keys::table
        .filter(api_keys::organisation_id.eq(organisation.uuid()))
        .filter(api_keys::user_id.eq(user.uuid()))
        .filter(api_keys::revoked_at.is_null());
    let ids: Vec<Uuid> =
        made.select(api_keys::id).order(api_keys::id).for_update().load(conn).await?;
    revoke(conn, &ids, (actor, "membership_over"), now).await
}

impl Store {
    /// The keys of an organisation, the newest first, those that are over too; for those who decide there.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody who is not a member, or [`Error::Organisation`] by rank.
    pub async fn organisation_keys(
        &self,
        user: UserId,
        id: OrganisationId,
        after: Option<ApiKeyId>,
        limit: i64,
    ) -> Result<Page<ApiKeyView>, Error> {
        let mut conn = self.connection().await?;
        permit(&mut conn, user, id, Act::Keys).await?;
        let rows: Vec<Row> = Row::query()
            .filter(api_keys::organisation_id.eq(id.uuid()))
            .filter(api_keys::id.lt(after.map_or(Uuid::max(), ApiKeyId::uuid)))
            .order(api_keys::id.desc())
            .limit(Page::<Row>::fetch(limit))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(ApiKeyView::try_from)
    }

    /// Ends a key of an organisation, whoever made it; one that is revoked stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Organisation`] by rank.
    pub async fn revoke_organisation_key(
        &self,
        user: UserId,
        (organisation, id): (OrganisationId, ApiKeyId),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let (_, rank) = lock_as_member(conn, user, organisation).await?;
            organisation::permit(rank, Act::Keys)?;
            let key: Option<Uuid> = api_keys::table
                .find(id.uuid())
                .filter(api_keys::organisation_id.eq(organisation.uuid()))
                .select(api_keys::id)
                .for_update()
                .first(conn)
                .await
                .optional()?;
            let key = key.ok_or(Error::NotFound("API key"))?;
            revoke(conn, &[key], (Actor::User(user), "revoked"), now).await
        })
        .await
    }
}
