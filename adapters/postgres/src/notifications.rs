//! Messages to people: recorded with the change that causes them, sent by jobs.

use crate::error::Error;
use crate::job::Job;
use crate::jobs::{self, Claim};
use crate::pool::Store;
use crate::row::parse;
use crate::schema::notifications;
use crate::users::{self, User};
use amana_domain::id::UserId;
use amana_domain::notice::{self, Channel, Template};
use amana_domain::time::EAT;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

/// A message that is to be sent now.
#[derive(Debug, Clone)]
pub struct PendingNotification {
    pub id: Uuid,
    pub user: User,
    pub template: Template,
    pub channel: Channel,
    pub params: Value,
}

/// Records one message per channel of the template, each with a job of its own: a failing SMS gateway
/// must not repeat the e-mail.
pub(crate) async fn enqueue(
    conn: &mut AsyncPgConnection,
    user: &User,
    template: Template,
    params: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let mut params = params;
    if let Some(map) = params.as_object_mut() {
        map.insert("name".to_owned(), json!(user.name));
    }
    for channel in notice::channels(template) {
        let id = Uuid::now_v7();
        diesel::insert_into(notifications::table)
            .values((
                notifications::id.eq(id),
                notifications::user_id.eq(user.id.uuid()),
                notifications::template.eq(template.as_str()),
                notifications::channel.eq(channel.as_str()),
                notifications::params.eq(&params),
                notifications::created_at.eq(now),
            ))
            .execute(conn)
            .await?;
        jobs::enqueue(conn, &Job::SendNotification { notification: id }, now, now).await?;
    }
    Ok(())
}

/// A deadline as people here read it.
pub(crate) fn deadline_text(at: DateTime<Utc>) -> String {
    at.with_timezone(&EAT).format("%d.%m.%Y %H:%M EAT").to_string()
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
}

impl Store {
    /// The message behind a job, unless it has been sent.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such message.
    pub async fn pending_notification(
        &self,
        id: Uuid,
    ) -> Result<Option<PendingNotification>, Error> {
        let mut conn = self.connection().await?;
        let row =
            Row::query().filter(notifications::id.eq(id)).first(&mut conn).await.optional()?;
        let row = row.ok_or(Error::NotFound("notification"))?;
        if row.sent_at.is_some() {
            return Ok(None);
        }
        let user = users::load(&mut conn, UserId::new(row.user_id)).await?;
        let (template, channel) = (parse(&row.template)?, parse(&row.channel)?);
        Ok(Some(PendingNotification { id: row.id, user, template, channel, params: row.params }))
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
