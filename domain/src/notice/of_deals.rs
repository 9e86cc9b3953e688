//! The messages about a decision, for buyer and seller: one message per fact. The store notifies additional payers.

use super::Template;
use crate::deal::{Actor, Cause, Deal, DealState, Decision, Event, Role};

/// A message to one party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice<'a> {
    pub to: Role,
    pub template: Template,
    pub event: &'a Event,
    pub cause: Option<Cause>,
    /// Whether the message is about all milestones that the decision settled, not only the event's.
    pub is_sum: bool,
}

/// Returns the messages of a decision.
#[must_use]
pub fn of_decision<'a>(decision: &'a Decision, before: &Deal, actor: Actor) -> Vec<Notice<'a>> {
    let mut notices: Vec<Notice<'a>> = vec![];
    for event in &decision.events {
        let cause = decision.cause(before, event, actor);
        // The message about the award contains the division.
        if cause == Some(Cause::Award) {
            continue;
        }
        for (to, template) in of_event(event, &decision.deal, cause) {
            let told = notices.iter_mut().find(|n| n.to == to && n.template == template);
            match told.filter(|_| is_summed(template)) {
                Some(notice) => notice.is_sum = true,
                None => notices.push(Notice { to, template, event, cause, is_sum: false }),
            }
        }
    }
    let told: Vec<Role> = notices.iter().filter(|n| !is_end(n)).map(|n| n.to).collect();
    notices.retain(|notice| !is_end(notice) || !told.contains(&notice.to));
    notices
}

fn is_end(notice: &Notice<'_>) -> bool {
    notice.template == Template::DealCompleted
}

/// A cancellation refunds several milestones at once; one message reports their sum.
fn is_summed(template: Template) -> bool {
    matches!(template, Template::MilestoneRefunded | Template::BuyerRefunded)
}

fn of_event(event: &Event, deal: &Deal, cause: Option<Cause>) -> Vec<(Role, Template)> {
    let both = |template| vec![(Role::Buyer, template), (Role::Seller, template)];
    let other = deal.offered_by.other();
    match event {
        Event::Joined(role) => vec![(role.other(), Template::DealJoined)],
        Event::Created
        | Event::PayerAdded(_)
        | Event::PaymentReturned { .. }
        | Event::AwardProposed { .. } => vec![],
        Event::Proposed => vec![(other, Template::DealProposed)],
        // Only its creator has seen a draft.
        Event::Countered(_) if deal.state == DealState::Draft => vec![],
        Event::Countered(_) => vec![(other, Template::DealCountered)],
        Event::Agreed(_) => both(Template::DealAgreed),
        // The last payment is reported by `DealFunded`.
        Event::Paid { .. } if deal.state != DealState::Agreed => vec![],
        Event::Paid { .. } => both(Template::DealPaidInPart),
        Event::Funded => both(Template::DealFunded),
        Event::MilestoneDelivered(_) => vec![(Role::Buyer, Template::MilestoneDelivered)],
        Event::MilestoneRejected(_) => vec![(Role::Seller, Template::MilestoneRejected)],
        Event::MilestoneReleased(_) => released(cause),
        Event::MilestoneRefunded(_) => {
            vec![
                (Role::Buyer, Template::MilestoneRefunded),
                (Role::Seller, Template::BuyerRefunded),
            ]
        }
        Event::MilestoneSplit { .. } => both(Template::MilestoneSplit),
        Event::SplitOffered { by, .. } => vec![(by.other(), Template::SplitOffered)],
        Event::DisputeOpened { by, .. } => vec![(by.other(), Template::DisputeOpened)],
        Event::DisputeAnswered(_) => both(Template::DisputeAnswered),
        Event::Awarded { .. } => both(Template::DisputeAwarded),
        Event::ExtensionRequested { by, .. } => vec![(by.other(), Template::ExtensionRequested)],
        Event::Extended { .. } => both(Template::DeadlineExtended),
        Event::CancellationRequested(role) => vec![(role.other(), Template::CancellationRequested)],
        Event::Cancelled => both(Template::DealCancelled),
        Event::Expired => both(Template::DealExpired),
        Event::Completed => both(Template::DealCompleted),
    }
}

/// A buyer who released the money needs no message. A buyer who missed the deadline does.
fn released(cause: Option<Cause>) -> Vec<(Role, Template)> {
    let seller = (Role::Seller, Template::MilestoneReleased);
    match cause {
        Some(Cause::Buyer) => vec![seller],
        Some(
            Cause::Seller
            | Cause::Agreement
            | Cause::CalledOff
            | Cause::Award
            | Cause::NoObjection
            | Cause::NotDelivered
            | Cause::NotAnswered
            | Cause::NoAward,
        )
        | None => vec![seller, (Role::Buyer, Template::SellerPaid)],
    }
}
