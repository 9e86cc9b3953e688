//! The timeline of a deal: numbered events, never changed.

use super::write::By;
use crate::audit::actor_user;
use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::{deal_events, deals};
use amana_domain::deal::{Actor, Deal, Event};
use amana_domain::id::{DealId, MilestoneId, UserId};
use amana_domain::money::Money;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
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

/// Numbers the event within its deal; the deal's row is locked by this.
#[expect(clippy::arithmetic_side_effects, reason = "the database adds")]
pub(super) async fn append(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    name: &str,
    milestone: Option<MilestoneId>,
    actor: Actor,
    data: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let seq: i64 = diesel::update(deals::table.find(deal.uuid()))
        .set(deals::event_seq.eq(deals::event_seq + 1))
        .returning(deals::event_seq)
        .get_result(conn)
        .await?;
    diesel::insert_into(deal_events::table)
        .values((
            deal_events::deal_id.eq(deal.uuid()),
            deal_events::seq.eq(seq),
            deal_events::name.eq(name),
            deal_events::milestone_id.eq(milestone.map(MilestoneId::uuid)),
            deal_events::actor_id.eq(actor_user(actor).map(UserId::uuid)),
            deal_events::data.eq(data),
            deal_events::at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// An event of the rules, with what was before and what is after it.
pub(super) async fn record(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    after: &Deal,
    event: &Event,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
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
    append(conn, after.id, event.name(), event.milestone(), by.actor, data, now).await
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

/// Something that happened around the deal without changing its state, such as a failed payment.
pub(crate) async fn note(
    conn: &mut AsyncPgConnection,
    deal: DealId,
    name: &str,
    data: Value,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    append(conn, deal, name, None, Actor::System, data, now).await
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
        self.deal(user, id).await?;
        let mut conn = self.connection().await?;
        let events = TimelineEvent::query()
            .filter(deal_events::deal_id.eq(id.uuid()))
            .filter(deal_events::seq.gt(after))
            .order(deal_events::seq)
            .limit(Page::<TimelineEvent>::fetch(limit))
            .load(&mut conn)
            .await?;
        Ok(Page::cut(events, limit))
    }
}
