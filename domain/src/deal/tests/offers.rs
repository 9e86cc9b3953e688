//! Negotiation: offers, counter-offers and acceptance.

use super::*;

#[test]
fn a_counter_offer_takes_the_place_of_what_was_offered() {
    let mut dearer = offer();
    dearer.milestones[0].amount = kes(90_000);
    let countered = run_from(proposed(), &[(Command::Counter(dearer), BUYER)]);
    assert_eq!((countered.revision, countered.offered_by), (2, Role::Buyer));
    refused(&countered, Command::Agree(1), SELLER, Refusal::RevisionMismatch { current: 2 });
    refused(&countered, Command::Agree(2), BUYER, Refusal::OwnProposal);
    let signed = run_from(countered, &[(Command::Agree(2), SELLER)]);
    assert_eq!((signed.state, signed.milestones[0].amount), (DealState::Agreed, kes(90_000)));
}

#[test]
fn a_counter_offer_gives_the_other_side_its_time_anew() {
    let counter = Command::Counter(offer());
    let countered = decide(&proposed(), &counter, BUYER, hour(20)).unwrap();
    assert_eq!(countered.deal.due(Timer::Acceptance), Some(hour(44)));
    let late = decide(&proposed(), &counter, BUYER, hour(26));
    assert_eq!(late, Err(Refusal::TooLate { due_at: hour(25) }));
}

#[test]
fn offers_come_to_an_end() {
    let mut deal = proposed();
    for _ in 1..REVISIONS_MAX {
        deal = run_from(deal, &[(Command::Counter(offer()), BUYER)]);
    }
    refused(&deal, Command::Counter(offer()), SELLER, Refusal::TooManyRevisions);
}

#[test]
fn nobody_signs_before_both_are_there_and_nobody_joins_twice() {
    let open = NewDeal { counterparty: None, ..new_deal() };
    let deal = run_from(draft(open).unwrap(), &[(Command::Propose, SELLER)]);
    refused(&deal, Command::Agree(1), BUYER, Refusal::WrongParty { wanted: Role::Buyer });
    refused(&deal, Command::Join(JUMA), Actor::System, Refusal::SameParty);
    let joined = run_from(deal, &[(Command::Join(AMINA), Actor::System)]);
    assert_eq!(joined.buyer, Some(AMINA));
    refused(&joined, Command::Join(WANJIKU), Actor::System, Refusal::AlreadyJoined);
    assert_eq!(run_from(joined, &[(Command::Agree(1), BUYER)]).state, DealState::Agreed);
}

#[test]
fn what_is_different_is_named() {
    let mut other = offer();
    other.title = "Two good goats".into();
    other.terms.inspection = TimeDelta::hours(12);
    other.milestones[1].amount = kes(60_000);
    other.milestones.push(NewMilestone {
        id: MilestoneId::new(Uuid::from_u128(13)),
        title: "A kid".into(),
        ..offer().milestones[1].clone()
    });
    let found = changes(&offer(), &other);
    let fields: Vec<&str> = found.iter().map(|change| change.field.as_str()).collect();
    let wanted = ["title", "terms.inspection", "milestones[2].amount", "milestones[3]"];
    assert_eq!(fields, wanted);
    assert_eq!(found[1].after.as_deref(), Some("12 hours"));
    assert_eq!(found[2].before.as_deref(), Some("KES 500.00"));
    assert_eq!(
        (found[3].before.as_deref(), found[3].after.as_deref()),
        (None, Some("A kid · KES 500.00"))
    );
    assert_eq!(changes(&offer(), &offer()), []);
}

#[test]
fn a_deal_that_makes_no_sense_cannot_be_drafted() {
    let check = |change: fn(&mut NewDeal), refusal: Refusal| {
        let mut new = new_deal();
        change(&mut new);
        assert_eq!(draft(new), Err(refusal));
    };
    check(|d| d.counterparty = Some(d.proposer), Refusal::SameParty);
    let broker = Broker { user: AMINA, commission_bps: 100 };
    let mut brokered = new_deal();
    brokered.broker = Some(broker);
    assert_eq!(draft(brokered), Err(Refusal::SameParty));
    check(|d| d.offer.title = "  ".into(), Refusal::Title);
    check(|d| d.offer.milestones.clear(), Refusal::MilestoneCount);
    check(|d| d.offer.milestones[0].amount = Money::zero(Currency::Kes), Refusal::Amount);
    check(
        |d| d.offer.milestones[0].amount = Money::new(5, Currency::Usd).unwrap(),
        Refusal::Amount,
    );
    check(|d| d.offer.terms.funding = TimeDelta::seconds(1), Refusal::Period);
    check(|d| d.offer.milestones[0].delivery = TimeDelta::days(4_000), Refusal::Period);
    check(|d| d.offer.milestones[0].description = Some("x".repeat(2_001)), Refusal::Description);
    let goat = |quantity, minor| Item { name: "Goat".into(), quantity, unit_price: kes(minor) };
    let with_items = |items| {
        let mut new = new_deal();
        new.offer.milestones[0].items = items;
        draft(new).map(|deal| deal.milestones[0].items.len())
    };
    assert_eq!(with_items(vec![goat(2, 30_000), goat(1, 40_000)]), Ok(2));
    assert_eq!(with_items(vec![goat(2, 30_000)]), Err(Refusal::Items));
    assert_eq!(with_items(vec![goat(0, 30_000), goat(1, 100_000)]), Err(Refusal::Items));
}
