//! Conflicts of interest: the one place where the store checks the permission of a member of staff.
//!
//! Every caller must name the matter, so that no decision omits the check for a conflict.

mod concerned;

pub(crate) use concerned::Matter;

use crate::error::Error;
use crate::schema::sessions;
use crate::vault::Vault;
use amana_domain::factor::{Risk, Standing};
use amana_domain::id::{SessionId, UserId};
use amana_domain::money::Money;
use amana_domain::permission::{self, Action, Circumstances, Resource, Staff, Tie};
use chrono::{DateTime, Utc};
use concerned::Concerned;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Checks whether a member of staff may act on a matter and its amount. The role is checked before the matter is read,
/// so that a refusal does not reveal which matters exist.
///
/// # Errors
/// [`Error::Denied`], or [`Error::NotFound`] if there is no such matter.
pub(crate) async fn permit(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    staff: &Staff,
    right: (Resource, Action),
    matter: Matter<'_>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    permission::reaches(staff.role, right)?;
    let (tie, amount) = stakes(conn, vault, staff.user, matter).await?;
    let stepped_up = has_stepped_up(conn, staff.session, now).await?;
    let circumstances =
        Circumstances { at: now, from_listed: staff.from_listed, stepped_up, tie, amount };
    Ok(permission::permit(staff.role, right, &circumstances)?)
}

/// Returns the closest tie between the actor and the people concerned, and the amount of money in the matter.
///
/// # Errors
/// [`Error::NotFound`] if there is no such matter.
pub(crate) async fn stakes(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    actor: UserId,
    matter: Matter<'_>,
) -> Result<(Option<Tie>, Option<Money>), Error> {
    let concerned = concerned::of(conn, vault, matter).await?;
    let tie = if concerned.people.contains(&actor) {
        Some(Tie::Own)
    } else if concerned.is_nobody() {
        None
    } else {
        let ties = ties(conn, actor, &concerned).await?;
        let organisation = ties.organisation.then_some(Tie::Organisation);
        organisation.or(ties.invitation.then_some(Tie::Invitation))
    };
    Ok((tie, concerned.amount))
}

async fn has_stepped_up(
    conn: &mut AsyncPgConnection,
    session: SessionId,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let stepped_up_at: Option<Option<DateTime<Utc>>> = sessions::table
        .find(session.uuid())
        .select(sessions::stepped_up_at)
        .first(conn)
        .await
        .optional()?;
    let standing = Standing { stepped_up_at: stepped_up_at.flatten(), has_factor: true };
    Ok(standing.allows(Risk::StaffDecision, now))
}

#[derive(QueryableByName)]
struct Ties {
    #[diesel(sql_type = Bool)]
    organisation: bool,
    #[diesel(sql_type = Bool)]
    invitation: bool,
}

// Former members of an organisation are found in the event log. `at` and `since` both are times of the application.
const TIES: &str = "select
    exists (select from members own join members other using (organisation_id)
        where own.user_id = $1 and other.user_id = any($2))
    or exists (select from unnest($3, $4) as party (id, since) where
        exists (select from members where organisation_id = party.id and user_id = $1)
        or exists (select from events
            where subject = 'org_' || replace(party.id::text, '-', '') and kind = 'member.removed'
                and at >= party.since and data ->> 'user' = $5)) as organisation,
    exists (select from introductions
        where (inviter_id = $1 and invitee_id = any($2)) or (invitee_id = $1 and inviter_id = any($2))) as invitation";

async fn ties(
    conn: &mut AsyncPgConnection,
    actor: UserId,
    concerned: &Concerned,
) -> Result<Ties, Error> {
    let people: Vec<Uuid> = concerned.people.iter().map(|user| user.uuid()).collect();
    let (organisations, since): (Vec<Uuid>, Vec<DateTime<Utc>>) =
        concerned.organisations.iter().copied().unzip();
    Ok(diesel::sql_query(TIES)
        .bind::<SqlUuid, _>(actor.uuid())
        .bind::<Array<SqlUuid>, _>(people)
        .bind::<Array<SqlUuid>, _>(organisations)
        .bind::<Array<Timestamptz>, _>(since)
        .bind::<Text, _>(actor.to_string())
        .get_result(conn)
        .await?)
}
