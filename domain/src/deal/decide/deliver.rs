//! Delivering a milestone, and rejecting a delivery.

use super::{after, changed, expect, in_time, with_milestone};
use crate::deal::{Deal, Decision, Event, Milestone, MilestoneState, Offers, Proof, Refusal};
use crate::id::MilestoneId;
use chrono::{DateTime, Utc};

/// Maximum number of reworks. After that, the buyer has to open a dispute.
pub(in crate::deal) const REWORKS_MAX: u8 = 3;

pub(super) fn deliver(
    deal: &Deal,
    id: MilestoneId,
    proof: Option<Proof>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let milestone = deal.require_milestone(id)?;
    expect(milestone, MilestoneState::Funded, "deliver")?;
    in_time(milestone.due_at, now)?;
    if let Some(wanted) = milestone.proof
        && proof != Some(wanted)
    {
        return Err(Refusal::ProofRequired { wanted });
    }
    let next = Milestone {
        state: MilestoneState::Delivered,
        due_at: Some(after(now, deal.terms.inspection)?),
        ..milestone.clone()
    };
    Ok(changed(with_milestone(deal, next), Event::MilestoneDelivered(id)))
}

pub(super) fn reject(
    deal: &Deal,
    id: MilestoneId,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let milestone = deal.require_milestone(id)?;
    expect(milestone, MilestoneState::Delivered, "reject")?;
    in_time(milestone.due_at, now)?;
    if milestone.reworks >= REWORKS_MAX {
        return Err(Refusal::TooManyReworks);
    }
    let next = Milestone {
        state: MilestoneState::Funded,
        due_at: Some(after(now, deal.terms.rework)?),
        reworks: milestone.reworks.saturating_add(1),
        offers: Offers::default(),
        ..milestone.clone()
    };
    Ok(changed(with_milestone(deal, next), Event::MilestoneRejected(id)))
}
