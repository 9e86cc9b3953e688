//! Readers of the log: audit trail of a subject, timeline of a deal, the whole log by number.

use crate::error::Error;
use crate::page::{PAGE_MAX, Page};
use crate::pool::Store;
use crate::schema::events;
use amana_domain::event::{Actor, Event};
use amana_domain::id::{DealId, UserId};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

/// One event about a subject, for auditors.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = events)]
pub struct AuditRecord {
    pub at: DateTime<Utc>,
    pub kind: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub session_id: Option<Uuid>,
    pub api_key_id: Option<Uuid>,
    pub request_id: Option<String>,
    pub subject: String,
    pub data: Value,
}

impl AuditRecord {
    /// Returns the id of the user or operator who acted, or else the kind of the actor.
    #[must_use]
    pub fn actor(&self) -> String {
        self.actor_id.map_or_else(|| self.actor_kind.clone(), |id| UserId::new(id).to_string())
    }
}

/// One event of a deal, numbered within the deal.
#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = events)]
pub struct TimelineEvent {
    #[diesel(select_expression = events::deal_seq.assume_not_null())]
    pub seq: i64,
    pub kind: String,
    pub milestone_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub data: Value,
    pub at: DateTime<Utc>,
}

/// One event with its number in the whole log.
#[derive(Debug, Clone, QueryableByName)]
pub struct LoggedEvent {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    pub seq: i64,
    #[diesel(sql_type = diesel::sql_types::Timestamptz)]
    pub at: DateTime<Utc>,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub kind: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub actor_kind: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Uuid>)]
    pub actor_id: Option<Uuid>,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub subject: String,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Uuid>)]
    pub deal_id: Option<Uuid>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::BigInt>)]
    pub deal_seq: Option<i64>,
    #[diesel(sql_type = diesel::sql_types::Jsonb)]
    pub data: Value,
}

impl LoggedEvent {
    /// Returns the typed event.
    ///
    /// # Errors
    /// If its kind or data is unknown to this version.
    pub fn event(&self) -> Result<Event, Error> {
        let whole = json!({ "kind": self.kind, "data": self.data });
        Event::read(&self.kind, whole).map_err(Error::row)
    }

    pub(crate) fn actor(&self) -> Result<Actor, Error> {
        let actor = Actor::read(&self.actor_kind, self.actor_id.map(UserId::new));
        actor.ok_or_else(|| Error::row("an event without a known actor"))
    }
}

/// Returns the timeline of a deal after the number `after`, oldest first.
pub(crate) async fn timeline(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    after: i64,
    limit: i64,
) -> Result<Vec<TimelineEvent>, Error> {
    Ok(TimelineEvent::query()
        .filter(events::deal_id.eq(deal.uuid()))
        .filter(events::deal_seq.gt(after))
        .order(events::deal_seq)
        .limit(Page::<TimelineEvent>::fetch(limit))
        .load(conn)
        .await?)
}

/// Returns the newest events of a deal, oldest first.
pub(crate) async fn newest(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    limit: i64,
) -> Result<Vec<TimelineEvent>, Error> {
    let mut found: Vec<TimelineEvent> = TimelineEvent::query()
        .filter(events::deal_id.eq(deal.uuid()))
        .order(events::deal_seq.desc())
        .limit(limit)
        .load(conn)
        .await?;
    found.reverse();
    Ok(found)
}

/// Returns numbered events after `after` in their order.
pub(super) async fn after(
    conn: &mut AsyncPgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<LoggedEvent>, Error> {
    Ok(diesel::sql_query(
        "select c.base + e.ordinal as seq, e.at, e.kind, e.actor_kind, e.actor_id, e.subject, e.deal_id, e.deal_seq, e.data
        from event_commits c join events e using (tx)
        where c.base >= (select coalesce(max(base), 0) from event_commits where base <= $1 + 1)
            and c.base <= $1 + $2 and c.base + e.ordinal > $1
        order by c.base, e.ordinal limit $2",
    )
    .bind::<diesel::sql_types::BigInt, _>(after)
    .bind::<diesel::sql_types::BigInt, _>(limit)
    .load(conn)
    .await?)
}

impl Store {
    /// Returns the events about one subject, oldest first; at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn audit_of(&self, subject: &str) -> Result<Vec<AuditRecord>, Error> {
        let mut conn = self.connection().await?;
        Ok(AuditRecord::query()
            .filter(events::subject.eq(subject))
            .order((events::at, events::tx, events::ordinal))
            .limit(PAGE_MAX)
            .load(&mut conn)
            .await?)
    }

    /// Returns at most `limit` events of the whole log after the number `after`, in their order and without a gap.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn events_after(&self, after: i64, limit: i64) -> Result<Vec<LoggedEvent>, Error> {
        self::after(&mut *self.connection().await?, after, limit).await
    }
}
