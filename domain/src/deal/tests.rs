//! Tables for every rule, and properties over whole sequences of commands.

use super::*;
use crate::fee::FeePayer;
use crate::ledger::{Account, AccountKind, Entry, EntryKind, Position, Positions};
use proptest::prelude::*;
use uuid::Uuid;

const BUYER: Actor = Actor::User(UserId::new(Uuid::from_u128(1)));
const SELLER: Actor = Actor::User(UserId::new(Uuid::from_u128(2)));
const STRANGER: Actor = Actor::User(UserId::new(Uuid::from_u128(3)));
const FIRST: MilestoneId = MilestoneId::new(Uuid::from_u128(11));
const SECOND: MilestoneId = MilestoneId::new(Uuid::from_u128(12));

fn hour(n: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(n * 3600, 0).unwrap()
}

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn new_deal() -> NewDeal {
    let milestone = |id, title: &str, minor| NewMilestone {
        id,
        title: title.into(),
        amount: kes(minor),
        delivery: TimeDelta::hours(48),
    };
    NewDeal {
        id: DealId::new(Uuid::from_u128(10)),
        title: "Two goats".into(),
        buyer: UserId::new(Uuid::from_u128(1)),
        seller: UserId::new(Uuid::from_u128(2)),
        proposer: Role::Seller,
        currency: Currency::Kes,
        fees: FeePlan { percentage_bps: 300, fixed: kes(1_001), payer: FeePayer::Shared },
        terms: Terms {
            acceptance: TimeDelta::hours(24),
            funding: TimeDelta::hours(24),
            inspection: TimeDelta::hours(24),
        },
        milestones: vec![
            milestone(FIRST, "First goat", 100_000),
            milestone(SECOND, "Second goat", 50_000),
        ],
    }
}

fn run(commands: &[(Command, Actor)]) -> Deal {
    commands.iter().fold(draft(new_deal()).unwrap(), |deal, (command, actor)| {
        decide(&deal, *command, *actor, hour(1)).unwrap_or_else(|e| panic!("{command:?}: {e}")).deal
    })
}

fn proposed() -> Deal {
    run(&[(Command::Propose, SELLER)])
}

fn agreed() -> Deal {
    run(&[(Command::Propose, SELLER), (Command::Agree, BUYER)])
}

fn funded() -> Deal {
    run(&[(Command::Propose, SELLER), (Command::Agree, BUYER), (Command::Fund, BUYER)])
}

fn refused(deal: &Deal, command: Command, actor: Actor, refusal: Refusal) {
    assert_eq!(
        decide(deal, command, actor, hour(1)),
        Err(refusal),
        "{command:?} on {}",
        deal.state
    );
}

#[test]
fn the_straight_road_ends_released() {
    let deal = run(&[
        (Command::Propose, SELLER),
        (Command::Agree, BUYER),
        (Command::Fund, Actor::System),
        (Command::Deliver(FIRST), SELLER),
        (Command::Release(FIRST), BUYER),
        (Command::Deliver(SECOND), SELLER),
        (Command::Release(SECOND), BUYER),
    ]);
    assert_eq!(deal.state, DealState::Released);
}

#[test]
fn only_the_right_party_may() {
    let buyer = Refusal::WrongParty { wanted: Role::Buyer };
    let seller = Refusal::WrongParty { wanted: Role::Seller };
    refused(&draft(new_deal()).unwrap(), Command::Propose, BUYER, seller.clone());
    refused(&proposed(), Command::Agree, SELLER, Refusal::OwnProposal);
    refused(&proposed(), Command::Agree, Actor::System, buyer.clone());
    refused(&agreed(), Command::Fund, SELLER, buyer.clone());
    refused(&funded(), Command::Deliver(FIRST), BUYER, seller.clone());
    refused(&funded(), Command::Release(FIRST), SELLER, buyer.clone());
    refused(&funded(), Command::Release(FIRST), Actor::System, buyer);
    refused(&funded(), Command::Cancel, Actor::System, seller.clone());
    refused(&funded(), Command::Lapse(Timer::Delivery(FIRST)), SELLER, seller.clone());
    for command in
        [Command::Propose, Command::Agree, Command::Fund, Command::Cancel, Command::Release(FIRST)]
    {
        refused(&funded(), command, STRANGER, seller.clone());
    }
}

#[test]
fn a_command_in_the_wrong_state_changes_nothing() {
    let wrong = |state, command: &Command| Refusal::WrongState { state, command: command.name() };
    refused(&proposed(), Command::Fund, BUYER, wrong(DealState::Proposed, &Command::Fund));
    refused(&agreed(), Command::Agree, BUYER, wrong(DealState::Agreed, &Command::Agree));
    refused(&funded(), Command::Fund, BUYER, wrong(DealState::Funded, &Command::Fund));
    let strange = MilestoneId::new(Uuid::from_u128(99));
    refused(&funded(), Command::Deliver(strange), SELLER, Refusal::UnknownMilestone);
    let released = decide(&funded(), Command::Release(FIRST), BUYER, hour(1)).unwrap().deal;
    let again =
        Refusal::WrongMilestoneState { state: MilestoneState::Released, command: "release" };
    refused(&released, Command::Release(FIRST), BUYER, again);
}

#[test]
fn a_deadline_is_exact_before_and_after_its_timer() {
    let late = |deal: &Deal, command, actor| decide(deal, command, actor, hour(80));
    assert!(matches!(late(&proposed(), Command::Agree, BUYER), Err(Refusal::TooLate { .. })));
    assert!(matches!(late(&agreed(), Command::Fund, Actor::System), Err(Refusal::TooLate { .. })));
    assert!(matches!(
        late(&funded(), Command::Deliver(FIRST), SELLER),
        Err(Refusal::TooLate { .. })
    ));
    let early = decide(&proposed(), Command::Lapse(Timer::Acceptance), Actor::System, hour(2));
    assert!(matches!(early, Err(Refusal::TooEarly { .. })));
}

#[test]
fn silence_has_its_declared_outcome() {
    let lapse = |deal: &Deal, timer, at| {
        decide(deal, Command::Lapse(timer), Actor::System, hour(at)).unwrap()
    };
    assert_eq!(lapse(&proposed(), Timer::Acceptance, 26).deal.state, DealState::Expired);
    assert_eq!(lapse(&agreed(), Timer::Funding, 26).deal.state, DealState::Expired);

    let undelivered = lapse(&funded(), Timer::Delivery(FIRST), 50);
    assert_eq!(undelivered.entries[0].kind, EntryKind::Refund);
    assert_eq!(undelivered.deal.milestones[0].state, MilestoneState::Refunded);

    let delivered = decide(&funded(), Command::Deliver(FIRST), SELLER, hour(1)).unwrap().deal;
    let silent = lapse(&delivered, Timer::Inspection(FIRST), 26);
    assert_eq!(silent.entries[0].kind, EntryKind::Release);
    assert_eq!(silent.deal.milestones[0].state, MilestoneState::Released);
}

#[test]
fn a_funded_deal_is_called_off_by_both_or_not_at_all() {
    let asked = decide(&funded(), Command::Cancel, BUYER, hour(1)).unwrap();
    assert_eq!(asked.entries, []);
    refused(&asked.deal, Command::Cancel, BUYER, Refusal::AlreadyAsked);
    let done = decide(&asked.deal, Command::Cancel, SELLER, hour(1)).unwrap();
    assert_eq!(done.deal.state, DealState::Refunded);
    let back: i64 = done
        .entries
        .iter()
        .flat_map(Entry::postings)
        .filter(|p| p.amount_minor > 0)
        .map(|p| p.amount_minor)
        .sum();
    assert_eq!(back, funded().price().unwrap().minor());
    // Progress in between makes the old consent stale.
    let moved = decide(&asked.deal, Command::Deliver(FIRST), SELLER, hour(1)).unwrap().deal;
    assert_eq!(moved.cancel_asked_by, None);
}

#[test]
fn a_deal_that_makes_no_sense_cannot_be_drafted() {
    let check = |change: fn(&mut NewDeal), refusal: Refusal| {
        let mut new = new_deal();
        change(&mut new);
        assert_eq!(draft(new), Err(refusal));
    };
    check(|d| d.seller = d.buyer, Refusal::SameParty);
    check(|d| d.title = "  ".into(), Refusal::Title);
    check(|d| d.milestones.clear(), Refusal::MilestoneCount);
    check(|d| d.milestones[0].amount = Money::zero(Currency::Kes), Refusal::Amount);
    check(|d| d.milestones[0].amount = Money::new(5, Currency::Usd).unwrap(), Refusal::Amount);
    check(|d| d.terms.funding = TimeDelta::seconds(1), Refusal::Period);
    check(|d| d.milestones[0].delivery = TimeDelta::days(4_000), Refusal::Period);
}

fn any_command() -> impl Strategy<Value = (Command, Actor, i64)> {
    let milestone = || prop::sample::select(vec![FIRST, SECOND]);
    let timer = prop_oneof![
        Just(Timer::Acceptance),
        Just(Timer::Funding),
        milestone().prop_map(Timer::Delivery),
        milestone().prop_map(Timer::Inspection),
    ];
    let command = prop_oneof![
        Just(Command::Propose),
        Just(Command::Agree),
        Just(Command::Fund),
        Just(Command::Cancel),
        milestone().prop_map(Command::Deliver),
        milestone().prop_map(Command::Release),
        timer.prop_map(Command::Lapse),
    ];
    let actor = prop::sample::select(vec![BUYER, SELLER, STRANGER, Actor::System]);
    (command, actor, 0i64..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_sequence_of_commands_conserves_money(
        commands in prop::collection::vec(any_command(), 0..40),
        payer in prop::sample::select(FeePayer::ALL),
    ) {
        let mut new = new_deal();
        new.fees.payer = payer;
        let mut deal = draft(new).unwrap();
        let buyer = Account::available(deal.buyer, Currency::Kes);
        let start = 1_000_000;
        let mut positions = Positions::new([(buyer, Position { balance_minor: start, seq: 1 })]);
        let mut clock = 0;
        for (command, actor, hours) in commands {
            clock += hours;
            let Ok(decision) = decide(&deal, command, actor, hour(clock)) else { continue };
            for entry in &decision.entries {
                positions.apply(entry).unwrap();
            }
            deal = decision.deal;
            let total: i64 = positions.iter().map(|(_, p)| p.balance_minor).sum();
            prop_assert_eq!(total, start);
            // The escrow holds exactly what the open milestones need.
            let open = deal.milestones.iter().filter(|m| {
                matches!(m.state, MilestoneState::Funded | MilestoneState::Delivered)
            });
            let needed: i64 = open.map(|m| m.in_escrow().unwrap().minor()).sum();
            prop_assert_eq!(positions.get(&Account::escrow(deal.id, Currency::Kes)).balance_minor, needed);
        }
        let fees = positions.get(&Account::fees(Currency::Kes)).balance_minor;
        let released = deal.milestones.iter().filter(|m| m.state == MilestoneState::Released);
        let due: i64 = released.map(|m| m.buyer_fee.minor() + m.seller_fee.minor()).sum();
        prop_assert_eq!(fees, due);
        prop_assert!(positions.iter().all(|(a, p)| p.balance_minor >= 0 && a.kind != AccountKind::ProviderClearing));
    }
}
