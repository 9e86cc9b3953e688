//! Records of which user invited which. Conflict-of-interest rules need them long after the invitation is deleted.

use crate::error::Error;
use crate::schema::introductions;
use amana_domain::deal::{Deal, Decision, Event};
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Records that a user has accepted another user's invitation.
pub(crate) async fn keep(
    conn: &mut AsyncPgConnection,
    inviter: UserId,
    invitee: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if inviter == invitee {
        return Ok(());
    }
    diesel::insert_into(introductions::table)
        .values((
            introductions::inviter_id.eq(inviter.uuid()),
            introductions::invitee_id.eq(invitee.uuid()),
            introductions::at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// Records that the party that joins a deal was invited by the existing party.
pub(crate) async fn follow(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for event in &decision.events {
        if let Event::Joined(role) = event
            && let (Some(inviter), Some(invitee)) =
                (before.party(role.other()), decision.deal.party(*role))
        {
            keep(conn, inviter, invitee, now).await?;
        }
    }
    Ok(())
}
