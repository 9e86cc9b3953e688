//! Invitations that end because they expired or because their inviter lost the permission to send them.

use super::{end, over};
use crate::error::Error;
use crate::log;
use crate::pool::Store;
use crate::schema::invitations;
use amana_domain::deal::Actor;
use amana_domain::event::OrganisationEvent;
use amana_domain::id::{InvitationId, OrganisationId, UserId};
use amana_domain::organisation::{Act, InvitationEnd, Rank, permit};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Maximum number of invitations per run; the next run ends the rest.
const EXPIRED_MAX: i64 = 500;

async fn record(
    conn: &mut AsyncPgConnection,
    ended: Vec<(Uuid, Uuid)>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for (id, organisation) in ended {
        let expired = OrganisationEvent::InvitationExpired { invitation: InvitationId::new(id) };
        log::append(conn, now, Actor::System, OrganisationId::new(organisation), expired).await?;
    }
    Ok(())
}

/// Ends the expired invitations of one organisation, whose row must be locked.
pub(super) async fn end_expired_of(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let expired = invitations::table
        .filter(invitations::organisation_id.eq(organisation.uuid()))
        .filter(invitations::ended_at.is_null())
        .filter(invitations::expires_at.le(now));
    let ended = diesel::update(expired)
        .set(over(InvitationEnd::Expired, now))
        .returning((invitations::id, invitations::organisation_id))
        .get_results(conn)
        .await?;
    record(conn, ended, now).await
}

/// Ends the open invitations that a member may no longer send after a change of role or the end of the membership. The
/// organisation's row must be locked.
pub(crate) async fn end_beyond(
    conn: &mut AsyncPgConnection,
    organisation: OrganisationId,
    (user, rank): (UserId, Option<Rank>),
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let could_not = |to: &&Rank| rank.is_none_or(|own| permit(own, Act::Invite(**to)).is_err());
    let beyond: Vec<&str> = Rank::ALL.iter().filter(could_not).map(|to| to.as_str()).collect();
    let open: Vec<Uuid> = invitations::table
        .filter(invitations::organisation_id.eq(organisation.uuid()))
        .filter(invitations::invited_by.eq(user.uuid()))
        .filter(invitations::ended_at.is_null())
        .filter(invitations::rank.eq_any(beyond))
        .order(invitations::id)
        .select(invitations::id)
        .for_no_key_update()
        .load(conn)
        .await?;
    for id in open.into_iter().map(InvitationId::new) {
        end(conn, id, InvitationEnd::Revoked, now).await?;
        let revoked = OrganisationEvent::InvitationRevoked { invitation: id };
        log::append(conn, now, actor, organisation, revoked).await?;
    }
    Ok(())
}

/// Ends the open invitations that an erased user sent or received. The addresses of those sent are sealed under the
/// destroyed key; those to the user's verified address can no longer be accepted.
pub(crate) async fn end_of_erased(
    conn: &mut AsyncPgConnection,
    (user, email_digest): (UserId, Option<Vec<u8>>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let open = || invitations::table.filter(invitations::ended_at.is_null());
    let sent = open().filter(invitations::invited_by.eq(user.uuid()));
    diesel::update(sent).set(over(InvitationEnd::Revoked, now)).execute(conn).await?;
    let Some(digest) = email_digest else { return Ok(()) };
    let received = open().filter(invitations::email_digest.eq(Some(digest)));
    diesel::update(received).set(over(InvitationEnd::Revoked, now)).execute(conn).await?;
    Ok(())
}

impl Store {
    /// Ends expired invitations and deletes their addresses.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn end_expired_invitations(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            // Skips invitations that are being changed; the next run ends them.
            let expired: Vec<Uuid> = invitations::table
                .filter(invitations::ended_at.is_null())
                .filter(invitations::expires_at.le(now))
                .order(invitations::expires_at)
                .limit(EXPIRED_MAX)
                .select(invitations::id)
                .for_no_key_update()
                .skip_locked()
                .load(conn)
                .await?;
            let rows = invitations::table.filter(invitations::id.eq_any(expired));
            let ended = diesel::update(rows)
                .set(over(InvitationEnd::Expired, now))
                .returning((invitations::id, invitations::organisation_id))
                .get_results(conn)
                .await?;
            record(conn, ended, now).await
        })
        .await
    }
}
