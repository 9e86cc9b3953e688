//! Actions that need both parties: cancelling a funded deal and moving a deadline. One party requests, the other
//! agrees.

use super::settle::settle;
use super::{changed, in_time};
use crate::deal::{Award, Deal, Decision, Event, Extension, Refusal, Role, TERM_MAX, Timer};
use crate::id::MilestoneId;
use crate::money::Money;
use chrono::{DateTime, Utc};

/// Cancels a funded deal once both parties want it, and refunds all open milestones. A milestone whose deadline has
/// passed blocks the cancellation: its default outcome applies.
pub(super) fn cancel(
    deal: &Deal,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let Some(role) = role else { return Err(Refusal::WrongParty { wanted: deal.offered_by }) };
    for milestone in deal.milestones.iter().filter(|m| m.state.holds_money()) {
        in_time(milestone.due_at, now)?;
    }
    match deal.cancel_asked_by {
        Some(asked) if asked == role => Err(Refusal::AlreadyRequested),
        Some(_) => refund_open(deal),
        None => {
            let next = Deal { cancel_asked_by: Some(role), ..deal.clone() };
            Ok(changed(next, Event::CancellationRequested(role)))
        }
    }
}

fn refund_open(deal: &Deal) -> Result<Decision, Refusal> {
    // The feature disables the first condition, to test that the model checker finds the bug.
    let open: Vec<MilestoneId> = deal
        .milestones
        .iter()
        .filter(|m| m.state.holds_money() || cfg!(feature = "planted-bug"))
        .map(|m| m.id)
        .collect();
    let start = Decision { deal: deal.clone(), entries: vec![], events: vec![] };
    open.into_iter().try_fold(start, |mut sum, id| {
        let milestone = sum.deal.require_milestone(id)?;
        let next = settle(&sum.deal, milestone, &Award::plain(Money::zero(deal.currency)))?;
        sum.entries.extend(next.entries);
        sum.events.extend(next.events);
        Ok(Decision { deal: next.deal, ..sum })
    })
}

/// Moves a running deadline to a later time, before it has passed.
pub(super) fn extend(
    deal: &Deal,
    timer: Timer,
    until: DateTime<Utc>,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let Some(by) = role else { return Err(Refusal::WrongParty { wanted: deal.offered_by }) };
    let due_at = deal.due(timer).filter(|_| timer.can_be_extended());
    let due_at = due_at.ok_or(Refusal::NotExtensible)?;
    in_time(Some(due_at), now)?;
    let latest = due_at.checked_add_signed(TERM_MAX).ok_or(Refusal::Period)?;
    if until <= due_at || until > latest {
        return Err(Refusal::NotExtensible);
    }
    match deal.extension {
        Some(asked) if asked == (Extension { asked_by: by, timer, until }) => {
            Err(Refusal::AlreadyRequested)
        }
        Some(asked) if asked == (Extension { asked_by: by.other(), timer, until }) => {
            Ok(changed(moved(deal, timer, until), Event::Extended { timer, until }))
        }
        Some(_) | None => {
            let asked = Extension { asked_by: by, timer, until };
            let next = Deal { extension: Some(asked), ..deal.clone() };
            Ok(changed(next, Event::ExtensionRequested { by, timer, until }))
        }
    }
}

fn moved(deal: &Deal, timer: Timer, until: DateTime<Utc>) -> Deal {
    let mut next = Deal { extension: None, ..deal.clone() };
    match timer.milestone() {
        None => next.due_at = Some(until),
        Some(id) => {
            for milestone in next.milestones.iter_mut().filter(|m| m.id == id) {
                milestone.due_at = Some(until);
            }
        }
    }
    next
}
