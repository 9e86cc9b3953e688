//! The messages to both parties about a decision, and their causes.

use super::*;
use crate::notice::{Template, of_decision};

type Told = (Role, Template, Option<Cause>);

fn told(before: &Deal, command: &Command, actor: Actor, at: i64) -> Vec<Told> {
    let decision = decide(before, command, actor, hour(at)).unwrap();
    let notices = of_decision(&decision, before, actor);
    notices.into_iter().map(|notice| (notice.to, notice.template, notice.cause)).collect()
}

fn refunded(cause: Cause) -> Vec<Told> {
    vec![
        (Role::Buyer, Template::MilestoneRefunded, Some(cause)),
        (Role::Seller, Template::BuyerRefunded, Some(cause)),
    ]
}

fn released(cause: Cause) -> Vec<Told> {
    vec![
        (Role::Seller, Template::MilestoneReleased, Some(cause)),
        (Role::Buyer, Template::SellerPaid, Some(cause)),
    ]
}

fn disputed() -> Deal {
    run_from(funded(), &[(delivered(FIRST), SELLER), (Command::Dispute(FIRST), BUYER)])
}

#[test]
fn an_ending_says_what_happened() {
    let waiting = run_from(funded(), &[(delivered(FIRST), SELLER)]);
    let expire = |deal: &Deal, timer, at| told(deal, &Command::Expire(timer), Actor::System, at);
    assert_eq!(expire(&waiting, Timer::Inspection(FIRST), 26), released(Cause::NoObjection));
    assert_eq!(expire(&funded(), Timer::Delivery(FIRST), 50), refunded(Cause::NotDelivered));
    assert_eq!(expire(&disputed(), Timer::Answer(FIRST), 26), refunded(Cause::NotAnswered));
    let answered = run_from(disputed(), &[(Command::Answer(FIRST), SELLER)]);
    let split = |cause| {
        [Role::Buyer, Role::Seller].map(|to| (to, Template::MilestoneSplit, Some(cause))).to_vec()
    };
    assert_eq!(expire(&answered, Timer::Award(FIRST), 26), split(Cause::NoAward));
    assert_eq!(told(&funded(), &Command::Refund(FIRST), SELLER, 1), refunded(Cause::Seller));
    let offered = Command::OfferSplit { milestone: FIRST, to_seller: kes(30_000) };
    let offered = run_from(waiting, &[(offered, SELLER)]);
    let take = Command::AcceptSplit { milestone: FIRST, to_seller: kes(30_000) };
    assert_eq!(told(&offered, &take, BUYER, 1), split(Cause::Agreement));
}

#[test]
fn one_thing_is_told_once_to_each_side() {
    let answered = run_from(disputed(), &[(Command::Answer(FIRST), SELLER)]);
    let last = run_from(answered, &[(Command::Release(SECOND), BUYER)]);
    let award = Award::plain(kes(50_000));
    let award = Command::Award { milestone: FIRST, award };
    let both = [Role::Buyer, Role::Seller].map(|to| (to, Template::DisputeAwarded, None));
    // The award divides the milestone and completes the deal.
    assert_eq!(told(&last, &award, ARBITER, 1), both);

    let asked = run_from(funded(), &[(Command::MutualCancel, SELLER)]);
    let decision = decide(&asked, &Command::MutualCancel, BUYER, hour(1)).unwrap();
    let notices = of_decision(&decision, &asked, BUYER);
    assert_eq!(notices.len(), 2, "{notices:?}");
    assert!(notices.iter().all(|n| n.is_sum && n.cause == Some(Cause::CalledOff)), "{notices:?}");
}

#[test]
fn the_buyer_who_releases_the_last_part_hears_that_the_deal_is_complete() {
    let last = run_from(funded(), &[(Command::Release(FIRST), BUYER)]);
    assert_eq!(
        told(&last, &Command::Release(SECOND), BUYER, 1),
        [
            (Role::Seller, Template::MilestoneReleased, Some(Cause::Buyer)),
            (Role::Buyer, Template::DealCompleted, None),
        ]
    );
}
