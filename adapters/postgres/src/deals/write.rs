//! Storing a decision: rows, ledger entries, events, timers and messages, in the caller's transaction.

use super::rows::{self, DealRow};
use super::{
    disputes, inviting, milestones, payers, references, reminders, revisions, telling, timeline,
};
use crate::error::Error;
use crate::job::Job;
use crate::notifications::Mail;
use crate::schema::deals;
use crate::statement::kept;
use crate::{introductions, jobs, ledger, users};
use amana_domain::deal::{Actor, Deal, Decision};
use amana_domain::id::{DealId, OrganisationId, UserId};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::iter;
use tokio::try_join;

/// An action at the deadline itself is still in time, so the timer runs just after it.
const AFTER_DEADLINE: TimeDelta = TimeDelta::seconds(1);

/// The actor of a change and the stated reason. No rule depends on the reason.
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
    Ok(())
}

/// Inserts the details of a deal whose row exists.
pub(super) async fn begin(
    conn: &AsyncPgConnection,
    deal: &Deal,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let by = By::from(Actor::User(user));
    try_join!(biased;
        milestones::insert(conn, deal.id, &deal.milestones),
        payers::list(conn, None, deal),
        revisions::keep(conn, deal, user, now),
        timeline::created(conn, deal, &by, now),
    )?;
    Ok(())
}

/// Stores all effects of a decision. Independent statements are pipelined.
pub(crate) async fn apply(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let deal = &decision.deal;
    let concerned = deal.people().into_iter().collect();
    let ((), (), everybody) = try_join!(biased;
        revisions::record(conn, decision, by, now),
        update(conn, before, deal, now),
        users::load_all(conn, &concerned),
    )?;
    ledger::post(conn, &decision.entries, now).await?;
    let by = &disputes::follow(conn, before, decision, by, now).await?;
    let mail = Mail::of(telling::messages(before, decision, by, &everybody)?);
    let due = timers(before, decision, now).chain(mail.jobs().map(|job| (job, now)));
    try_join!(biased;
        timeline::record(conn, before, decision, by, now),
        references::assign(conn, before, deal, now),
        jobs::enqueue_all(conn, due, now),
        mail.record(conn, now),
    )?;
    introductions::follow(conn, before, decision, now).await?;
    inviting::follow(conn, decision, now).await
}

/// Returns the jobs for deadlines that have begun to run.
fn timers(
    before: &Deal,
    decision: &Decision,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Job, DateTime<Utc>)> {
    let deal = decision.deal.id;
    decision.timers(before).flat_map(move |(timer, due_at)| {
        let job = Job::ExpireDeal { deal: deal.uuid(), timer: timer.into(), due_at };
        let after = due_at.checked_add_signed(AFTER_DEADLINE).unwrap_or(due_at);
        iter::once((job, after)).chain(reminders::planned(deal, (timer, due_at), now))
    })
}

async fn update(
    conn: &AsyncPgConnection,
    before: &Deal,
    deal: &Deal,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let row = DealRow::of(deal, None, now)?;
    let row = async {
        let update = kept(diesel::update(deals::table.find(deal.id.uuid())).set(row));
        update.execute(&mut &*conn).await.map_err(Error::from)
    };
    try_join!(biased;
        row,
        milestones::save(conn, deal.id, &before.milestones, &deal.milestones),
        payers::save(conn, deal.id, &before.payers, &deal.payers),
        payers::list(conn, Some(before), deal),
    )?;
    Ok(())
}
