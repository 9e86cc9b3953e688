//! Writing a decision: rows, ledger entries, events, timers, messages, audit; one transaction, the caller's.

use super::rows::{self, DealRow, MilestoneRow};
use super::timeline;
use crate::error::Error;
use crate::job::Job;
use crate::schema::{deals, milestones};
use crate::users::User;
use crate::{audit, jobs, ledger, notifications, users};
use amana_domain::deal::{Actor, Deal, Decision, Event, Role};
use amana_domain::id::{DealId, OrganisationId};
use amana_domain::notice::{self, Template};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

// The row stays locked until commit: two releases of one milestone must not both see it funded.
pub(crate) async fn lock(conn: &mut AsyncPgConnection, id: DealId) -> Result<Deal, Error> {
    rows::load_for_update(conn, id).await.map(|loaded| loaded.deal)
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    organisation: Option<OrganisationId>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = DealRow::of(deal, organisation, now);
    diesel::insert_into(deals::table).values(row).execute(conn).await?;
    let rows: Vec<MilestoneRow> = (1i16..)
        .zip(&deal.milestones)
        .map(|(n, milestone)| MilestoneRow::of(deal.id, n, milestone))
        .collect();
    diesel::insert_into(milestones::table).values(rows).execute(conn).await?;
    Ok(())
}

/// Writes everything that an accepted command changes.
pub(crate) async fn apply(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    update(conn, before, deal, now).await?;
    ledger::post(conn, &decision.entries, now).await?;
    for event in &decision.events {
        record_event(conn, deal, event, actor, now).await?;
        let data = json!({ "from": before.state.as_str(), "to": deal.state.as_str() });
        audit::record(conn, now, actor, event.name(), deal.id, data).await?;
    }
    for (timer, due_at) in &decision.timers {
        let job = Job::LapseDeal { deal: deal.id.uuid(), timer: (*timer).into() };
        // The deadline itself is still in time; the timer runs just after it.
        let after = due_at.checked_add_signed(chrono::TimeDelta::seconds(1)).unwrap_or(*due_at);
        jobs::enqueue(conn, &job, after, now).await?;
    }
    tell(conn, decision, now).await
}

async fn update(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    deal: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(deals::table.find(deal.id.uuid()))
        .set((
            deals::state.eq(deal.state.as_str()),
            deals::cancel_asked_by.eq(deal.cancel_asked_by.map(Role::as_str)),
            deals::due_at.eq(deal.due_at),
            deals::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    for (old, new) in before.milestones.iter().zip(&deal.milestones) {
        if old != new {
            diesel::update(milestones::table.find(new.id.uuid()))
                .set((milestones::state.eq(new.state.as_str()), milestones::due_at.eq(new.due_at)))
                .execute(conn)
                .await?;
        }
    }
    Ok(())
}

pub(super) async fn record_event(
    conn: &mut AsyncPgConnection,
    deal: &Deal,
    event: &Event,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let data = json!({ "state": deal.state.as_str() });
    timeline::append(conn, deal.id, event.name(), event.milestone(), actor, data, now).await
}

/// Tells the parties; amounts and names are those of this moment.
async fn tell(
    conn: &mut AsyncPgConnection,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    let notices: Vec<(Role, Template, &Event)> = decision
        .events
        .iter()
        .flat_map(|event| {
            notice::of_event(event, deal.proposer)
                .into_iter()
                .map(move |(role, template)| (role, template, event))
        })
        .collect();
    if notices.is_empty() {
        return Ok(());
    }
    let buyer = users::load(conn, deal.buyer).await?;
    let seller = users::load(conn, deal.seller).await?;
    for (role, template, event) in notices {
        let (to, other) = match role {
            Role::Buyer => (&buyer, &seller),
            Role::Seller => (&seller, &buyer),
        };
        let params = params(deal, event, role, other)?;
        notifications::enqueue(conn, to, template, params, now).await?;
    }
    Ok(())
}

fn params(deal: &Deal, event: &Event, role: Role, other: &User) -> Result<Value, Error> {
    let price = deal.price().map_err(Error::row)?;
    let mut params = json!({
        "counterparty": other.name,
        "deal_title": deal.title,
        "amount": price.to_string(),
        "deadline": deal.due_at.map(notifications::deadline_text).unwrap_or_default(),
    });
    let milestone = event.milestone().and_then(|id| deal.milestones.iter().find(|m| m.id == id));
    if let (Some(map), Some(milestone)) = (params.as_object_mut(), milestone) {
        let amount = match (event, role) {
            (Event::MilestoneReleased(_), Role::Seller) => {
                milestone.amount.minus(milestone.seller_fee)
            }
            (Event::MilestoneRefunded(_), _) => milestone.in_escrow(),
            _ => Ok(milestone.amount),
        };
        map.insert("milestone".into(), json!(milestone.title));
        map.insert("amount".into(), json!(amount.map_err(Error::row)?.to_string()));
        map.insert(
            "deadline".into(),
            json!(milestone.due_at.map(notifications::deadline_text).unwrap_or_default()),
        );
    }
    Ok(params)
}
