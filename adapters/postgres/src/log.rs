//! The event log: events are appended in the transaction of the change, and numbered after its commit.
//!
//! Timeline, audit trail and messages are read from it (`read.rs`). A sequencer numbers committed transactions densely
//! (`number.rs`), and subscribers read by number.

mod number;
mod read;
mod subscribe;

pub use read::{AuditRecord, LoggedEvent, TimelineEvent};
pub(crate) use read::{newest, timeline};
pub(crate) use subscribe::Subscriber;

use crate::call_context::current_call;
use crate::error::Error;
use crate::statement::statement;
use amana_domain::event::{Actor, Event};
use amana_domain::id::{ApiKeyId, DealId, MilestoneId, SessionId, UserId};
use chrono::{DateTime, Utc};
use diesel::sql_types::{
    Array, Bool, Integer, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::Value;
use std::fmt::Display;
use uuid::Uuid;

/// An event to append.
#[derive(Debug)]
pub(crate) struct NewEvent {
    actor: Actor,
    subject: String,
    deal: Option<DealId>,
    milestone: Option<MilestoneId>,
    event: Event,
    session: Option<SessionId>,
    api_key: Option<ApiKeyId>,
    request: Option<String>,
}

impl NewEvent {
    /// Creates an event with the origin of the current call.
    pub(crate) fn new(
        actor: impl Into<Actor>,
        subject: impl Display,
        event: impl Into<Event>,
    ) -> Self {
        let call = current_call();
        Self {
            actor: actor.into(),
            subject: subject.to_string(),
            deal: None,
            milestone: None,
            event: event.into(),
            session: call.session,
            api_key: call.machine.map(|machine| machine.key),
            request: call.request_id,
        }
    }

    /// Makes the event part of the deal's timeline.
    pub(crate) fn of_deal(self, deal: DealId, milestone: Option<MilestoneId>) -> Self {
        Self { deal: Some(deal), milestone, ..self }
    }

    /// Sets the API key of a call whose effect another task writes.
    pub(crate) fn through(self, api_key: Option<ApiKeyId>) -> Self {
        Self { api_key, ..self }
    }
}

statement! {
    #[derive(Default)]
    InsertEvents(
        count: Integer = i32,
        at: Timestamptz = DateTime<Utc>,
        kinds: Array<Text> = Vec<&'static str>,
        actor_kinds: Array<Text> = Vec<&'static str>,
        actors: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        sessions: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        api_keys: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        requests: Array<Nullable<Text>> = Vec<Option<String>>,
        subjects: Array<Text> = Vec<String>,
        deals: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        milestones: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        audiences: Array<Text> = Vec<&'static str>,
        data: Array<Jsonb> = Vec<Value>,
        has_deals: Bool = bool,
    ) "with place as materialized (select * from events_reserve($1)),
        numbered as (
            update deals set event_seq = event_seq + counted.n
            from (select id, count(*) as n from unnest($10) as of (id) where id is not null group by id) counted
            where $14 and deals.id = counted.id
            returning deals.id, event_seq - counted.n as base
        )
        insert into events (tx, ordinal, at, kind, actor_kind, actor_id, session_id, api_key_id, request_id,
            subject, deal_id, deal_seq, milestone_id, audience, data)
        select place.tx, place.first + new.n - 1, $2, new.kind, new.actor_kind, new.actor_id, new.session_id,
            new.api_key_id, new.request_id, new.subject, new.deal_id,
            numbered.base + row_number() over (partition by new.deal_id order by new.n),
            new.milestone_id, new.audience, new.data
        from place
        cross join unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) with ordinality
            as new (kind, actor_kind, actor_id, session_id, api_key_id, request_id, subject, deal_id,
                milestone_id, audience, data, n)
        left join numbered on numbered.id = new.deal_id"
}

/// Appends one event.
pub(crate) async fn append(
    conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    actor: impl Into<Actor>,
    subject: impl Display,
    event: impl Into<Event>,
) -> Result<(), Error> {
    append_all(conn, now, [NewEvent::new(actor, subject, event)]).await
}

/// Appends events in their order. Events of a deal are numbered within it, which locks the deal's row.
pub(crate) async fn append_all(
    mut conn: &AsyncPgConnection,
    now: DateTime<Utc>,
    events: impl IntoIterator<Item = NewEvent>,
) -> Result<(), Error> {
    let mut columns = InsertEvents { at: now, ..InsertEvents::default() };
    for new in events {
        columns.kinds.push(new.event.kind());
        columns.actor_kinds.push(new.actor.kind());
        columns.actors.push(new.actor.user().map(UserId::uuid));
        columns.sessions.push(new.session.map(SessionId::uuid));
        columns.api_keys.push(new.api_key.map(ApiKeyId::uuid));
        columns.requests.push(new.request);
        columns.subjects.push(new.subject);
        columns.has_deals |= new.deal.is_some();
        columns.deals.push(new.deal.map(DealId::uuid));
        columns.milestones.push(new.milestone.map(MilestoneId::uuid));
        columns.audiences.push(new.event.audience().as_str());
        columns.data.push(data(&new.event)?);
    }
    let count = columns.kinds.len();
    if count == 0 {
        return Ok(());
    }
    columns.count = i32::try_from(count).map_err(Error::row)?;
    let written = columns.execute(&mut conn).await?;
    if written == count { Ok(()) } else { Err(Error::row("an event was not written")) }
}

/// Returns the data of an event, without its kind.
fn data(event: &Event) -> Result<Value, Error> {
    let mut whole = serde_json::to_value(event).map_err(Error::row)?;
    Ok(whole.get_mut("data").map(Value::take).unwrap_or_default())
}
