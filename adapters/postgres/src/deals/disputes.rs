//! Disputes: claim, answer and award. The stage of a dispute is stored with its milestone, because rules depend on it.
//! Rows are written together with the decision that changes them.

use super::files::{self, DealFile};
use super::write::By;
use super::{apply, lock_as_party, view};
use crate::deals::DealView;
use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::row::{money, parse};
use crate::schema::{deals, disputes, milestones};
use crate::users;
use amana_domain::deal::{
    Actor, Award, Command, Costs, Deal, Decision, Event, MilestoneState, Refusal, Role, Stage,
    decide,
};
use amana_domain::id::{DealId, DisputeId, MilestoneId, UserId};
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// An arbiter's award and its reason. It is effective once `decided_at` is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwardView {
    pub award: Award,
    pub reason: String,
    pub first_arbiter: UserId,
    pub second_arbiter: Option<UserId>,
    pub decided_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeView {
    pub id: DisputeId,
    pub deal: DealId,
    pub deal_title: String,
    pub milestone: MilestoneId,
    pub milestone_title: String,
    /// The amount of the milestone.
    pub amount: Money,
    pub role: Role,
    pub opened_by: UserId,
    pub reason: String,
    /// The seller's share that the opening party requests.
    pub wanted: Option<Money>,
    pub opened_at: DateTime<Utc>,
    pub answer: Option<String>,
    pub answered_by: Option<UserId>,
    pub answered_at: Option<DateTime<Utc>>,
    pub award: Option<AwardView>,
    /// Deadline of the answer or the award; `None` once the dispute has ended.
    pub due_at: Option<DateTime<Utc>>,
    pub outcome: Option<MilestoneState>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Oldest first.
    pub evidence: Vec<DealFile>,
}

#[derive(HasQuery)]
#[diesel(table_name = disputes)]
pub(super) struct DisputeRow {
    id: Uuid,
    pub(super) deal_id: Uuid,
    pub(super) milestone_id: Uuid,
    role: String,
    opened_by: Uuid,
    reason: String,
    wanted_minor: Option<i64>,
    opened_at: DateTime<Utc>,
    answered_by: Option<Uuid>,
    answer: Option<String>,
    answered_at: Option<DateTime<Utc>>,
    award_to_seller_minor: Option<i64>,
    award_fees_waived: Option<bool>,
    award_costs_minor: Option<i64>,
    award_costs_borne_by: Option<String>,
    award_reason: Option<String>,
    first_arbiter: Option<Uuid>,
    second_arbiter: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    ended_at: Option<DateTime<Utc>>,
}

/// Title, amount and deadline of the milestone, title and currency of the deal.
type Subject = (String, i64, Option<DateTime<Utc>>, String, String);

impl DisputeRow {
    fn award(&self, currency: Currency) -> Result<Option<AwardView>, Error> {
        let (Some(to_seller), Some(fees_waived), Some(reason), Some(first)) = (
            self.award_to_seller_minor,
            self.award_fees_waived,
            self.award_reason.clone(),
            self.first_arbiter,
        ) else {
            return Ok(None);
        };
        let costs = match (self.award_costs_minor, self.award_costs_borne_by.as_deref()) {
            (Some(minor), Some(role)) => {
                Some(Costs { amount: money(minor, currency)?, borne_by: parse(role)? })
            }
            _ => None,
        };
        Ok(Some(AwardView {
            award: Award { to_seller: money(to_seller, currency)?, fees_waived, costs },
            reason,
            first_arbiter: UserId::new(first),
            second_arbiter: self.second_arbiter.map(UserId::new),
            decided_at: self.decided_at,
        }))
    }

    fn into_view(self, subject: Subject, evidence: Vec<DealFile>) -> Result<DisputeView, Error> {
        let (milestone_title, amount_minor, due_at, deal_title, currency) = subject;
        let currency: Currency = parse(&currency)?;
        Ok(DisputeView {
            award: self.award(currency)?,
            id: DisputeId::new(self.id),
            deal: DealId::new(self.deal_id),
            deal_title,
            milestone: MilestoneId::new(self.milestone_id),
            milestone_title,
            amount: money(amount_minor, currency)?,
            role: parse(&self.role)?,
            opened_by: UserId::new(self.opened_by),
            reason: self.reason,
            wanted: self.wanted_minor.map(|minor| money(minor, currency)).transpose()?,
            opened_at: self.opened_at,
            answer: self.answer,
            answered_by: self.answered_by.map(UserId::new),
            answered_at: self.answered_at,
            due_at: due_at.filter(|_| self.ended_at.is_none()),
            outcome: self.outcome.as_deref().map(parse).transpose()?,
            ended_at: self.ended_at,
            evidence,
        })
    }
}

/// Hides awards that are not final, so that the parties cannot pressure the second arbiter or hold out for the
/// proposal.
fn to_sides(view: DisputeView) -> DisputeView {
    DisputeView { award: view.award.filter(|award| award.decided_at.is_some()), ..view }
}

pub(super) async fn load(conn: &mut AsyncPgConnection, id: DisputeId) -> Result<DisputeRow, Error> {
    let row =
        DisputeRow::query().filter(disputes::id.eq(id.uuid())).first(conn).await.optional()?;
    row.ok_or(Error::NotFound("dispute"))
}

/// Returns the views in the order of the rows.
pub(super) async fn views(
    conn: &mut AsyncPgConnection,
    rows: Vec<DisputeRow>,
) -> Result<Vec<DisputeView>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let of: Vec<Uuid> = rows.iter().map(|row| row.milestone_id).collect();
    let subjects: Vec<(Uuid, Subject)> = milestones::table
        .inner_join(deals::table)
        .filter(milestones::id.eq_any(&of))
        .select((
            milestones::id,
            (
                milestones::title,
                milestones::amount_minor,
                milestones::due_at,
                deals::title,
                deals::currency,
            ),
        ))
        .load(conn)
        .await?;
    let mut evidence = files::evidence_of(conn, &ids).await?;
    let mut seen = vec![];
    for row in rows {
        let subject = subjects.iter().find(|(id, _)| *id == row.milestone_id);
        let (_, subject) = subject.ok_or_else(|| Error::row("dispute without a milestone"))?;
        let files = evidence.remove(&row.id).unwrap_or_default();
        seen.push(row.into_view(subject.clone(), files)?);
    }
    Ok(seen)
}

/// Stores a decision's effect on disputes. Returns the attribution for the events and messages: an award that becomes
/// final because no second arbiter reviewed it in time carries its arbiter's reason.
pub(super) async fn follow(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    by: &By,
    now: DateTime<Utc>,
) -> Result<By, Error> {
    let mut said = by.clone();
    for event in &decision.events {
        match event {
            Event::DisputeOpened { milestone, by: role } => {
                open(conn, (before.id, *milestone), (*role, by), now).await?;
            }
            Event::DisputeAnswered(milestone) => answer(conn, *milestone, by, now).await?,
            Event::AwardProposed { milestone, award } | Event::Awarded { milestone, award } => {
                match by.actor {
                    Actor::Arbiter(arbiter) => {
                        let is_second = was_awarded(before, *milestone);
                        write_award(conn, *milestone, award, (arbiter, is_second, by)).await?;
                    }
                    Actor::User(_) | Actor::System => {
                        said.reason = reason_of(conn, *milestone).await?;
                    }
                }
            }
            _ => {}
        }
    }
    end(conn, before, decision, now).await?;
    Ok(said)
}

fn was_awarded(deal: &Deal, id: MilestoneId) -> bool {
    let stage = deal.milestone(id).and_then(|m| m.dispute).map(|dispute| dispute.stage);
    matches!(stage, Some(Stage::Awarded { .. }))
}

async fn open(
    conn: &mut AsyncPgConnection,
    (deal, milestone): (DealId, MilestoneId),
    (role, by): (Role, &By),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let opener = by.actor.user().ok_or_else(|| Error::row("dispute opened without a user"))?;
    diesel::insert_into(disputes::table)
        .values((
            disputes::id.eq(Uuid::now_v7()),
            disputes::deal_id.eq(deal.uuid()),
            disputes::milestone_id.eq(milestone.uuid()),
            disputes::role.eq(role.as_str()),
            disputes::opened_by.eq(opener.uuid()),
            disputes::reason.eq(by.reason.as_deref().unwrap_or_default()),
            disputes::opened_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn answer(
    conn: &mut AsyncPgConnection,
    milestone: MilestoneId,
    by: &By,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(disputes::table.filter(disputes::milestone_id.eq(milestone.uuid())))
        .set((
            disputes::answered_by.eq(by.actor.user().map(UserId::uuid)),
            disputes::answer.eq(by.reason.clone()),
            disputes::answered_at.eq(Some(now)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn write_award(
    conn: &mut AsyncPgConnection,
    milestone: MilestoneId,
    award: &Award,
    (arbiter, is_second, by): (UserId, bool, &By),
) -> Result<(), Error> {
    let (arbiter, costs) = (Some(arbiter.uuid()), award.costs);
    diesel::update(disputes::table.filter(disputes::milestone_id.eq(milestone.uuid())))
        .set((
            disputes::award_to_seller_minor.eq(Some(award.to_seller.minor())),
            disputes::award_fees_waived.eq(Some(award.fees_waived)),
            disputes::award_costs_minor.eq(costs.map(|costs| costs.amount.minor())),
            disputes::award_costs_borne_by.eq(costs.map(|costs| costs.borne_by.to_string())),
            disputes::award_reason.eq(by.reason.clone()),
            (!is_second).then_some(disputes::first_arbiter.eq(arbiter)),
            is_second.then_some(disputes::second_arbiter.eq(arbiter)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn reason_of(
    conn: &mut AsyncPgConnection,
    milestone: MilestoneId,
) -> Result<Option<String>, Error> {
    let of_milestone = disputes::table.filter(disputes::milestone_id.eq(milestone.uuid()));
    Ok(of_milestone.select(disputes::award_reason).first(conn).await?)
}

/// Ends the disputes of milestones that the decision settles.
async fn end(
    conn: &mut AsyncPgConnection,
    before: &Deal,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for (old, new) in before.milestones.iter().zip(&decision.deal.milestones) {
        if old.state != MilestoneState::Disputed || new.state == MilestoneState::Disputed {
            continue;
        }
        let is_awarded = decision
            .events
            .iter()
            .any(|event| matches!(event, Event::Awarded { milestone, .. } if *milestone == new.id));
        diesel::update(disputes::table.filter(disputes::milestone_id.eq(new.id.uuid())))
            .set((
                disputes::outcome.eq(Some(new.state.as_str())),
                disputes::ended_at.eq(Some(now)),
                is_awarded.then_some(disputes::decided_at.eq(Some(now))),
            ))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Verifies that the user is buyer or seller. Payers and the broker must not read the parties' statements.
pub(super) fn require_side(deal: &Deal, user: UserId) -> Result<(), Error> {
    match deal.role_of(user) {
        Some(_) => Ok(()),
        None => Err(Error::Refused(Refusal::WrongParty { wanted: deal.offered_by })),
    }
}

impl Store {
    /// Opens a dispute; `wanted` is the seller's share that the opening party requests.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the caller, [`Error::Refused`] if the domain refuses the
    /// dispute.
    pub async fn open_dispute(
        &self,
        user: UserId,
        (id, milestone): (DealId, MilestoneId),
        (reason, wanted): (String, Option<Money>),
        now: DateTime<Utc>,
    ) -> Result<DealView, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            users::require_active(conn, user).await?;
            let loaded = lock_as_party(conn, user, id).await?;
            let by = By { actor: Actor::User(user), reason: Some(reason) };
            let decision = decide(&loaded.deal, &Command::Dispute(milestone), by.actor, now)?;
            let disputed = loaded.deal.milestone(milestone);
            // An amount in another currency is rejected as well.
            let too_much = |wanted: &Money| {
                disputed.is_none_or(|part| wanted.exceeds(part.amount).unwrap_or(true))
            };
            if wanted.as_ref().is_some_and(too_much) {
                return Err(Error::Refused(Refusal::Share));
            }
            apply(conn, &loaded.deal, &decision, &by, now).await?;
            diesel::update(disputes::table.filter(disputes::milestone_id.eq(milestone.uuid())))
                .set(disputes::wanted_minor.eq(wanted.map(Money::minor)))
                .execute(conn)
                .await?;
            view::of(conn, vault, loaded.after(decision, now)).await
        })
        .await
    }

    /// Returns the disputes of a deal to its buyer or seller, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the deal does not concern the user; [`Refusal::WrongParty`] for payers and readers.
    pub async fn disputes(&self, user: UserId, id: DealId) -> Result<Vec<DisputeView>, Error> {
        let mut conn = self.connection().await?;
        require_side(&super::load_as_party(&mut conn, user, id).await?, user)?;
        let rows: Vec<DisputeRow> = DisputeRow::query()
            .filter(disputes::deal_id.eq(id.uuid()))
            .order(disputes::id)
            .load(&mut conn)
            .await?;
        Ok(views(&mut conn, rows).await?.into_iter().map(to_sides).collect())
    }

    /// Returns the disputes that a user has opened or answered, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn disputes_of(&self, user: UserId, limit: i64) -> Result<Page<DisputeView>, Error> {
        let mut conn = self.connection().await?;
        let (own, user) = (user.uuid(), Some(user.uuid()));
        let rows: Vec<DisputeRow> = DisputeRow::query()
            .filter(disputes::opened_by.eq(own).or(disputes::answered_by.eq(user)))
            .order(disputes::id.desc())
            .limit(Page::<DisputeRow>::fetch(limit))
            .load(&mut conn)
            .await?;
        let Page { items, more } = Page::cut(rows, limit);
        let items = views(&mut conn, items).await?.into_iter().map(to_sides).collect();
        Ok(Page { items, more })
    }
}
