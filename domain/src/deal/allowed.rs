//! Actions that a user can take in a deal now. Each action is tried with `decide`, so there is no second table.

use super::{Actor, Command, Deal, Milestone, NewMilestone, Offer, Timer, decide};
use crate::id::{MilestoneId, UserId};
use crate::money::Money;
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

text_enum! {
    /// A command that a user can give, by its name.
    pub enum Action as "deal action" {
        Propose = "propose",
        Counter = "counter",
        Agree = "agree",
        AddPayer = "add_payer",
        Fund = "fund",
        Deliver = "deliver",
        Reject = "reject",
        Release = "release",
        Refund = "refund",
        OfferSplit = "offer_split",
        AcceptSplit = "accept_split",
        Dispute = "dispute",
        Answer = "answer",
        Extend = "extend",
        Cancel = "cancel",
        MutualCancel = "mutual_cancel",
    }
}

/// An action, with its milestone if it concerns one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    pub action: Action,
    pub milestone: Option<MilestoneId>,
}

/// An id that no user has. It represents any user whom the buyer could add as a payer.
const ANYBODY: UserId = UserId::new(Uuid::max());

/// Returns the actions that the user can take now, in the order of [`Action`]: for the deal, then for each milestone.
#[must_use]
pub fn allowed(deal: &Deal, user: UserId, now: DateTime<Utc>) -> Vec<Allowed> {
    let mut found: Vec<Allowed> = vec![];
    for (action, milestone, command) in tries(deal, user) {
        let allowed = Allowed { action, milestone };
        if !found.contains(&allowed) && decide(deal, &command, Actor::User(user), now).is_ok() {
            found.push(allowed);
        }
    }
    found
}

/// Returns one command of each action to try, with plausible values.
fn tries(deal: &Deal, user: UserId) -> Vec<(Action, Option<MilestoneId>, Command)> {
    let mut tries = vec![
        (Action::Propose, None, Command::Propose),
        (Action::Counter, None, Command::Counter(same_offer(deal))),
        (Action::Agree, None, Command::Agree(deal.revision)),
        (Action::AddPayer, None, Command::AddPayer(ANYBODY)),
        (Action::Fund, None, Command::Fund { payer: user, amount: None }),
    ];
    for (timer, due_at) in deal.dues() {
        // A new extension, as well as the one that the other party has requested.
        let later = due_at.checked_add_signed(TimeDelta::hours(1)).unwrap_or(due_at);
        let asked = deal.extension.filter(|asked| asked.timer == timer).map(|asked| asked.until);
        let moments = [Some(later), asked].into_iter().flatten();
        tries.extend(moments.map(|until| extend(timer, until)));
    }
    tries.push((Action::Cancel, None, Command::Cancel));
    tries.push((Action::MutualCancel, None, Command::MutualCancel));
    tries.extend(deal.milestones.iter().flat_map(|milestone| of_milestone(deal, milestone, user)));
    tries
}

fn extend(timer: Timer, until: DateTime<Utc>) -> (Action, Option<MilestoneId>, Command) {
    (Action::Extend, timer.milestone(), Command::Extend { timer, until })
}

fn of_milestone(
    deal: &Deal,
    milestone: &Milestone,
    user: UserId,
) -> Vec<(Action, Option<MilestoneId>, Command)> {
    let id = milestone.id;
    let nothing = Money::zero(deal.currency);
    let offered = deal.role_of(user).and_then(|role| milestone.offers.of(role.other()));
    let commands = [
        (Action::Deliver, Command::Deliver { milestone: id, proof: milestone.proof }),
        (Action::Reject, Command::Reject(id)),
        (Action::Release, Command::Release(id)),
        (Action::Refund, Command::Refund(id)),
        (Action::OfferSplit, Command::OfferSplit { milestone: id, to_seller: nothing }),
        (
            Action::AcceptSplit,
            Command::AcceptSplit { milestone: id, to_seller: offered.unwrap_or(nothing) },
        ),
        (Action::Dispute, Command::Dispute(id)),
        (Action::Answer, Command::Answer(id)),
    ];
    commands.into_iter().map(|(action, command)| (action, Some(id), command)).collect()
}

/// Returns the current offer again.
fn same_offer(deal: &Deal) -> Offer {
    let milestones = deal.milestones.iter().map(|milestone| NewMilestone {
        id: milestone.id,
        title: milestone.title.clone(),
        description: milestone.description.clone(),
        items: milestone.items.clone(),
        amount: milestone.amount,
        delivery: milestone.delivery,
        proof: milestone.proof,
    });
    Offer {
        title: deal.title.clone(),
        fees: deal.fees,
        terms: deal.terms,
        milestones: milestones.collect(),
    }
}
