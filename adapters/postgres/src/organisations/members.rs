//! The members of an organisation and their roles.

use super::{lock_as_member, owners, permit, rank_of};
use crate::error::{Conflict, Error};
use crate::handles;
use crate::page::Page;
use crate::people::PersonView;
use crate::pool::Store;
use crate::row::parse;
use crate::schema::{members, users as people};
use crate::{api_keys, invitations, log};
use amana_domain::deal::Actor;
use amana_domain::event::OrganisationEvent;
use amana_domain::id::{OrganisationId, UserId};
use amana_domain::organisation::{self, Act, Rank, keep_an_owner, may_belong, may_grow};
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    pub person: PersonView,
    pub rank: Rank,
    pub joined_at: DateTime<Utc>,
}

type Row = (Uuid, String, Option<String>, String, DateTime<Utc>);

fn member((id, name, handle, rank, joined_at): Row) -> Result<MemberView, Error> {
    let person = PersonView { id: UserId::new(id), name, handle: handles::read(handle)? };
    Ok(MemberView { person, rank: parse(&rank)?, joined_at })
}

pub(super) async fn count(conn: &mut AsyncPgConnection, id: OrganisationId) -> Result<i64, Error> {
    let all = members::table.filter(members::organisation_id.eq(id.uuid()));
    Ok(all.count().get_result(conn).await?)
}

async fn organisation_count(conn: &mut AsyncPgConnection, user: UserId) -> Result<i64, Error> {
    let all = members::table.filter(members::user_id.eq(user.uuid()));
    Ok(all.count().get_result(conn).await?)
}

pub(crate) async fn is_member(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: OrganisationId,
) -> Result<bool, Error> {
    let row = members::table.find((id.uuid(), user.uuid()));
    Ok(diesel::select(exists(row)).get_result(conn).await?)
}

/// Adds a member. The organisation's row and then the user's row must be locked.
///
/// # Errors
/// [`Error::Organisation`] if the organisation or the user has reached the limit, [`Conflict::AlreadyMember`].
pub(crate) async fn insert(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
    (user, rank): (UserId, Rank),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    may_grow(count(conn, id).await?)?;
    may_belong(organisation_count(conn, user).await?)?;
    let inserted = diesel::insert_into(members::table)
        .values((
            members::organisation_id.eq(id.uuid()),
            members::user_id.eq(user.uuid()),
            members::rank.eq(rank.as_str()),
            members::joined_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    if inserted == 1 { Ok(()) } else { Err(Error::Conflict(Conflict::AlreadyMember)) }
}

/// Returns the role of the member that an operation concerns.
async fn rank_of_member(
    conn: &mut AsyncPgConnection,
    id: OrganisationId,
    user: UserId,
) -> Result<Rank, Error> {
    let rank = rank_of(conn, user, id).await;
    rank.map_err(|error| match error {
        Error::NotFound(_) => Error::NotFound("member"),
        other => other,
    })
}

impl Store {
    /// Returns the members of an organisation, in the order of registration.
    ///
    /// # Errors
    /// [`Error::NotFound`] unless the caller is a member.
    pub async fn members(
        &self,
        user: UserId,
        id: OrganisationId,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Page<MemberView>, Error> {
        let mut conn = self.connection().await?;
        permit(&mut conn, user, id, Act::Read).await?;
        let rows: Vec<Row> = members::table
            .inner_join(people::table)
            .filter(members::organisation_id.eq(id.uuid()))
            .filter(members::user_id.gt(after.map_or(Uuid::nil(), UserId::uuid)))
            .order(members::user_id)
            .limit(Page::<Row>::fetch(limit))
            .select((people::id, people::name, people::handle, members::rank, members::joined_at))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(member)
    }

    /// Changes a member's role. Ends the member's open invitations and API keys that the new role could not create.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Organisation`] if the domain refuses.
    pub async fn set_member_role(
        &self,
        user: UserId,
        (id, of): (OrganisationId, UserId),
        rank: Rank,
        now: DateTime<Utc>,
    ) -> Result<MemberView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let (_, own) = lock_as_member(conn, user, id).await?;
            let before = rank_of_member(conn, id, of).await?;
            organisation::permit(own, Act::SetRank { from: before, to: rank })?;
            keep_an_owner(before, Some(rank), owners::others(conn, id, of).await?)?;
            if before != rank {
                diesel::update(members::table.find((id.uuid(), of.uuid())))
                    .set(members::rank.eq(rank.as_str()))
                    .execute(conn)
                    .await?;
                let actor = Actor::User(user);
                invitations::end_beyond(conn, id, (of, Some(rank)), actor, now).await?;
                api_keys::end_beyond(conn, id, (of, Some(rank)), actor, now).await?;
                let changed =
                    OrganisationEvent::MemberRoleChanged { user: of, from: before, to: rank };
                log::append(conn, now, actor, id, changed).await?;
            }
            let row = members::table
                .inner_join(people::table)
                .filter(members::organisation_id.eq(id.uuid()))
                .filter(members::user_id.eq(of.uuid()))
                .select((
                    people::id,
                    people::name,
                    people::handle,
                    members::rank,
                    members::joined_at,
                ));
            member(row.first(conn).await?)
        })
        .await
    }

    /// Removes a member, or lets the caller leave. Deals in the name of the organisation stay unchanged.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Organisation`] if the domain refuses.
    pub async fn remove_member(
        &self,
        user: UserId,
        (id, of): (OrganisationId, UserId),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let (_, own) = lock_as_member(conn, user, id).await?;
            let before = rank_of_member(conn, id, of).await?;
            if user != of {
                organisation::permit(own, Act::Remove(before))?;
            }
            keep_an_owner(before, None, owners::others(conn, id, of).await?)?;
            diesel::delete(members::table.find((id.uuid(), of.uuid()))).execute(conn).await?;
            let actor = Actor::User(user);
            invitations::end_beyond(conn, id, (of, None), actor, now).await?;
            api_keys::end_beyond(conn, id, (of, None), actor, now).await?;
            let removed = OrganisationEvent::MemberRemoved { user: of, role: before };
            log::append(conn, now, actor, id, removed).await
        })
        .await
    }
}
