//! Offers to split a milestone. A percentage refers to the milestone's amount at the time of the offer.

use super::write::By;
use super::{DealView, carry_out, lock_as_party, view};
use crate::error::Error;
use crate::pool::Store;
use crate::users;
use amana_domain::deal::{Actor, Command, Share};
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
            users::require_active(conn, user).await?;
            let loaded = lock_as_party(conn, user, id).await?;
            let to_seller = share.of(loaded.deal.require_milestone(part)?.amount)?;
            let (by, command) =
                (By::from(Actor::User(user)), Command::OfferSplit { milestone: part, to_seller });
            let done = carry_out(conn, loaded, &command, &by, now).await?;
            view::of(conn, vault, done).await
        })
        .await
    }
}
