//! The periods of a deal, and what runs now.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::deal::{DeadlineName, Deal, Role, Silence, Terms, Timer, declared_outcome};
use amana_domain::id::MilestoneId;
use chrono::{DateTime, Utc};
use poem_openapi::Object;

/// How long each side has.
#[derive(Debug, Object)]
#[oai(rename = "Terms")]
pub(crate) struct TermsAnswer {
    /// To agree to an offer; then it expires.
    acceptance_hours: i64,
    /// To pay; then what was paid goes back.
    funding_hours: i64,
    /// To object to a delivery; then the seller is paid.
    inspection_hours: i64,
    /// To deliver again what was sent back; then the buyer is refunded.
    rework_hours: i64,
    /// To answer a dispute; then who opened it gets what they want.
    answer_hours: i64,
    /// For an arbiter to decide; then each side gets half, or what one arbiter has decided stands.
    award_hours: i64,
}

impl From<Terms> for TermsAnswer {
    fn from(terms: Terms) -> Self {
        Self {
            acceptance_hours: terms.acceptance.num_hours(),
            funding_hours: terms.funding.num_hours(),
            inspection_hours: terms.inspection.num_hours(),
            rework_hours: terms.rework.num_hours(),
            answer_hours: terms.answer.num_hours(),
            award_hours: terms.award.num_hours(),
        }
    }
}

/// A deadline that runs now.
#[derive(Debug, Object)]
pub(super) struct Deadline {
    name: Wire<DeadlineName>,
    milestone_id: Nullable<Wire<MilestoneId>>,
    due_at: Timestamp,
    /// Whose turn it is; `null` if an arbiter is to decide.
    awaits: Nullable<Wire<Role>>,
    if_silent: Wire<Silence>,
}

pub(super) fn deadlines(deal: &Deal) -> Vec<Deadline> {
    deal.dues().into_iter().map(|(timer, due_at)| deadline(deal, timer, due_at)).collect()
}

fn deadline(deal: &Deal, timer: Timer, due_at: DateTime<Utc>) -> Deadline {
    let id = timer.milestone();
    let milestone = id.and_then(|id| deal.milestone(id));
    let opened_by = milestone.and_then(|m| m.dispute).map(|dispute| dispute.opened_by);
    Deadline {
        name: Wire(timer.name()),
        milestone_id: Nullable::of(id),
        due_at: due_at.into(),
        awaits: Nullable::of(deal.awaited(timer)),
        if_silent: Wire(declared_outcome(timer, opened_by)),
    }
}
