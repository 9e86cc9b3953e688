//! Messages at the time of sending: address, content, and reasons not to send.

mod bounds;
mod told;

use crate::error::Error;
use crate::invitations::Told;
use crate::jobs::{self, Claim};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::notifications;
use crate::users;
use amana_domain::contact::Contact;
use amana_domain::id::UserId;
use amana_domain::notice::{Channel, Locale, Template};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use serde_json::Value;
use told::Addressed;
use uuid::Uuid;

/// A message to send now.
#[derive(Clone)]
pub struct PendingNotification {
    pub id: Uuid,
    pub to: Contact,
    pub locale: Locale,
    pub template: Template,
    pub channel: Channel,
    pub params: Value,
    /// The secret content, which is not stored in the message's row.
    pub told: Option<Told>,
}

impl std::fmt::Debug for PendingNotification {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingNotification")
            .field("id", &self.id)
            .field("template", &self.template)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

#[derive(HasQuery)]
#[diesel(table_name = notifications)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    template: String,
    channel: String,
    params: Value,
    sent_at: Option<DateTime<Utc>>,
    address_sealed: Option<Vec<u8>>,
    code_id: Option<Uuid>,
    invitation_id: Option<Uuid>,
    deal_invitation_id: Option<Uuid>,
    hand_over_milestone_id: Option<Uuid>,
}

impl Store {
    /// Returns the message of a job. Returns `None` if it must not be sent: it was sent already, its code or invitation
    /// is invalid, the reader is erased or has no verified contact, or the address reached its bound for this cause.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such message.
    pub async fn pending_notification(
        &self,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingNotification>, Error> {
        let mut conn = self.connection().await?;
        let row =
            Row::query().filter(notifications::id.eq(id)).first(&mut conn).await.optional()?;
        let row = row.ok_or(Error::NotFound("notification"))?;
        if row.sent_at.is_some() {
            return Ok(None);
        }
        let user = users::load(&mut conn, UserId::new(row.user_id)).await?;
        if user.erased_at.is_some() {
            return Ok(None);
        }
        let vault = self.vault()?;
        let found = told::addressed(&mut conn, vault, (&row, &user), now).await?;
        let Some(Addressed { to, told, locale }) = found else { return Ok(None) };
        if !bounds::has_room(&mut conn, vault, (&row, &user, &to), now).await? {
            return Ok(None);
        }
        Ok(Some(PendingNotification {
            id: row.id,
            channel: to.channel(),
            to,
            locale: locale.unwrap_or(user.locale),
            template: parse(&row.template)?,
            params: told::without_unproven_name(&row),
            told,
        }))
    }

    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn notification_sent(
        &self,
        claim: &Claim,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            diesel::update(notifications::table.find(id))
                .set(notifications::sent_at.eq(Some(now)))
                .execute(conn)
                .await?;
            jobs::finish(conn, claim, now).await
        })
        .await
    }
}
