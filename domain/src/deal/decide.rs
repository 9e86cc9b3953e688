//! The rules of a deal. Every pair of state and command is listed: a new state or command does not compile until its
//! rules are written.
#![deny(clippy::wildcard_enum_match_arm)]

mod consent;
mod deliver;
mod dispute;
mod fund;
mod offer;
mod settle;

pub(super) use deliver::REWORKS_MAX;

use super::{
    Actor, Command, Deal, DealState, Decision, Event, Milestone, MilestoneState, Refusal, Timer,
};
use crate::access;
use crate::id::MilestoneId;
use chrono::{DateTime, TimeDelta, Utc};

/// Returns the effect of `command` on `deal`. The function is pure.
///
/// # Errors
/// [`Refusal`] if the actor, the state or a deadline does not allow the command.
pub fn decide(
    deal: &Deal,
    command: &Command,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let role = access::permit(deal, actor, command)?;
    let wrong_state = || Err(Refusal::WrongState { state: deal.state, command: command.name() });
    match deal.state {
        DealState::Draft => match command {
            Command::Join(user) => offer::join(deal, *user),
            Command::Propose => offer::propose(deal, now),
            Command::Counter(new) => offer::rewrite(deal, new),
            Command::Cancel => Ok(finish(deal, DealState::Cancelled, Event::Cancelled)),
            Command::Agree(_)
            | Command::AddPayer(_)
            | Command::Fund { .. }
            | Command::Deliver { .. }
            | Command::Reject(_)
            | Command::Release(_)
            | Command::Refund(_)
            | Command::OfferSplit { .. }
            | Command::AcceptSplit { .. }
            | Command::Dispute(_)
            | Command::Answer(_)
            | Command::Award { .. }
            | Command::Extend { .. }
            | Command::MutualCancel
            | Command::Expire(_) => wrong_state(),
        },
        DealState::Proposed => match command {
            Command::Join(user) => offer::join(deal, *user),
            Command::Counter(new) => offer::counter(deal, new, role, now),
            Command::Agree(revision) => offer::agree(deal, *revision, now),
            Command::Cancel => Ok(finish(deal, DealState::Cancelled, Event::Cancelled)),
            Command::Expire(Timer::Acceptance) => {
                passed(deal.due_at, now)?;
                Ok(finish(deal, DealState::Expired, Event::Expired))
            }
            Command::Propose
            | Command::AddPayer(_)
            | Command::Fund { .. }
            | Command::Deliver { .. }
            | Command::Reject(_)
            | Command::Release(_)
            | Command::Refund(_)
            | Command::OfferSplit { .. }
            | Command::AcceptSplit { .. }
            | Command::Dispute(_)
            | Command::Answer(_)
            | Command::Award { .. }
            | Command::Extend { .. }
            | Command::MutualCancel
            | Command::Expire(
                Timer::Funding
                | Timer::Delivery(_)
                | Timer::Inspection(_)
                | Timer::Answer(_)
                | Timer::Award(_),
            ) => wrong_state(),
        },
        DealState::Agreed => match command {
            Command::AddPayer(user) => fund::add_payer(deal, *user),
            Command::Fund { payer, amount } => fund::fund(deal, *payer, *amount, now),
            Command::Extend { timer, until } => consent::extend(deal, *timer, *until, role, now),
            Command::Cancel => fund::give_back(deal, DealState::Cancelled, Event::Cancelled),
            Command::Expire(Timer::Funding) => {
                passed(deal.due_at, now)?;
                fund::give_back(deal, DealState::Expired, Event::Expired)
            }
            Command::Join(_)
            | Command::Propose
            | Command::Counter(_)
            | Command::Agree(_)
            | Command::Deliver { .. }
            | Command::Reject(_)
            | Command::Release(_)
            | Command::Refund(_)
            | Command::OfferSplit { .. }
            | Command::AcceptSplit { .. }
            | Command::Dispute(_)
            | Command::Answer(_)
            | Command::Award { .. }
            | Command::MutualCancel
            | Command::Expire(
                Timer::Acceptance
                | Timer::Delivery(_)
                | Timer::Inspection(_)
                | Timer::Answer(_)
                | Timer::Award(_),
            ) => wrong_state(),
        },
        DealState::Funded | DealState::Delivered | DealState::Disputed => match command {
            Command::Deliver { milestone, proof } => {
                deliver::deliver(deal, *milestone, *proof, now)
            }
            Command::Reject(id) => deliver::reject(deal, *id, now),
            Command::Release(id) => settle::release(deal, *id, command),
            Command::Refund(id) => settle::refund(deal, *id, command),
            Command::OfferSplit { milestone, to_seller } => {
                settle::offer_split(deal, *milestone, *to_seller, role, now)
            }
            Command::AcceptSplit { milestone, to_seller } => {
                settle::accept_split(deal, *milestone, *to_seller, role, now)
            }
            Command::Dispute(id) => dispute::open(deal, *id, role, now),
            Command::Answer(id) => dispute::answer(deal, *id, role, now),
            Command::Award { milestone, award } => {
                dispute::award(deal, *milestone, award, actor, now)
            }
            Command::Extend { timer, until } => consent::extend(deal, *timer, *until, role, now),
            Command::MutualCancel => consent::cancel(deal, role, now),
            Command::Expire(Timer::Delivery(id)) => {
                expired(deal, *id, MilestoneState::Funded, command, now)?;
                settle::refund(deal, *id, command)
            }
            Command::Expire(Timer::Inspection(id)) => {
                expired(deal, *id, MilestoneState::Delivered, command, now)?;
                settle::release(deal, *id, command)
            }
            Command::Expire(Timer::Answer(id)) => {
                expired(deal, *id, MilestoneState::Disputed, command, now)?;
                dispute::unanswered(deal, *id)
            }
            Command::Expire(Timer::Award(id)) => {
                expired(deal, *id, MilestoneState::Disputed, command, now)?;
                dispute::undecided(deal, *id)
            }
            Command::Join(_)
            | Command::Propose
            | Command::Counter(_)
            | Command::Agree(_)
            | Command::AddPayer(_)
            | Command::Fund { .. }
            | Command::Cancel
            | Command::Expire(Timer::Acceptance | Timer::Funding) => wrong_state(),
        },
        DealState::Released | DealState::Refunded | DealState::Cancelled | DealState::Expired => {
            match command {
                Command::Join(_)
                | Command::Propose
                | Command::Counter(_)
                | Command::Agree(_)
                | Command::AddPayer(_)
                | Command::Fund { .. }
                | Command::Deliver { .. }
                | Command::Reject(_)
                | Command::Release(_)
                | Command::Refund(_)
                | Command::OfferSplit { .. }
                | Command::AcceptSplit { .. }
                | Command::Dispute(_)
                | Command::Answer(_)
                | Command::Award { .. }
                | Command::Extend { .. }
                | Command::Cancel
                | Command::MutualCancel
                | Command::Expire(_) => wrong_state(),
            }
        }
    }
}

/// A decision that moves no money.
fn changed(deal: Deal, event: Event) -> Decision {
    Decision { deal, entries: vec![], events: vec![event] }
}

/// Ends a deal that holds no money.
fn finish(deal: &Deal, state: DealState, event: Event) -> Decision {
    changed(Deal { state, due_at: None, extension: None, ..deal.clone() }, event)
}

/// Replaces one milestone and derives the state of the deal. Pending requests are dropped, because they were made
/// before this change.
fn with_milestone(deal: &Deal, milestone: Milestone) -> Deal {
    let mut next = Deal { cancel_asked_by: None, extension: None, ..deal.clone() };
    for old in next.milestones.iter_mut().filter(|m| m.id == milestone.id) {
        old.clone_from(&milestone);
    }
    next.state = derived(&next.milestones);
    next
}

/// Derives the state of a funded deal from its milestones.
fn derived(milestones: &[Milestone]) -> DealState {
    let any = |state| milestones.iter().any(|m| m.state == state);
    if any(MilestoneState::Disputed) {
        DealState::Disputed
    } else if any(MilestoneState::Funded) || any(MilestoneState::Planned) {
        DealState::Funded
    } else if any(MilestoneState::Delivered) {
        DealState::Delivered
    } else if any(MilestoneState::Released) || any(MilestoneState::Split) {
        DealState::Released
    } else {
        DealState::Refunded
    }
}

fn wrong_milestone<T>(milestone: &Milestone, command: &'static str) -> Result<T, Refusal> {
    Err(Refusal::WrongMilestoneState { state: milestone.state, command })
}

fn expect(
    milestone: &Milestone,
    state: MilestoneState,
    command: &'static str,
) -> Result<(), Refusal> {
    if milestone.state == state { Ok(()) } else { wrong_milestone(milestone, command) }
}

/// Checks that `command` is about the running deadline of the milestone, and that this deadline has passed.
fn expired(
    deal: &Deal,
    id: MilestoneId,
    state: MilestoneState,
    command: &Command,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let milestone = deal.require_milestone(id)?;
    expect(milestone, state, command.name())?;
    let Command::Expire(timer) = command else { return wrong_milestone(milestone, command.name()) };
    // A dispute has two deadlines in sequence; the timer must be the running one.
    match milestone.due() {
        Some((running, due_at)) if running == *timer => passed(Some(due_at), now),
        Some(_) | None => wrong_milestone(milestone, command.name()),
    }
}

/// A deadline is exact: it applies even if its timer has not fired yet.
fn in_time(due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Refusal> {
    match due_at {
        Some(due_at) if now > due_at => Err(Refusal::TooLate { due_at }),
        Some(_) | None => Ok(()),
    }
}

fn passed(due_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), Refusal> {
    match due_at {
        Some(due_at) if now <= due_at => Err(Refusal::TooEarly { due_at }),
        Some(_) | None => Ok(()),
    }
}

fn after(now: DateTime<Utc>, period: TimeDelta) -> Result<DateTime<Utc>, Refusal> {
    now.checked_add_signed(period).ok_or(Refusal::Period)
}
