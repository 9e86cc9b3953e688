//! Writing a decision: rows, ledger entries, events, timers, messages, audit; one transaction, the caller's.

use super::rows::{self, DealRow};
use super::{
    disputes, inviting, milestones, payers, references, reminders, revisions, telling, timeline,
};
use crate::error::Error;
use crate::job::Job;
use crate::schema::deals;
use crate::statement::kept;
use crate::{audit, jobs, ledger};
use amana_domain::deal::{Actor, Deal, Decision};
use amana_domain::id::{DealId, OrganisationId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use std::iter;

/// A deadline itself is still in time; its timer runs just after it.
const AFTER_DEADLINE: TimeDelta = TimeDelta::seconds(1);

/// Who does something, and what they say about it: no rule depends on their words.
#[derive(Debug, Clone)]
pub(crate) struct By {
    pub(crate) actor: Actor,
    pub(crate) reason: Option<String>,
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        Self { actor, reason: None }
    }
}

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
    let row = DealRow::of(deal, organisation, now)?;
    kept(diesel::insert_into(deals::table).values(row)).execute(conn).await?;
    milestones::insert(conn, deal.id, &deal.milestones).await?;
    payers::list(conn, None, deal).await
}

/// Writes everything that an accepted command changes.
pub(crate) async fn apply(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    revisions::record(conn, decision, by, now).await?;
    update(conn, before, deal, now).await?;
    ledger::post(conn, &decision.entries, now).await?;
    let by = &disputes::follow(conn, before, decision, by, now).await?;
    timeline::record(conn, before, decision, by, now).await?;
    for event in &decision.events {
        let data = json!({ "from": before.state.as_str(), "to": deal.state.as_str() });
        audit::record(conn, now, by.actor, event.name(), deal.id, data).await?;
    }
    jobs::enqueue_all(conn, timers(before, decision, now), now).await?;
    references::assign(conn, before, deal, now).await?;
    telling::tell(conn, decision, by, now).await?;
    inviting::follow(conn, decision, now).await
}

/// What is to happen by itself now that deadlines have begun to run.
fn timers(
    before: &Deal,
    decision: &Decision,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Job, DateTime<Utc>)> {
    let deal = decision.deal.id;
    decision.timers(before).flat_map(move |(timer, due_at)| {
        let job = Job::LapseDeal { deal: deal.uuid(), timer: timer.into(), due_at };
        let after = due_at.checked_add_signed(AFTER_DEADLINE).unwrap_or(due_at);
        iter::once((job, after)).chain(reminders::planned(deal, (timer, due_at), now))
    })
}

async fn update(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    deal: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = DealRow::of(deal, None, now)?;
    kept(diesel::update(deals::table.find(deal.id.uuid())).set(row)).execute(conn).await?;
    milestones::save(conn, deal.id, &before.milestones, &deal.milestones).await?;
    payers::save(conn, deal.id, &before.payers, &deal.payers).await?;
    payers::list(conn, Some(before), deal).await
}
