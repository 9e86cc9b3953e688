//! The rules of a deal: every pair of state and command is written out, so that a new state or command
//! does not compile until somebody has decided what it means.
#![deny(clippy::wildcard_enum_match_arm)]

use super::{
    Actor, Command, Deal, DealState, Decision, Event, Milestone, MilestoneState, Refusal, Role,
    Timer,
};
use crate::access;
use crate::id::MilestoneId;
use crate::ledger::{Account, Entry, EntryKind};
use chrono::{DateTime, TimeDelta, Utc};

/// Decides what `command` does to `deal`. Nothing is changed by asking.
///
/// # Errors
/// [`Refusal`] if the actor may not, the state does not allow it, or a deadline speaks against it.
pub fn decide(
    deal: &Deal,
    command: Command,
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let role = access::permit(deal, actor, &command)?;
    let wrong_state = || Err(Refusal::WrongState { state: deal.state, command: command.name() });
    match (deal.state, command) {
        (DealState::Draft, Command::Propose) => propose(deal, now),
        (DealState::Proposed, Command::Agree) => agree(deal, now),
        (DealState::Agreed, Command::Fund) => fund(deal, now),
        (DealState::Draft | DealState::Proposed | DealState::Agreed, Command::Cancel) => {
            Ok(finish(deal, DealState::Cancelled, Event::Cancelled))
        }
        (DealState::Funded | DealState::Delivered, Command::Cancel) => cancel_funded(deal, role),
        (DealState::Funded | DealState::Delivered, Command::Deliver(id)) => deliver(deal, id, now),
        (DealState::Funded | DealState::Delivered, Command::Release(id)) => {
            release(deal, id, command)
        }
        (DealState::Proposed, Command::Lapse(Timer::Acceptance))
        | (DealState::Agreed, Command::Lapse(Timer::Funding)) => {
            passed(deal.due_at, now)?;
            Ok(finish(deal, DealState::Expired, Event::Expired))
        }
        (DealState::Funded | DealState::Delivered, Command::Lapse(Timer::Delivery(id))) => {
            let milestone = find(deal, id)?;
            expect(milestone, MilestoneState::Funded, command)?;
            passed(milestone.due_at, now)?;
            refund(deal, &[id])
        }
        (DealState::Funded | DealState::Delivered, Command::Lapse(Timer::Inspection(id))) => {
            let milestone = find(deal, id)?;
            expect(milestone, MilestoneState::Delivered, command)?;
            passed(milestone.due_at, now)?;
            release(deal, id, command)
        }
        (
            DealState::Draft,
            Command::Agree
            | Command::Fund
            | Command::Deliver(_)
            | Command::Release(_)
            | Command::Lapse(_),
        )
        | (
            DealState::Proposed,
            Command::Propose
            | Command::Fund
            | Command::Deliver(_)
            | Command::Release(_)
            | Command::Lapse(Timer::Funding | Timer::Delivery(_) | Timer::Inspection(_)),
        )
        | (
            DealState::Agreed,
            Command::Propose
            | Command::Agree
            | Command::Deliver(_)
            | Command::Release(_)
            | Command::Lapse(Timer::Acceptance | Timer::Delivery(_) | Timer::Inspection(_)),
        )
        | (
            DealState::Funded | DealState::Delivered,
            Command::Propose
            | Command::Agree
            | Command::Fund
            | Command::Lapse(Timer::Acceptance | Timer::Funding),
        )
        | (
            DealState::Released | DealState::Refunded | DealState::Cancelled | DealState::Expired,
            Command::Propose
            | Command::Agree
            | Command::Fund
            | Command::Deliver(_)
            | Command::Release(_)
            | Command::Cancel
            | Command::Lapse(_),
        ) => wrong_state(),
    }
}

fn propose(deal: &Deal, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let due_at = after(now, deal.terms.acceptance)?;
    let next = Deal { state: DealState::Proposed, due_at: Some(due_at), ..deal.clone() };
    Ok(Decision {
        deal: next,
        entries: vec![],
        events: vec![Event::Proposed],
        timers: vec![(Timer::Acceptance, due_at)],
    })
}

fn agree(deal: &Deal, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    in_time(deal.due_at, now)?;
    let due_at = after(now, deal.terms.funding)?;
    let next = Deal { state: DealState::Agreed, due_at: Some(due_at), ..deal.clone() };
    Ok(Decision {
        deal: next,
        entries: vec![],
        events: vec![Event::Agreed],
        timers: vec![(Timer::Funding, due_at)],
    })
}

fn fund(deal: &Deal, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    in_time(deal.due_at, now)?;
    let mut next = Deal { state: DealState::Funded, due_at: None, ..deal.clone() };
    let mut timers = Vec::with_capacity(next.milestones.len());
    for milestone in &mut next.milestones {
        let due_at = after(now, milestone.delivery)?;
        milestone.state = MilestoneState::Funded;
        milestone.due_at = Some(due_at);
        timers.push((Timer::Delivery(milestone.id), due_at));
    }
    let buyer = Account::available(deal.buyer, deal.currency);
    let escrow = Account::escrow(deal.id, deal.currency);
    let key = format!("{}:fund", deal.id);
    let entry = Entry::transfer(EntryKind::Fund, key, deal.price()?, buyer, escrow)?;
    Ok(Decision { deal: next, entries: vec![entry], events: vec![Event::Funded], timers })
}

fn deliver(deal: &Deal, id: MilestoneId, now: DateTime<Utc>) -> Result<Decision, Refusal> {
    let milestone = find(deal, id)?;
    expect(milestone, MilestoneState::Funded, Command::Deliver(id))?;
    in_time(milestone.due_at, now)?;
    let due_at = after(now, deal.terms.inspection)?;
    let next = with_milestone(deal, id, MilestoneState::Delivered, Some(due_at));
    Ok(Decision {
        deal: settle_state(next),
        entries: vec![],
        events: vec![Event::MilestoneDelivered(id)],
        timers: vec![(Timer::Inspection(id), due_at)],
    })
}

fn release(deal: &Deal, id: MilestoneId, command: Command) -> Result<Decision, Refusal> {
    let milestone = find(deal, id)?;
    match milestone.state {
        // A buyer who is content may release before the seller has marked the delivery.
        MilestoneState::Funded | MilestoneState::Delivered => {}
        state @ (MilestoneState::Planned | MilestoneState::Released | MilestoneState::Refunded) => {
            return Err(Refusal::WrongMilestoneState { state, command: command.name() });
        }
    }
    let shares = [
        (
            Account::available(deal.seller, deal.currency),
            milestone.amount.minus(milestone.seller_fee)?,
        ),
        (Account::fees(deal.currency), milestone.buyer_fee.plus(milestone.seller_fee)?),
    ];
    let escrow = Account::escrow(deal.id, deal.currency);
    let entry = Entry::distribute(EntryKind::Release, format!("{id}:release"), escrow, &shares)?;
    let next = with_milestone(deal, id, MilestoneState::Released, None);
    Ok(closing(settle_state(next), vec![entry], vec![Event::MilestoneReleased(id)]))
}

fn cancel_funded(deal: &Deal, role: Option<Role>) -> Result<Decision, Refusal> {
    let Some(role) = role else { return Err(Refusal::WrongParty { wanted: deal.proposer }) };
    match deal.cancel_asked_by {
        Some(asked) if asked == role => Err(Refusal::AlreadyAsked),
        Some(_) => {
            let open: Vec<MilestoneId> =
                deal.milestones.iter().filter(|m| m.state.is_open()).map(|m| m.id).collect();
            refund(deal, &open)
        }
        None => Ok(Decision {
            deal: Deal { cancel_asked_by: Some(role), ..deal.clone() },
            entries: vec![],
            events: vec![Event::CancelAsked(role)],
            timers: vec![],
        }),
    }
}

/// Gives the buyer back what is in escrow for the milestones, the buyer's fees with it.
fn refund(deal: &Deal, ids: &[MilestoneId]) -> Result<Decision, Refusal> {
    let escrow = Account::escrow(deal.id, deal.currency);
    let buyer = Account::available(deal.buyer, deal.currency);
    let mut next = deal.clone();
    let (mut entries, mut events) = (vec![], vec![]);
    for id in ids {
        let amount = find(deal, *id)?.in_escrow()?;
        entries.push(Entry::transfer(
            EntryKind::Refund,
            format!("{id}:refund"),
            amount,
            escrow,
            buyer,
        )?);
        events.push(Event::MilestoneRefunded(*id));
        next = with_milestone(&next, *id, MilestoneState::Refunded, None);
    }
    Ok(closing(settle_state(next), entries, events))
}

/// Ends a deal that holds no money.
fn finish(deal: &Deal, state: DealState, event: Event) -> Decision {
    let next = Deal { state, due_at: None, ..deal.clone() };
    Decision { deal: next, entries: vec![], events: vec![event], timers: vec![] }
}

fn closing(deal: Deal, entries: Vec<Entry>, mut events: Vec<Event>) -> Decision {
    if matches!(deal.state, DealState::Released | DealState::Refunded) {
        events.push(Event::Completed);
    }
    Decision { deal, entries, events, timers: vec![] }
}

/// The state of a funded deal follows from its milestones.
fn settle_state(mut deal: Deal) -> Deal {
    let any = |state| deal.milestones.iter().any(|m| m.state == state);
    deal.state = if any(MilestoneState::Funded) || any(MilestoneState::Planned) {
        DealState::Funded
    } else if any(MilestoneState::Delivered) {
        DealState::Delivered
    } else if any(MilestoneState::Released) {
        DealState::Released
    } else {
        DealState::Refunded
    };
    deal
}

fn with_milestone(
    deal: &Deal,
    id: MilestoneId,
    state: MilestoneState,
    due_at: Option<DateTime<Utc>>,
) -> Deal {
    // What was asked for before this progress was asked about another deal.
    let mut next = Deal { cancel_asked_by: None, ..deal.clone() };
    for milestone in next.milestones.iter_mut().filter(|m| m.id == id) {
        milestone.state = state;
        milestone.due_at = due_at;
    }
    next
}

fn find(deal: &Deal, id: MilestoneId) -> Result<&Milestone, Refusal> {
    deal.milestones.iter().find(|m| m.id == id).ok_or(Refusal::UnknownMilestone)
}

fn expect(milestone: &Milestone, state: MilestoneState, command: Command) -> Result<(), Refusal> {
    if milestone.state == state {
        Ok(())
    } else {
        Err(Refusal::WrongMilestoneState { state: milestone.state, command: command.name() })
    }
}

/// A deadline is exact, whether or not its timer has run yet.
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
