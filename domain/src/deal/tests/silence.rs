//! Deadlines: exact, with a default outcome.

use super::*;
use crate::ledger::EntryKind;

fn expire(deal: &Deal, timer: Timer, at: i64) -> Decision {
    decide(deal, &Command::Expire(timer), Actor::System, hour(at)).unwrap()
}

#[test]
fn a_deadline_is_exact_before_and_after_its_timer() {
    let late = |deal: &Deal, command, actor| decide(deal, &command, actor, hour(80));
    for refused in [
        late(&proposed(), Command::Agree(1), BUYER),
        late(&agreed(), pay(), Actor::System),
        late(&funded(), delivered(FIRST), SELLER),
        late(&funded(), Command::Dispute(FIRST), BUYER),
    ] {
        assert!(matches!(refused, Err(Refusal::TooLate { .. })), "{refused:?}");
    }
    for (deal, timer, due) in [
        (proposed(), Timer::Acceptance, 25),
        (agreed(), Timer::Funding, 25),
        (funded(), Timer::Delivery(FIRST), 49),
    ] {
        let early = decide(&deal, &Command::Expire(timer), Actor::System, hour(due));
        assert_eq!(early, Err(Refusal::TooEarly { due_at: hour(due) }));
    }
}

#[test]
fn silence_has_its_declared_outcome() {
    assert_eq!(expire(&proposed(), Timer::Acceptance, 26).deal.state, DealState::Expired);
    let part = Command::Fund { payer: AMINA, amount: Some(kes(70_000)) };
    let unpaid = expire(&run_from(agreed(), &[(part, BUYER)]), Timer::Funding, 26);
    assert_eq!((unpaid.deal.state, gets(&unpaid, wallet(AMINA))), (DealState::Expired, 70_000));

    let undelivered = expire(&funded(), Timer::Delivery(FIRST), 50);
    assert_eq!(undelivered.entries[0].kind, EntryKind::Refund);
    assert_eq!(undelivered.deal.milestones[0].state, MilestoneState::Refunded);

    let waiting = run_from(funded(), &[(delivered(FIRST), SELLER)]);
    let silent = expire(&waiting, Timer::Inspection(FIRST), 26);
    assert_eq!(silent.entries[0].kind, EntryKind::Release);
    assert_eq!(silent.deal.milestones[0].state, MilestoneState::Released);
}

#[test]
fn what_silence_has_decided_is_not_undone_by_what_was_offered_before() {
    let offer = Command::OfferSplit { milestone: FIRST, to_seller: kes(30_000) };
    let take = Command::AcceptSplit { milestone: FIRST, to_seller: kes(30_000) };
    let split = run_from(funded(), &[(delivered(FIRST), SELLER), (offer.clone(), SELLER)]);
    let asked = run_from(funded(), &[(delivered(FIRST), SELLER), (Command::MutualCancel, SELLER)]);
    for (deal, command) in [(&split, &take), (&split, &offer), (&asked, &Command::MutualCancel)] {
        assert!(decide(deal, command, BUYER, hour(25)).is_ok());
        let late = decide(deal, command, BUYER, hour(26));
        assert_eq!(late, Err(Refusal::TooLate { due_at: hour(25) }), "{command:?}");
    }
    // The party that benefits from the default outcome may still give it up.
    assert!(decide(&split, &Command::Refund(FIRST), SELLER, hour(26)).is_ok());
}

#[test]
fn a_timer_of_something_that_has_moved_on_does_nothing() {
    let waiting = run_from(funded(), &[(delivered(FIRST), SELLER)]);
    let stale = decide(&waiting, &Command::Expire(Timer::Delivery(FIRST)), Actor::System, hour(80));
    let state = MilestoneState::Delivered;
    assert_eq!(stale, Err(Refusal::WrongMilestoneState { state, command: "expire" }));
}

#[test]
fn what_was_sent_back_has_a_deadline_of_its_own_and_a_last_time() {
    let mut deal = funded();
    for _ in 0..3 {
        deal = run_from(deal, &[(delivered(FIRST), SELLER), (Command::Reject(FIRST), BUYER)]);
    }
    assert_eq!(deal.due(Timer::Delivery(FIRST)), Some(hour(25)));
    let last = run_from(deal, &[(delivered(FIRST), SELLER)]);
    refused(&last, Command::Reject(FIRST), BUYER, Refusal::TooManyReworks);
}

#[test]
fn a_wanted_proof_is_wanted() {
    let mut new = new_deal();
    new.offer.milestones[0].proof = Some(Proof::HandOver);
    let signed = [(Command::Propose, SELLER), (Command::Agree(1), BUYER), (pay(), BUYER)];
    let deal = run_from(draft(new).unwrap(), &signed);
    let wanted = Refusal::ProofRequired { wanted: Proof::HandOver };
    refused(&deal, delivered(FIRST), SELLER, wanted.clone());
    let with = |proof| Command::Deliver { milestone: FIRST, proof: Some(proof) };
    refused(&deal, with(Proof::Files), SELLER, wanted);
    assert!(decide(&deal, &with(Proof::HandOver), SELLER, hour(1)).is_ok());
}

#[test]
fn reminders_are_those_that_are_still_to_come() {
    let at = |now| reminders(hour(30), hour(now)).collect::<Vec<_>>();
    assert_eq!(at(0), [hour(6), hour(29)]);
    assert_eq!(at(6), [hour(29)]);
    assert!(at(29).is_empty());
}
