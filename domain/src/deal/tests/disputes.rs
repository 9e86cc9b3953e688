//! Disputes: the lock of one milestone, split offers, awards, and default outcomes.

use super::*;

fn disputed(by: Actor) -> Deal {
    run_from(funded(), &[(delivered(FIRST), SELLER), (Command::Dispute(FIRST), by)])
}

fn answered() -> Deal {
    run_from(disputed(BUYER), &[(Command::Answer(FIRST), SELLER)])
}

fn award(to_seller: i64) -> Command {
    Command::Award { milestone: FIRST, award: Award::plain(kes(to_seller)) }
}

#[test]
fn only_the_disputed_part_is_locked() {
    let deal = disputed(BUYER);
    assert_eq!(deal.state, DealState::Disputed);
    let after = run_from(deal, &[(delivered(SECOND), SELLER), (Command::Release(SECOND), BUYER)]);
    assert_eq!(after.state, DealState::Disputed);
    let locked =
        Refusal::WrongMilestoneState { state: MilestoneState::Disputed, command: "deliver" };
    refused(&after, delivered(FIRST), SELLER, locked);
}

#[test]
fn whoever_gives_in_offers_all_of_it() {
    let locked =
        |command| Refusal::WrongMilestoneState { state: MilestoneState::Disputed, command };
    refused(&disputed(BUYER), Command::Release(FIRST), BUYER, locked("release"));
    refused(&disputed(BUYER), Command::Refund(FIRST), SELLER, locked("refund"));
    for (by, taker, minor, state) in [
        (BUYER, SELLER, 100_000, MilestoneState::Released),
        (SELLER, BUYER, 0, MilestoneState::Refunded),
    ] {
        let all = Command::OfferSplit { milestone: FIRST, to_seller: kes(minor) };
        let take = Command::AcceptSplit { milestone: FIRST, to_seller: kes(minor) };
        let over = run_from(disputed(BUYER), &[(all, by), (take, taker)]);
        assert_eq!(over.milestones[0].state, state);
    }
}

#[test]
fn an_offer_is_taken_as_it_stands() {
    let offer = |to_seller| Command::OfferSplit { milestone: FIRST, to_seller: kes(to_seller) };
    let take = |to_seller| Command::AcceptSplit { milestone: FIRST, to_seller: kes(to_seller) };
    let offered = run_from(disputed(BUYER), &[(offer(61_803), SELLER)]);
    refused(&offered, take(61_803), SELLER, Refusal::OfferMismatch);
    refused(&offered, take(61_802), BUYER, Refusal::OfferMismatch);
    refused(&offered, offer(100_001), BUYER, Refusal::Share);
    let done = decide(&offered, &take(61_803), BUYER, hour(1)).unwrap();
    // 61.803 % of each party's fee of 1,834 is due.
    let charge = offered.milestones[0].charge;
    assert_eq!((charge.buyer.minor(), charge.seller.minor()), (1_833, 1_834));
    assert_eq!(gets(&done, wallet(JUMA)), 61_803 - 1_133);
    assert_eq!(gets(&done, wallet(AMINA)), 100_000 - 61_803 + 1_833 - 1_133);
    assert_eq!(gets(&done, Account::fees(Currency::Kes)), 2 * 1_133);
    assert_eq!(done.deal.milestones[0].state, MilestoneState::Split);
}

#[test]
fn an_arbiter_decides_what_was_answered() {
    refused(&disputed(BUYER), award(1), ARBITER, Refusal::NotAnswered);
    let wanted = Refusal::WrongParty { wanted: Role::Seller };
    refused(&disputed(BUYER), Command::Answer(FIRST), BUYER, wanted);
    let mut cheap = answered();
    cheap.milestones[0].amount = kes(99_000);
    let costs = Some(Costs { amount: kes(2_000), borne_by: Role::Seller });
    let ruling = Award { to_seller: kes(49_500), fees_waived: true, costs };
    let command = Command::Award { milestone: FIRST, award: ruling };
    let done = decide(&cheap, &command, ARBITER, hour(1)).unwrap();
    assert_eq!(gets(&done, wallet(JUMA)), 47_500);
    assert_eq!(gets(&done, Account::fees(Currency::Kes)), 2_000);
    let heavy = Some(Costs { amount: kes(49_501), borne_by: Role::Seller });
    let command = Command::Award { milestone: FIRST, award: Award { costs: heavy, ..ruling } };
    assert_eq!(decide(&cheap, &command, ARBITER, hour(1)), Err(Refusal::Share));
}

#[test]
fn a_large_award_needs_a_second_look() {
    let mut large = answered();
    large.milestones[0].amount = kes(10_000_001);
    let first = decide(&large, &award(4_000_000), ARBITER, hour(1)).unwrap();
    assert_eq!((first.entries.len(), first.deal.state), (0, DealState::Disputed));
    assert_eq!(decide(&first.deal, &award(5), ARBITER, hour(1)), Err(Refusal::OwnAward));
    let second = decide(&first.deal, &award(5_000_000), OTHER_ARBITER, hour(1)).unwrap();
    assert_eq!(second.deal.milestones[0].state, MilestoneState::Split);
    // Without a second arbiter, the first award takes effect.
    let expire = Command::Expire(Timer::Award(FIRST));
    let stands = decide(&first.deal, &expire, Actor::System, hour(26)).unwrap();
    let event = Event::Awarded { milestone: FIRST, award: Award::plain(kes(4_000_000)) };
    assert_eq!(stands.events[0], event);
}

/// One arbiter decides up to KES 100,000. One cent more needs two, and so does any amount in a currency without a
/// ceiling.
#[test]
fn an_award_above_the_ceiling_or_in_another_currency_needs_two_arbiters() {
    let at = |minor| {
        let mut deal = answered();
        deal.milestones[0].amount = kes(minor);
        deal
    };
    let is_proposed = |deal: &Deal| {
        let done = decide(deal, &award(0), ARBITER, hour(1)).unwrap();
        done.deal.milestones[0].state == MilestoneState::Disputed
    };
    assert!(!is_proposed(&at(10_000_000)));
    assert!(is_proposed(&at(10_000_001)));
}

#[test]
fn silence_about_a_dispute_has_its_outcome() {
    let expire = |deal: &Deal, timer| {
        decide(deal, &Command::Expire(timer), Actor::System, hour(26)).unwrap()
    };
    let state = |decision: &Decision| decision.deal.milestones[0].state;
    let unanswered = expire(&disputed(BUYER), Timer::Answer(FIRST));
    assert_eq!(state(&unanswered), MilestoneState::Refunded);
    let unanswered = expire(&disputed(SELLER), Timer::Answer(FIRST));
    assert_eq!(state(&unanswered), MilestoneState::Released);
    let undecided = expire(&answered(), Timer::Award(FIRST));
    assert_eq!(gets(&undecided, wallet(JUMA)), 50_000);
    assert_eq!(gets(&undecided, wallet(AMINA)), 50_000 + 1_833);
    // The deadline of the answer ends with the answer.
    let stale = Command::Expire(Timer::Answer(FIRST));
    let refusal = decide(&answered(), &stale, Actor::System, hour(80));
    assert!(matches!(refusal, Err(Refusal::WrongMilestoneState { .. })), "{refusal:?}");
}
