//! Messages as they are sent: to whom, and whether they are still worth sending.

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
use amana_domain::notice::{self, Channel, Locale, Template};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use told::Addressed;
use uuid::Uuid;

/// A message that is to be sent now.
#[derive(Clone)]
pub struct PendingNotification {
    pub id: Uuid,
    pub to: Contact,
    pub locale: Locale,
    pub template: Template,
    pub channel: Channel,
    pub params: Value,
    /// What it tells that is stored nowhere.
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

/// Whether the user got so many messages of this kind today that this one is not sent. The question is asked when a
/// message is sent, so that no cause of messages can forget it.
async fn is_one_too_many(
    conn: &mut AsyncPgConnection,
    row: &Row,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(max) = notice::day_max(parse(&row.template)?, parse(&row.channel)?) else {
        return Ok(false);
    };
    let since = now.checked_sub_signed(notice::DAY).unwrap_or(now);
    let sent: i64 = notifications::table
        .filter(notifications::user_id.eq(row.user_id))
        .filter(notifications::template.eq(&row.template))
        .filter(notifications::channel.eq(&row.channel))
        .filter(notifications::sent_at.gt(since))
        .count()
        .get_result(conn)
        .await?;
    Ok(sent >= max)
}

impl Store {
    /// The message behind a job, unless it has been sent, tells a code or an invitation that is not good any more, or
    /// is to somebody who is erased, has verified no contact that it could go to, or got enough of its kind today.
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
        if user.erased_at.is_some() || is_one_too_many(&mut conn, &row, now).await? {
            return Ok(None);
        }
        let found = told::addressed(&mut conn, self.vault()?, (&row, &user), now).await?;
        let Some(Addressed { to, told, locale }) = found else { return Ok(None) };
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
