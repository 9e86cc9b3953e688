//! Keys that belong to an organisation. A key acts for the member who created it. Members whose rank allows it list and
//! revoke all keys of the organisation. A key is revoked when its creator loses this rank or leaves.

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

/// Locks the organisation and checks that the member may create its keys.
///
/// # Errors
/// [`Conflict::UnknownOrganisation`] if the user is no member, or [`Error::Organisation`] if the rank is too low.
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

/// Revokes the organisation's keys of a user whose new rank does not allow keys, or who left (`None`). The caller has
/// locked the organisation.
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
    /// Returns the keys of an organisation, also revoked and expired ones, newest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the user is no member, or [`Error::Organisation`] if the rank is too low.
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

    /// Revokes a key of an organisation, also one of another member. A revoked key does not change.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Organisation`] if the rank is too low.
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
