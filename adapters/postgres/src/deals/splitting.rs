//! Offering to divide a milestone. A percentage is one of the amount that the milestone has when it is offered.

use super::write::By;
use super::{DealView, apply, lock_as_party, view};
use crate::error::Error;
use crate::pool::Store;
use crate::users;
use amana_domain::deal::{Actor, Command, Share, decide};
use amana_domain::id::{DealId, MilestoneId, UserId};
use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;

impl Store {
    /// # Errors
    /// [`Error::NotFound`] for a deal of others, [`Error::Refused`] if the rules say no.
    pub async fn offer_split(
        &self,
        user: UserId,
        (id, part): (DealId, MilestoneId),
        share: Share,
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_open(conn, user).await?;
            let deal = lock_as_party(conn, user, id).await?;
            let to_seller = share.of(deal.require_milestone(part)?.amount)?;
            let (by, command) =
                (By::from(Actor::User(user)), Command::OfferSplit { milestone: part, to_seller });
            let decision = decide(&deal, &command, by.actor, now)?;
            apply(conn, &deal, &decision, &by, now).await?;
            view(conn, vault, id).await
        })
        .await
    }
}
