//! Organisations. Every change to an organisation, its members or its invitations locks its row first, so that counted
//! limits hold until the commit.

mod members;
mod owners;

pub use members::MemberView;
pub(crate) use members::{insert as insert_member, is_member};
pub(crate) use owners::{is_needed as is_needed_owner, require_any as require_owner};

use crate::error::Error;
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{members as rows, organisations};
use crate::users;
use amana_domain::deal::Actor;
use amana_domain::event::OrganisationEvent;
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::{self, Act, Rank};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// An organisation as visible to one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationView {
    pub id: OrganisationId,
    pub name: String,
    /// The caller's role.
    pub rank: Rank,
    pub member_count: i64,
    pub created_at: DateTime<Utc>,
}

/// Returns a user's role in an organisation, which does not exist for non-members.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn rank_of(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<Rank, Error> {
    let rank: Option<String> = rows::table
        .find((id.uuid(), user.uuid()))
        .select(rows::rank)
        .first(conn)
        .await
        .optional()?;
    parse(&rank.ok_or(Error::NotFound("organisation"))?)
}

/// Verifies that a user's role permits an act, without a lock.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Organisation`].
pub(crate) async fn permit(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
    act: Act,
) -> Result<(), Error> {
    Ok(organisation::permit(rank_of(conn, user, id).await?, act)?)
}

/// Verifies the same and keeps the membership until this transaction ends.
pub(crate) async fn permit_until_commit(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
    act: Act,
) -> Result<(), Error> {
    let row = rows::table.find((id.uuid(), user.uuid())).select(rows::user_id);
    row.for_key_share().first::<Uuid>(conn).await.optional()?;
    permit(conn, user, id, act).await
}

/// Locks the organisation against changes, but not against new rows that refer to it. Returns its name.
pub(crate) async fn lock(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<String, Error> {
    let name: Option<String> = organisations::table
        .find(id.uuid())
        .select(organisations::name)
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    name.ok_or(Error::NotFound("organisation"))
}

pub(crate) async fn name(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
) -> Result<String, Error> {
    Ok(organisations::table.find(id.uuid()).select(organisations::name).first(conn).await?)
}

/// Locks the organisation for a member whose account is active. Returns its name and the member's role.
pub(crate) async fn lock_as_member(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<(String, Rank), Error> {
    users::require_active(conn, user).await?;
    let name = lock(conn, id).await?;
    Ok((name, rank_of(conn, user, id).await?))
}

pub(crate) async fn view(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<OrganisationView, Error> {
    let rank = rank_of(conn, user, id).await?;
    let (name, created_at) = organisations::table
        .find(id.uuid())
        .select((organisations::name, organisations::created_at))
        .first(conn)
        .await?;
    let member_count = members::count(conn, id).await?;
    Ok(OrganisationView { id, name, rank, member_count, created_at })
}

impl Store {
    /// Creates an organisation with the caller as owner.
    ///
    /// # Errors
    /// [`Error::Organisation`] if the user belongs to too many organisations.
    pub async fn create_organisation(
        &self,
        keyed: &Keyed,
        name: &str,
        render: fn(&OrganisationView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (mut conn, owner) = (self.connection().await?, keyed.user);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            // The lock makes the count exact when a user creates two organisations concurrently.
            users::lock_active(conn, owner).await?;
            let id = OrganisationId::new(Uuid::now_v7());
            diesel::insert_into(organisations::table)
                .values((
                    organisations::id.eq(id.uuid()),
                    organisations::name.eq(name),
                    organisations::created_at.eq(now),
                ))
                .execute(conn)
                .await?;
            insert_member(conn, id, (owner, Rank::Owner), now).await?;
            let created = OrganisationEvent::Created { name: name.to_owned() };
            log::append(conn, now, Actor::User(owner), id, created).await?;
            let view = view(conn, owner, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Returns the organisations of a user, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn organisations(
        &self,
        user: UserId,
        after: Option<OrganisationId>,
        limit: i64,
    ) -> Result<Page<OrganisationView>, Error> {
        let mut conn = self.connection().await?;
        let ids: Vec<Uuid> = rows::table
            .filter(rows::user_id.eq(user.uuid()))
            .filter(rows::organisation_id.lt(after.map_or(Uuid::max(), OrganisationId::uuid)))
            .order(rows::organisation_id.desc())
            .limit(Page::<Uuid>::fetch(limit))
            .select(rows::organisation_id)
            .load(&mut conn)
            .await?;
        let page = Page::cut(ids, limit);
        let mut items = Vec::with_capacity(page.items.len());
        for id in page.items {
            items.push(view(&mut conn, user, OrganisationId::new(id)).await?);
        }
        Ok(Page { items, more: page.more })
    }

    /// # Errors
    /// [`Error::NotFound`] unless the user is a member.
    pub async fn organisation(
        &self,
        user: UserId,
        id: OrganisationId,
    ) -> Result<OrganisationView, Error> {
        let mut conn = self.connection().await?;
        view(&mut conn, user, id).await
    }

    /// # Errors
    /// [`Error::NotFound`] unless the user is a member, [`Error::Organisation`] if the domain refuses.
    pub async fn rename_organisation(
        &self,
        user: UserId,
        id: OrganisationId,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<OrganisationView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let (before, rank) = lock_as_member(conn, user, id).await?;
            organisation::permit(rank, Act::Rename)?;
            diesel::update(organisations::table.find(id.uuid()))
                .set(organisations::name.eq(name))
                .execute(conn)
                .await?;
            let renamed = OrganisationEvent::Renamed { from: before, to: name.to_owned() };
            log::append(conn, now, Actor::User(user), id, renamed).await?;
            view(conn, user, id).await
        })
        .await
    }
}
