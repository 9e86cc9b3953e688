//! What takes both sides: calling a funded deal off, moving a deadline. The first call asks, the other's does it.

use super::settle::settle;
use super::{changed, in_time};
use crate::deal::{Award, Deal, Decision, Event, Extension, Refusal, Role, TERM_MAX, Timer};
use crate::id::MilestoneId;
use crate::money::Money;
use chrono::{DateTime, Utc};

/// Both want out: everything that is still open goes back to who paid, unless silence has decided about a part of it.
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
        Some(asked) if asked == role => Err(Refusal::AlreadyAsked),
        Some(_) => refund_open(deal),
        None => {
            let next = Deal { cancel_asked_by: Some(role), ..deal.clone() };
            Ok(changed(next, Event::CancelAsked(role)))
        }
    }
}

fn refund_open(deal: &Deal) -> Result<Decision, Refusal> {
    // The model checker is shown that it would find out if the first half of this were forgotten.
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

/// A running deadline is moved to a later moment, before it has passed.
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
            Err(Refusal::AlreadyAsked)
        }
        Some(asked) if asked == (Extension { asked_by: by.other(), timer, until }) => {
            Ok(changed(moved(deal, timer, until), Event::Extended { timer, until }))
        }
        Some(_) | None => {
            let asked = Extension { asked_by: by, timer, until };
            let next = Deal { extension: Some(asked), ..deal.clone() };
            Ok(changed(next, Event::ExtensionAsked { by, timer, until }))
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
