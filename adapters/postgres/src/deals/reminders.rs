//! Reminders of a deadline to the party that must act: each is sent once, and only while the deadline is open.

use super::write::lock;
use crate::error::Error;
use crate::job::{Job, TimerKind};
use crate::jobs::{self, Claim};
use crate::notifications::{self, deadline_text};
use crate::pool::Store;
use crate::schema::deal_reminders;
use crate::users;
use amana_domain::deal::{self, Deal, Timer};
use amana_domain::id::DealId;
use amana_domain::notice::Template;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

/// A deadline and the time before it at which the reminder is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    pub deal: DealId,
    pub timer: TimerKind,
    pub due_at: DateTime<Utc>,
    pub before_s: i64,
}

/// Returns the reminders of a deadline that has begun to run, each with its time.
pub(super) fn planned(
    deal: DealId,
    (timer, due_at): (Timer, DateTime<Utc>),
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Job, DateTime<Utc>)> {
    deal::reminders(due_at, now).map(move |at| {
        let before_s = due_at.signed_duration_since(at).num_seconds();
        (Job::RemindDeal { deal: deal.uuid(), timer: timer.into(), due_at, before_s }, at)
    })
}

impl Store {
    /// Reminds the party that must act. Sends nothing if the deadline was met, moved or missed.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken over the job.
    pub async fn remind_deal(
        &self,
        claim: &Claim,
        reminder: Reminder,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let deal = lock(conn, reminder.deal).await?;
            let runs = deal.due(reminder.timer.into()) == Some(reminder.due_at);
            if runs && now <= reminder.due_at && is_first(conn, reminder, now).await? {
                tell(conn, &deal, reminder, now).await?;
            }
            jobs::finish(conn, claim, now).await
        })
        .await
    }
}

async fn is_first(
    conn: &mut AsyncPgConnection,
    reminder: Reminder,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let timer = Timer::from(reminder.timer);
    let of = timer.milestone().map(|id| format!(":{id}")).unwrap_or_default();
    let added = diesel::insert_into(deal_reminders::table)
        .values((
            deal_reminders::deal_id.eq(reminder.deal.uuid()),
            deal_reminders::deadline.eq(format!("{}{of}", timer.name())),
            deal_reminders::due_at.eq(reminder.due_at),
            deal_reminders::before_s.eq(reminder.before_s),
            deal_reminders::told_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

async fn tell(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    reminder: Reminder,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let timer = Timer::from(reminder.timer);
    let Some(person) = deal.awaited(timer).and_then(|role| deal.party(role)) else {
        return Ok(());
    };
    let to = users::load(conn, person).await?;
    let params = json!({
        "deal_title": deal.title,
        "deadline": deadline_text(reminder.due_at),
        "silence": timer.name().as_str(),
    });
    notifications::enqueue(conn, &to, Template::DeadlineNear, params, now).await
}
