//! Tables for every rule, and properties of sequences of commands.

mod disputes;
mod funding;
mod notices;
mod offers;
mod properties;
mod silence;

use super::*;
use crate::fee::FeePayer;
use crate::id::MilestoneId;
use crate::ledger::{Account, Entry};
use chrono::TimeDelta;
use uuid::Uuid;

const AMINA: UserId = UserId::new(Uuid::from_u128(1));
const JUMA: UserId = UserId::new(Uuid::from_u128(2));
const WANJIKU: UserId = UserId::new(Uuid::from_u128(3));
const BROKER: UserId = UserId::new(Uuid::from_u128(4));
const BUYER: Actor = Actor::User(AMINA);
const SELLER: Actor = Actor::User(JUMA);
const STRANGER: Actor = Actor::User(WANJIKU);
const ARBITER: Actor = Actor::Arbiter(UserId::new(Uuid::from_u128(5)));
const OTHER_ARBITER: Actor = Actor::Arbiter(UserId::new(Uuid::from_u128(6)));
const FIRST: MilestoneId = MilestoneId::new(Uuid::from_u128(11));
const SECOND: MilestoneId = MilestoneId::new(Uuid::from_u128(12));

fn hour(n: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(n * 3600, 0).unwrap()
}

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn offer() -> Offer {
    let milestone = |id, title: &str, minor| NewMilestone {
        id,
        title: title.into(),
        description: None,
        items: vec![],
        amount: kes(minor),
        delivery: TimeDelta::hours(48),
        proof: None,
    };
    let day = TimeDelta::hours(24);
    Offer {
        title: "Two goats".into(),
        fees: FeePlan {
            percentage_bps: 300,
            fixed: kes(1_001),
            payer: FeePayer::Shared,
            ..FeePlan::free(Currency::Kes)
        },
        terms: Terms {
            acceptance: day,
            funding: day,
            inspection: day,
            rework: day,
            answer: day,
            award: day,
        },
        milestones: vec![
            milestone(FIRST, "First goat", 100_000),
            milestone(SECOND, "Second goat", 50_000),
        ],
    }
}

fn new_deal() -> NewDeal {
    NewDeal {
        id: DealId::new(Uuid::from_u128(10)),
        proposer: JUMA,
        role: Role::Seller,
        counterparty: Some(AMINA),
        broker: None,
        currency: Currency::Kes,
        offer: offer(),
    }
}

fn pay() -> Command {
    Command::Fund { payer: AMINA, amount: None }
}

fn delivered(milestone: MilestoneId) -> Command {
    Command::Deliver { milestone, proof: None }
}

fn run_from(deal: Deal, commands: &[(Command, Actor)]) -> Deal {
    commands.iter().fold(deal, |deal, (command, actor)| {
        decide(&deal, command, *actor, hour(1)).unwrap_or_else(|e| panic!("{command:?}: {e}")).deal
    })
}

fn run(commands: &[(Command, Actor)]) -> Deal {
    run_from(draft(new_deal()).unwrap(), commands)
}

fn proposed() -> Deal {
    run(&[(Command::Propose, SELLER)])
}

fn agreed() -> Deal {
    run(&[(Command::Propose, SELLER), (Command::Agree(1), BUYER)])
}

fn funded() -> Deal {
    run_from(agreed(), &[(pay(), BUYER)])
}

fn refused(deal: &Deal, command: Command, actor: Actor, refusal: Refusal) {
    let got = decide(deal, &command, actor, hour(1));
    assert_eq!(got, Err(refusal), "{command:?} on {}", deal.state);
}

/// Returns the amount that an account receives from a decision.
fn gets(decision: &Decision, account: Account) -> i64 {
    let postings = decision.entries.iter().flat_map(Entry::postings);
    postings.filter(|p| p.account == account).map(|p| p.amount_minor).sum()
}

fn wallet(user: UserId) -> Account {
    Account::available(user, Currency::Kes)
}

#[test]
fn the_straight_road_ends_released() {
    let deal = run(&[
        (Command::Propose, SELLER),
        (Command::Agree(1), BUYER),
        (pay(), Actor::System),
        (delivered(FIRST), SELLER),
        (Command::Release(FIRST), BUYER),
        (delivered(SECOND), SELLER),
        (Command::Release(SECOND), BUYER),
    ]);
    assert_eq!(deal.state, DealState::Released);
    assert_eq!(deal.dues(), []);
}

#[test]
fn only_the_right_party_may() {
    let buyer = Refusal::WrongParty { wanted: Role::Buyer };
    let seller = Refusal::WrongParty { wanted: Role::Seller };
    let split = Command::OfferSplit { milestone: FIRST, to_seller: kes(1) };
    let award = Command::Award { milestone: FIRST, award: Award::plain(kes(1)) };
    refused(&draft(new_deal()).unwrap(), Command::Propose, BUYER, seller.clone());
    refused(&draft(new_deal()).unwrap(), Command::Counter(offer()), BUYER, seller.clone());
    refused(&proposed(), Command::Agree(1), SELLER, Refusal::OwnProposal);
    refused(&proposed(), Command::Agree(1), Actor::System, buyer.clone());
    refused(&proposed(), Command::Counter(offer()), STRANGER, seller.clone());
    refused(&agreed(), pay(), SELLER, Refusal::NotPayer);
    refused(&agreed(), Command::Fund { payer: JUMA, amount: None }, SELLER, Refusal::NotPayer);
    refused(&agreed(), Command::AddPayer(WANJIKU), SELLER, buyer.clone());
    refused(&funded(), delivered(FIRST), BUYER, seller.clone());
    refused(&funded(), Command::Refund(FIRST), BUYER, seller.clone());
    refused(&funded(), Command::Release(FIRST), SELLER, buyer.clone());
    refused(&funded(), Command::Release(FIRST), Actor::System, buyer.clone());
    refused(&funded(), Command::Reject(FIRST), SELLER, buyer);
    refused(&funded(), award.clone(), BUYER, Refusal::NotArbiter);
    refused(&funded(), award, Actor::Arbiter(JUMA), Refusal::NotArbiter);
    refused(&funded(), Command::Expire(Timer::Delivery(FIRST)), SELLER, seller.clone());
    for command in [
        Command::Join(WANJIKU),
        Command::Propose,
        Command::Cancel,
        Command::MutualCancel,
        Command::Release(FIRST),
        Command::Dispute(FIRST),
        split,
        Command::Extend { timer: Timer::Delivery(FIRST), until: hour(90) },
    ] {
        let wanted =
            if matches!(command, Command::Release(_)) { Role::Buyer } else { Role::Seller };
        refused(&funded(), command, STRANGER, Refusal::WrongParty { wanted });
    }
}

#[test]
fn a_command_in_the_wrong_state_changes_nothing() {
    let wrong = |state, command: &Command| Refusal::WrongState { state, command: command.name() };
    // The permission is checked first: the user is not a payer before the deal is agreed.
    refused(&proposed(), pay(), BUYER, wrong(DealState::Proposed, &pay()));
    refused(&agreed(), Command::Agree(1), BUYER, wrong(DealState::Agreed, &Command::Agree(1)));
    refused(&funded(), pay(), BUYER, wrong(DealState::Funded, &pay()));
    let strange = MilestoneId::new(Uuid::from_u128(99));
    refused(&funded(), delivered(strange), SELLER, Refusal::UnknownMilestone);
    let released = run_from(funded(), &[(Command::Release(FIRST), BUYER)]);
    let again =
        Refusal::WrongMilestoneState { state: MilestoneState::Released, command: "release" };
    refused(&released, Command::Release(FIRST), BUYER, again);
}

#[test]
fn a_funded_deal_is_called_off_by_both_or_not_at_all() {
    let asked = decide(&funded(), &Command::MutualCancel, BUYER, hour(1)).unwrap();
    assert_eq!(asked.entries, []);
    let state = |deal: &Deal, command| Refusal::WrongState { state: deal.state, command };
    refused(&asked.deal, Command::Cancel, SELLER, state(&asked.deal, "cancel"));
    refused(&agreed(), Command::MutualCancel, SELLER, state(&agreed(), "mutual_cancel"));
    refused(&asked.deal, Command::MutualCancel, BUYER, Refusal::AlreadyRequested);
    let done = decide(&asked.deal, &Command::MutualCancel, SELLER, hour(1)).unwrap();
    assert_eq!(done.deal.state, DealState::Refunded);
    assert_eq!(gets(&done, wallet(AMINA)), funded().price().unwrap().minor());
    // Progress in between invalidates the earlier request.
    let moved = decide(&asked.deal, &delivered(FIRST), SELLER, hour(1)).unwrap().deal;
    assert_eq!(moved.cancel_asked_by, None);
    // Settled milestones stay settled.
    let half =
        run_from(funded(), &[(Command::Release(FIRST), BUYER), (Command::MutualCancel, SELLER)]);
    let over = decide(&half, &Command::MutualCancel, BUYER, hour(1)).unwrap();
    assert_eq!(over.entries.len(), 1);
    assert_eq!(over.deal.state, DealState::Released);
}

#[test]
fn a_deadline_moves_when_both_say_the_same() {
    let later = Command::Extend { timer: Timer::Delivery(FIRST), until: hour(90) };
    let asked = run_from(funded(), &[(later.clone(), SELLER)]);
    refused(&asked, later.clone(), SELLER, Refusal::AlreadyRequested);
    let other = Command::Extend { timer: Timer::Delivery(FIRST), until: hour(91) };
    let answered = run_from(asked.clone(), &[(other, BUYER)]);
    assert_eq!(answered.due(Timer::Delivery(FIRST)), Some(hour(49)));
    let agreed = decide(&asked, &later, BUYER, hour(1)).unwrap();
    assert_eq!(agreed.deal.due(Timer::Delivery(FIRST)), Some(hour(90)));
    let timers: Vec<_> = agreed.timers(&asked).collect();
    assert_eq!(timers, [(Timer::Delivery(FIRST), hour(90))]);
    for (timer, until) in [
        (Timer::Delivery(FIRST), hour(49)),
        (Timer::Delivery(FIRST), hour(24 * 500)),
        (Timer::Inspection(FIRST), hour(90)),
        (Timer::Funding, hour(90)),
    ] {
        refused(&funded(), Command::Extend { timer, until }, BUYER, Refusal::NotExtensible);
    }
    let late = decide(&asked, &later, BUYER, hour(50));
    assert_eq!(late, Err(Refusal::TooLate { due_at: hour(49) }));
}
