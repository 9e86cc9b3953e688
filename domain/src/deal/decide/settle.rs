//! Settlement of a milestone: the only place where money leaves the escrow of a funded deal.

use super::{changed, in_time, with_milestone, wrong_milestone};
use crate::deal::{
    Award, Deal, DealState, Decision, Division, Event, Milestone, MilestoneState, Offers, Payer,
    Refusal, Role,
};
use crate::id::MilestoneId;
use crate::ledger::{Account, Entry, EntryKind};
use crate::money::Money;
use chrono::{DateTime, Utc};

/// Pays the seller. The buyer may release before the delivery is marked.
pub(super) fn release(
    deal: &Deal,
    id: MilestoneId,
    command: &crate::deal::Command,
) -> Result<Decision, Refusal> {
    let milestone = undisputed(deal, id, command.name())?;
    settle(deal, milestone, &Award::plain(milestone.amount))
}

pub(super) fn refund(
    deal: &Deal,
    id: MilestoneId,
    command: &crate::deal::Command,
) -> Result<Decision, Refusal> {
    let milestone = undisputed(deal, id, command.name())?;
    settle(deal, milestone, &Award::plain(Money::zero(deal.currency)))
}

pub(super) fn offer_split(
    deal: &Deal,
    id: MilestoneId,
    to_seller: Money,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let milestone = open(deal, id, "offer_split")?;
    in_time(milestone.due_at, now)?;
    let Some(by) = role else { return Err(Refusal::WrongParty { wanted: Role::Buyer }) };
    Division::of(milestone, &Award::plain(to_seller))?;
    let mut next = deal.clone();
    for milestone in next.milestones.iter_mut().filter(|m| m.id == id) {
        milestone.offers = milestone.offers.with(by, to_seller);
    }
    Ok(changed(next, Event::SplitOffered { milestone: id, by, to_seller }))
}

pub(super) fn accept_split(
    deal: &Deal,
    id: MilestoneId,
    to_seller: Money,
    role: Option<Role>,
    now: DateTime<Utc>,
) -> Result<Decision, Refusal> {
    let milestone = open(deal, id, "accept_split")?;
    // An offer does not outlive the deadline, after which the default outcome applies.
    in_time(milestone.due_at, now)?;
    let Some(by) = role else { return Err(Refusal::WrongParty { wanted: Role::Buyer }) };
    if milestone.offers.of(by.other()) != Some(to_seller) {
        return Err(Refusal::OfferMismatch);
    }
    settle(deal, milestone, &Award::plain(to_seller))
}

/// Pays out the escrow of a milestone and closes it. The ledger key is the same for every outcome, so that a milestone
/// is settled only once.
pub(super) fn settle(
    deal: &Deal,
    milestone: &Milestone,
    award: &Award,
) -> Result<Decision, Refusal> {
    let division = Division::of(milestone, award)?;
    let id = milestone.id;
    let none = Money::zero(deal.currency);
    let (state, kind, event) = if division.to_buyer() == none {
        (MilestoneState::Released, EntryKind::Release, Event::MilestoneReleased(id))
    } else if award.to_seller == none && award.costs.is_none() {
        (MilestoneState::Refunded, EntryKind::Refund, Event::MilestoneRefunded(id))
    } else {
        let (to_seller, to_buyer) = (division.to_seller(), division.to_buyer());
        let event = Event::MilestoneSplit { milestone: id, to_seller, to_buyer };
        (MilestoneState::Split, EntryKind::Split, event)
    };
    let mut next = with_milestone(
        deal,
        Milestone {
            state,
            due_at: None,
            offers: Offers::default(),
            dispute: None,
            ..milestone.clone()
        },
    );
    let mut shares = vec![
        (Account::available(deal.joined(Role::Seller)?, deal.currency), division.to_seller()),
        (Account::fees(deal.currency), division.to_platform()),
        (Account::provider_costs(deal.currency), division.to_provider_costs()),
    ];
    if let Some(broker) = deal.broker {
        shares.push((Account::available(broker.user, deal.currency), division.to_broker()));
    }
    for (payer, part) in give_back(&mut next.payers, division.to_buyer())? {
        add(&mut shares, Account::available(payer, deal.currency), part)?;
    }
    let escrow = Account::escrow(deal.id, deal.currency);
    let entry = Entry::distribute(kind, format!("{id}:settle"), escrow, &shares)?;
    let mut events = vec![event];
    if matches!(next.state, DealState::Released | DealState::Refunded) {
        events.push(Event::Completed);
    }
    Ok(Decision { deal: next, entries: vec![entry], events })
}

/// Divides a refund among the payers in proportion to what each still has in the deal. No payer gets back more than
/// they paid.
fn give_back(
    payers: &mut [Payer],
    amount: Money,
) -> Result<Vec<(crate::id::UserId, Money)>, Refusal> {
    let weights: Vec<i64> = payers
        .iter()
        .map(|payer| Ok(payer.paid.minus(payer.returned)?.minor()))
        .collect::<Result<_, Refusal>>()?;
    let parts = amount.allocate(&weights);
    for (payer, part) in payers.iter_mut().zip(&parts) {
        payer.returned = payer.returned.plus(*part)?;
    }
    Ok(payers.iter().map(|payer| payer.user).zip(parts).collect())
}

/// Adds a share to an account. An entry has one posting per account, but a user may have two shares: a broker who also
/// paid for the buyer.
fn add(shares: &mut Vec<(Account, Money)>, account: Account, part: Money) -> Result<(), Refusal> {
    match shares.iter_mut().find(|(known, _)| *known == account) {
        Some((_, share)) => *share = share.plus(part)?,
        None => shares.push((account, part)),
    }
    Ok(())
}

/// Rejects a disputed milestone, so that a release sent before the dispute does not settle it. A party that gives in
/// offers the other party everything, or lets the deadline pass.
fn undisputed<'a>(
    deal: &'a Deal,
    id: MilestoneId,
    command: &'static str,
) -> Result<&'a Milestone, Refusal> {
    let milestone = open(deal, id, command)?;
    match milestone.state {
        MilestoneState::Disputed => wrong_milestone(milestone, command),
        MilestoneState::Planned
        | MilestoneState::Funded
        | MilestoneState::Delivered
        | MilestoneState::Released
        | MilestoneState::Refunded
        | MilestoneState::Split => Ok(milestone),
    }
}

/// Returns the milestone if it has money in escrow.
fn open<'a>(
    deal: &'a Deal,
    id: MilestoneId,
    command: &'static str,
) -> Result<&'a Milestone, Refusal> {
    let milestone = deal.require_milestone(id)?;
    if milestone.state.holds_money() { Ok(milestone) } else { wrong_milestone(milestone, command) }
}
