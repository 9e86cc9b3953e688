//! A dispute about a milestone: opening, answer, award, and the default outcome when a deadline passes.

use super::settle::settle;
use super::{after, changed, in_time, with_milestone, wrong_milestone};
use crate::deal::{
    Actor, Award, Deal, Decision, Dispute, Division, Event, Milestone, MilestoneState, Refusal,
    Role, Stage,
};
use crate::id::MilestoneId;
use crate::money::Money;
use crate::threshold::ONE_PERSON;
use chrono::{DateTime, Utc};

/// Locks this milestone only; the other milestones continue.
pub(super) fn open(
    deal: &Deal,
    id: MilestoneId,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let milestone = deal.require_milestone(id)?;
    match milestone.state {
        MilestoneState::Funded | MilestoneState::Delivered => {}
        MilestoneState::Planned
        | MilestoneState::Disputed
        | MilestoneState::Released
        | MilestoneState::Refunded
        | MilestoneState::Split => return wrong_milestone(milestone, "dispute"),
    }
    // After the deadline the default outcome applies, even if it has not been executed yet.
    in_time(milestone.due_at, now)?;
    let Some(by) = role else { return Err(Refusal::WrongParty { wanted: Role::Buyer }) };
    let next = Milestone {
        state: MilestoneState::Disputed,
        due_at: Some(after(now, deal.terms.answer)?),
        dispute: Some(Dispute { opened_by: by, stage: Stage::Opened }),
        ..milestone.clone()
    };
    Ok(changed(with_milestone(deal, next), Event::DisputeOpened { milestone: id, by }))
}

pub(super) fn answer(
    deal: &Deal,
    id: MilestoneId,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let (milestone, dispute) = disputed(deal, id, "answer")?;
    if dispute.is_answered() {
        return wrong_milestone(milestone, "answer");
    }
    if role != Some(dispute.opened_by.other()) {
        return Err(Refusal::WrongParty { wanted: dispute.opened_by.other() });
    }
    in_time(milestone.due_at, now)?;
    let next = staged(deal, milestone, dispute, Stage::Answered, now)?;
    Ok(changed(next, Event::DisputeAnswered(id)))
}

/// Executes an award. Above [`ONE_PERSON`] the first award is only proposed, and the award of a second arbiter counts.
pub(super) fn award(
    deal: &Deal,
    id: MilestoneId,
    award: &Award,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let (milestone, dispute) = disputed(deal, id, "award")?;
    let Actor::Arbiter(arbiter) = actor else { return Err(Refusal::NotArbiter) };
    in_time(milestone.due_at, now)?;
    let first = match dispute.stage {
        Stage::Opened => return Err(Refusal::NotAnswered),
        Stage::Awarded { by, .. } if by == arbiter => return Err(Refusal::OwnAward),
        Stage::Awarded { .. } => false,
        Stage::Answered => ONE_PERSON.exceeds(milestone.amount),
    };
    if first {
        Division::of(milestone, award)?;
        let stage = Stage::Awarded { award: *award, by: arbiter };
        let next = staged(deal, milestone, dispute, stage, now)?;
        let event = Event::AwardProposed { milestone: id, award: *award };
        return Ok(changed(next, event));
    }
    awarded(deal, milestone, award)
}

/// Settles an unanswered dispute in favour of the party that opened it.
pub(super) fn unanswered(deal: &Deal, id: MilestoneId) -> Result<Decision, Refusal> {
    let (milestone, dispute) = disputed(deal, id, "expire")?;
    let to_seller = match dispute.opened_by {
        Role::Buyer => Money::zero(deal.currency),
        Role::Seller => milestone.amount,
    };
    settle(deal, milestone, &Award::plain(to_seller))
}

/// Settles a dispute that was not decided in time. A proposed award takes effect. Without one, each party gets half,
/// free of fees, because no arbiter has worked on it. An odd cent goes to the buyer.
pub(super) fn undecided(deal: &Deal, id: MilestoneId) -> Result<Decision, Refusal> {
    let (milestone, dispute) = disputed(deal, id, "expire")?;
    match dispute.stage {
        Stage::Awarded { award, .. } => awarded(deal, milestone, &award),
        Stage::Opened | Stage::Answered => {
            let half = Money::new(milestone.amount.minor().div_euclid(2), deal.currency)?;
            let halves = Award { to_seller: half, fees_waived: true, costs: None };
            settle(deal, milestone, &halves)
        }
    }
}

fn awarded(deal: &Deal, milestone: &Milestone, award: &Award) -> Result<Decision, Refusal> {
    let mut decision = settle(deal, milestone, award)?;
    let event = Event::Awarded { milestone: milestone.id, award: *award };
    decision.events.insert(0, event);
    Ok(decision)
}

/// Sets another stage and restarts the deadline of the award.
fn staged(
    deal: &Deal,
    milestone: &Milestone,
    dispute: Dispute,
    stage: Stage,
    now: DateTime<Utc>,
) -> Result<Deal, Refusal> {
    let next = Milestone {
        due_at: Some(after(now, deal.terms.award)?),
        dispute: Some(Dispute { stage, ..dispute }),
        ..milestone.clone()
    };
    Ok(with_milestone(deal, next))
}

fn disputed<'a>(
    deal: &'a Deal,
    id: MilestoneId,
    command: &'static str,
) -> Result<(&'a Milestone, Dispute), Refusal> {
    let milestone = deal.require_milestone(id)?;
    match (milestone.state, milestone.dispute) {
        (MilestoneState::Disputed, Some(dispute)) => Ok((milestone, dispute)),
        _ => wrong_milestone(milestone, command),
    }
}
