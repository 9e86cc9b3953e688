//! Periods and running deadlines in responses.

use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::deal::{DeadlineName, Deal, Role, Silence, Terms, Timer, declared_outcome};
use amana_domain::id::MilestoneId;
use chrono::{DateTime, Utc};
use poem_openapi::Object;

/// The periods of a deal.
#[derive(Debug, Object)]
#[oai(rename = "Terms")]
pub(crate) struct TermsAnswer {
    /// Hours to accept an offer; then the deal expires.
    acceptance_hours: i64,
    /// Hours to pay; then the deal expires and all payments are refunded.
    funding_hours: i64,
    /// Hours to reject a delivery; then the seller is paid.
    inspection_hours: i64,
    /// Hours to deliver again after a rejection; then the buyer is refunded.
    rework_hours: i64,
    /// Hours to answer a dispute; then the opener gets the money.
    answer_hours: i64,
    /// Hours for an arbiter to decide; then a proposed award takes effect, or each party gets half.
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

/// A running deadline.
#[derive(Debug, Object)]
pub(super) struct Deadline {
    name: Wire<DeadlineName>,
    milestone_id: Nullable<Wire<MilestoneId>>,
    due_at: Timestamp,
    /// Party that has to act; `null` if an arbiter has to decide.
    awaiting: Nullable<Wire<Role>>,
    default_outcome: Wire<Silence>,
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
        awaiting: Nullable::of(deal.awaited(timer)),
        default_outcome: Wire(declared_outcome(timer, opened_by)),
    }
}
