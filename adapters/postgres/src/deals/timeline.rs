//! The timeline of a deal: numbered events, never changed.

use super::write::By;
use crate::audit::actor_user;
use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::deal_events;
use crate::statement::statement;
use amana_domain::deal::{Actor, Deal, Decision, Event, Viewer, may_see};
use amana_domain::id::{DealId, MilestoneId, UserId};
use amana_domain::money::Money;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = deal_events)]
pub struct TimelineEvent {
    pub seq: i64,
    pub name: String,
    pub milestone_id: Option<Uuid>,
    pub actor_id: Option<Uuid>,
    pub data: Value,
    pub at: DateTime<Utc>,
}

statement! {
    #[derive(Default)]
    InsertEvents(
        deal: SqlUuid = Uuid,
        at: Timestamptz = DateTime<Utc>,
        count: BigInt = i64,
        names: Array<Text> = Vec<&'static str>,
        milestones: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        actors: Array<Nullable<SqlUuid>> = Vec<Option<Uuid>>,
        data: Array<Jsonb> = Vec<Value>,
    ) "with numbered as (update deals set event_seq = event_seq + $3 where id = $1 returning event_seq)
        insert into deal_events (deal_id, at, seq, name, milestone_id, actor_id, data)
        select $1, $2, numbered.event_seq - $3 + new.n, new.name, new.milestone_id, new.actor_id, new.data
        from numbered, unnest($4, $5, $6, $7) with ordinality as new (name, milestone_id, actor_id, data, n)"
}

/// An event that has no number yet.
pub(super) struct NewEvent {
    pub(super) name: &'static str,
    pub(super) milestone: Option<MilestoneId>,
    pub(super) actor: Actor,
    pub(super) data: Value,
}

/// Numbers the events within their deal; the deal's row is locked by this.
pub(super) async fn append(
    mut conn: &AsyncPgConnection,
    deal: DealId,
    events: Vec<NewEvent>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let wanted = events.len();
    let count = i64::try_from(wanted).map_err(Error::row)?;
    let mut columns = InsertEvents { deal: deal.uuid(), at: now, count, ..InsertEvents::default() };
    for event in events {
        columns.names.push(event.name);
        columns.milestones.push(event.milestone.map(MilestoneId::uuid));
        columns.actors.push(actor_user(event.actor).map(UserId::uuid));
        columns.data.push(event.data);
    }
    // Where there is no such deal nothing is numbered, and nothing must be lost.
    let written = columns.execute(&mut conn).await?;
    if written == wanted { Ok(()) } else { Err(Error::NotFound("deal")) }
}

/// The events of a decision, each with what was before and what is after all of them.
pub(super) async fn record(
    conn: &AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    let new = |event: &Event| NewEvent {
        name: event.name(),
        milestone: event.milestone(),
        actor: by.actor,
        data: told(before, deal, event, by),
    };
    append(conn, deal.id, decision.events.iter().map(new).collect(), now).await
}

/// That a deal was made.
pub(super) async fn created(
    conn: &AsyncPgConnection,
    deal: &Deal,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let data = told(deal, deal, &Event::Created, by);
    let event = NewEvent { name: Event::Created.name(), milestone: None, actor: by.actor, data };
    append(conn, deal.id, vec![event], now).await
}

fn told(before: &Deal, after: &Deal, event: &Event, by: &By) -> Value {
    let mut data = details(event);
    if let Value::Object(map) = &mut data {
        map.insert("state".to_owned(), json!(after.state.as_str()));
        map.insert("before".to_owned(), json!(before.state.as_str()));
        if let Some(reason) = &by.reason {
            map.insert("reason".to_owned(), json!(reason));
        }
        if let Some(id) = event.milestone() {
            let state = |deal: &Deal| deal.milestone(id).map(|milestone| milestone.state.as_str());
            let states = json!({ "before": state(before), "after": state(after) });
            map.insert("milestone".to_owned(), states);
        }
    }
    data
}

/// What the event itself tells.
fn details(event: &Event) -> Value {
    let minor = |money: &Money| money.minor();
    match event {
        Event::Joined(role) | Event::CancelAsked(role) => json!({ "by": role.as_str() }),
        Event::Countered(revision) | Event::Agreed(revision) => json!({ "revision": revision }),
        Event::PayerNamed(user) => json!({ "payer_id": user.to_string() }),
        Event::Paid { payer, amount } | Event::PaymentReturned { payer, amount } => {
            json!({ "payer_id": payer.to_string(), "amount_minor": minor(amount) })
        }
        Event::MilestoneSplit { to_seller, to_buyer, .. } => {
            json!({ "to_seller_minor": minor(to_seller), "to_buyer_minor": minor(to_buyer) })
        }
        Event::SplitOffered { by, to_seller, .. } => {
            json!({ "by": by.as_str(), "to_seller_minor": minor(to_seller) })
        }
        Event::DisputeOpened { by, .. } => json!({ "by": by.as_str() }),
        Event::AwardProposed { award, .. } | Event::Awarded { award, .. } => json!({
            "to_seller_minor": minor(&award.to_seller),
            "fees_waived": award.fees_waived,
            "costs": award.costs.map(|costs| {
                json!({ "minor": minor(&costs.amount), "borne_by": costs.borne_by.as_str() })
            }),
        }),
        Event::ExtensionAsked { by, timer, until } => {
            json!({ "by": by.as_str(), "deadline": timer.name().as_str(), "until": until })
        }
        Event::Extended { timer, until } => {
            json!({ "deadline": timer.name().as_str(), "until": until })
        }
        Event::Created
        | Event::Proposed
        | Event::Funded
        | Event::MilestoneDelivered(_)
        | Event::MilestoneRejected(_)
        | Event::MilestoneReleased(_)
        | Event::MilestoneRefunded(_)
        | Event::DisputeAnswered(_)
        | Event::Cancelled
        | Event::Expired
        | Event::Completed => json!({}),
    }
}

/// The event as this viewer may see it.
pub(super) fn seen_by(viewer: Viewer, mut event: TimelineEvent) -> TimelineEvent {
    let TimelineEvent { name, data, .. } = &mut event;
    if let Some(data) = data.as_object_mut() {
        data.retain(|member, _| may_see(viewer, name, member));
    }
    event
}

/// Something that happened around the deal without changing its state, such as a failed payment.
pub(crate) async fn note(
    conn: &AsyncPgConnection,
    deal: DealId,
    name: &'static str,
    data: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let event = NewEvent { name, milestone: None, actor: Actor::System, data };
    append(conn, deal, vec![event], now).await
}

impl Store {
    /// Events of a deal in their order, those after `after`.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a deal of others.
    pub async fn timeline(
        &self,
        user: UserId,
        id: DealId,
        after: i64,
        limit: i64,
    ) -> Result<Page<TimelineEvent>, Error> {
        let viewer = Viewer::of(&self.deal(user, id).await?.deal, user);
        let mut conn = self.connection().await?;
        let events: Vec<TimelineEvent> = TimelineEvent::query()
            .filter(deal_events::deal_id.eq(id.uuid()))
            .filter(deal_events::seq.gt(after))
            .order(deal_events::seq)
            .limit(Page::<TimelineEvent>::fetch(limit))
            .load(&mut conn)
            .await?;
        let seen = events.into_iter().map(|event| seen_by(viewer, event));
        Ok(Page::cut(seen.collect(), limit))
    }
}
