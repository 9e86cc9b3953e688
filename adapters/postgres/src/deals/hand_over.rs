//! The code that the buyer gives the seller at delivery. It is not stored: it is derived from the milestone's id, and
//! changes each time the buyer rejects a delivery.

use super::load_as_party;
use crate::codes::CodeKey;
use crate::error::Error;
use crate::invitations::Told;
use crate::pool::Store;
use crate::schema::{hand_over_tries, milestones};
use crate::statement::statement;
use amana_domain::code::Code;
use amana_domain::deal::{
    Actor, Command, HAND_OVER_PERIOD, HAND_OVER_TRIES_MAX, Milestone, MilestoneState, Refusal,
    Role, decide,
};
use amana_domain::id::{DealId, MilestoneId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{SmallInt, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub(super) fn code(key: &CodeKey, milestone: &Milestone) -> Code {
    key.hand_over(milestone.id, milestone.reworks)
}

statement! {
    /// Counts an attempt before the code is compared, so that concurrent attempts cannot exceed the limit: no row is
    /// written beyond it.
    CountTry(
        milestone: SqlUuid = Uuid,
        now: Timestamptz = DateTime<Utc>,
        over: Timestamptz = DateTime<Utc>,
        max: SmallInt = i16,
    ) "insert into hand_over_tries as known (milestone_id, tries, since) values ($1, 1, $2)
        on conflict (milestone_id) do update set
            tries = case when known.since <= $3 then 1 else known.tries + 1 end,
            since = case when known.since <= $3 then $2 else known.since end
        where known.since <= $3 or known.tries < $4"
}

/// Counts an attempt by a user who may deliver now. Must not run inside a transaction that may still roll back.
///
/// # Errors
/// The refusal of the delivery itself, which counts no attempt; [`Refusal::HandOverTooMany`].
pub(super) async fn count_try(
    conn: &mut AsyncPgConnection,
    user: UserId,
    (deal, milestone): (DealId, MilestoneId),
    command: &Command,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = load_as_party(conn, user, deal).await?;
    decide(&deal, command, Actor::User(user), now)?;
    let over = now.checked_sub_signed(HAND_OVER_PERIOD).unwrap_or(now);
    let (milestone, max) = (milestone.uuid(), HAND_OVER_TRIES_MAX);
    let counted = CountTry { milestone, now, over, max };
    if counted.execute(conn).await? == 1 {
        return Ok(());
    }
    let since: DateTime<Utc> =
        hand_over_tries::table.find(milestone).select(hand_over_tries::since).first(conn).await?;
    let again = since.checked_add_signed(HAND_OVER_PERIOD).unwrap_or(now);
    let wait = again.signed_duration_since(now).max(TimeDelta::seconds(1));
    Err(Error::Refused(Refusal::HandOverTooMany { wait }))
}

/// Returns the code for a message to the buyer, if the milestone is funded and not delivered.
pub(crate) async fn to_send(
    conn: &mut AsyncPgConnection,
    id: MilestoneId,
) -> Result<Option<Told>, Error> {
    let found: Option<(String, i16)> = milestones::table
        .find(id.uuid())
        .select((milestones::state, milestones::reworks))
        .first(conn)
        .await
        .optional()?;
    let (state, reworks) = found.ok_or(Error::NotFound("milestone"))?;
    let reworks = u8::try_from(reworks).map_err(Error::row)?;
    let is_awaited = state == MilestoneState::Funded.as_str();
    Ok(is_awaited.then_some(Told::HandOver { milestone: id, reworks }))
}

impl Store {
    /// Returns the code to the buyer while the milestone is funded and not delivered.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user, [`Refusal::WrongParty`] unless the user is the buyer,
    /// [`Refusal::WrongMilestoneState`] before the milestone is funded and once it is delivered.
    pub async fn delivery_code(
        &self,
        user: UserId,
        (deal, milestone): (DealId, MilestoneId),
        key: &CodeKey,
    ) -> Result<Code, Error> {
        let mut conn = self.connection().await?;
        let deal = load_as_party(&mut conn, user, deal).await?;
        if deal.role_of(user) != Some(Role::Buyer) {
            return Err(Error::Refused(Refusal::WrongParty { wanted: Role::Buyer }));
        }
        let milestone = deal.require_milestone(milestone)?;
        if milestone.state != MilestoneState::Funded {
            let (state, command) = (milestone.state, "hand_over");
            return Err(Error::Refused(Refusal::WrongMilestoneState { state, command }));
        }
        Ok(code(key, milestone))
    }
}
