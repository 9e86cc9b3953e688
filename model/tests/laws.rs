//! Every law detects its violation.
#![expect(clippy::arithmetic_side_effects, clippy::unwrap_used, reason = "a test fails loudly")]

use amana_domain::deal::{Actor, Award, Command, Decision, Timer, decide};
use amana_domain::id::MilestoneId;
use amana_domain::ledger::{Account, Position, Positions};
use amana_model::cast::{AMINA, DEAL, JUMA, KES, MILESTONES, kes};
use amana_model::clock::NOW;
use amana_model::laws::{Law, check};
use amana_model::market::Market;
use amana_model::provider::{self, Said};
use amana_model::state::{Books, State};
use amana_model::world::World;
use amana_model::{clock, step, worlds};
use std::sync::Arc;

const BUYER: Actor = Actor::User(AMINA);
const SELLER: Actor = Actor::User(JUMA);
const FIRST: MilestoneId = MILESTONES[0];

fn market() -> Market {
    let world = World {
        disputes: true,
        splits: vec![40],
        payments_max: 1,
        said: vec![Said::CallbackPaid],
        ..worlds::plain()
    };
    Market::new(world).unwrap()
}

fn after(market: &Market, commands: &[(Command, Actor)]) -> State {
    commands.iter().fold(market.opening.clone(), |state, (command, actor)| {
        step::command(market, &state, *actor, command).unwrap()
    })
}

fn pay() -> (Command, Actor) {
    (Command::Fund { payer: AMINA, amount: None }, BUYER)
}

fn funded(market: &Market) -> State {
    after(market, &[(Command::Propose, SELLER), (Command::Agree(1), BUYER), pay()])
}

/// Checks that the state breaks only this law.
fn breaks(law: Law, market: &Market, state: &State) {
    for other in Law::ALL {
        assert_eq!(check(*other, market, state).is_err(), *other == law, "{other}");
    }
}

/// Moves money without an entry.
fn moved(state: &State, from: Account, to: Account, minor: i64) -> State {
    let position = |(account, position): (&Account, &Position)| {
        let change =
            if *account == from { -minor } else { 0 } + if *account == to { minor } else { 0 };
        (*account, Position { balance_minor: position.balance_minor + change, ..*position })
    };
    let positions = Positions::new(state.books.positions.iter().map(position));
    State { books: Arc::new(Books { positions, keys: state.books.keys.clone() }), ..state.clone() }
}

#[test]
fn nothing_is_broken_to_begin_with() {
    let market = market();
    for state in [market.opening.clone(), funded(&market)] {
        for law in Law::ALL {
            assert_eq!(check(*law, &market, &state), Ok(()), "{law}");
        }
    }
}

#[test]
fn money_that_is_not_where_it_should_be_is_seen() {
    let market = market();
    let (escrow, fees) = (Account::escrow(DEAL, KES), Account::fees(KES));
    let wallet = |user| Account::available(user, KES);
    let state = funded(&market);
    // A wrong amount in escrow also breaks the law about deadlines.
    for wrong in [moved(&state, escrow, fees, 1), moved(&state, wallet(AMINA), escrow, 1)] {
        assert!(check(Law::Conserved, &market, &wrong).is_err());
    }
    let made = moved(&state, escrow, Account::suspense(KES), 1);
    assert!(check(Law::Conserved, &market, &made).is_err(), "a cent is gone");
    breaks(Law::PaidOnce, &market, &moved(&state, wallet(AMINA), wallet(JUMA), 1));
}

#[test]
fn an_entry_that_is_written_twice_is_seen() {
    let market = market();
    let state = funded(&market);
    let release = Command::Release(FIRST);
    let decision = decide(&state.deal, &release, BUYER, NOW).unwrap();
    let once = step::take(&market, &state, &release, decision.clone(), vec![]).unwrap();
    let twice = step::take(&market, &once, &release, decision, vec![]).unwrap();
    breaks(Law::PaidOnce, &market, &twice);
}

#[test]
fn an_entry_that_the_ledger_refuses_is_seen() {
    let market = market();
    let state = funded(&market);
    let (escrow, fees) = (Account::escrow(DEAL, KES), Account::fees(KES));
    let poor = moved(&state, escrow, fees, state.books.holds(&escrow));
    let release = Command::Release(FIRST);
    let decision = decide(&state.deal, &release, BUYER, NOW).unwrap();
    let refused = step::take(&market, &poor, &release, decision, vec![]).unwrap();
    breaks(Law::Conserved, &market, &refused);
    // An insufficient wallet is no violation: the command has no effect.
    let market = Market::new(World { wallets: [10, 0], ..worlds::plain() }).unwrap();
    let agreed = after(&market, &[(Command::Propose, SELLER), (Command::Agree(1), BUYER)]);
    let (fund, actor) = pay();
    assert_eq!(step::command(&market, &agreed, actor, &fund), None);
}

#[test]
fn money_without_a_deadline_is_seen() {
    let market = market();
    let mut state = funded(&market);
    for milestone in &mut Arc::make_mut(&mut state.deal).milestones {
        milestone.due_at = None;
    }
    breaks(Law::NeverStuck, &market, &state);
}

fn judged(state: &State, command: &Command, actor: Actor, decision: &Decision) -> Vec<Law> {
    step::judge(&state.deal, command, actor, decision).into_iter().map(|fault| fault.law).collect()
}

#[test]
fn a_command_of_a_wrong_party_is_seen() {
    let state = funded(&market());
    let release = Command::Release(FIRST);
    let decision = decide(&state.deal, &release, BUYER, NOW).unwrap();
    assert_eq!(judged(&state, &release, BUYER, &decision), []);
    for actor in [SELLER, Actor::System, Actor::Arbiter(AMINA)] {
        assert_eq!(judged(&state, &release, actor, &decision), [Law::RightParty]);
    }
    let award = Command::Award { milestone: FIRST, award: Award::plain(kes(1)) };
    assert_eq!(judged(&state, &award, Actor::Arbiter(JUMA), &decision), [Law::RightParty]);
}

#[test]
fn another_outcome_than_the_declared_one_is_seen() {
    let state = funded(&market());
    let expire = Command::Expire(Timer::Delivery(FIRST));
    let released = decide(&state.deal, &Command::Release(FIRST), BUYER, NOW).unwrap();
    assert_eq!(judged(&state, &expire, Actor::System, &released), [Law::DeclaredOutcome]);
}

#[test]
fn an_offer_that_is_taken_after_the_deadline_is_seen() {
    let market = market();
    let split = kes(13_333);
    let offer = Command::OfferSplit { milestone: FIRST, to_seller: split };
    let take = Command::AcceptSplit { milestone: FIRST, to_seller: split };
    let deliver = Command::Deliver { milestone: FIRST, proof: None };
    let paid = [(Command::Propose, SELLER), (Command::Agree(1), BUYER), pay()];
    let offered = after(&market, &[&paid[..], &[(deliver, SELLER), (offer, SELLER)]].concat());
    let taken = decide(&offered.deal, &take, BUYER, NOW).unwrap();
    assert_eq!(judged(&offered, &take, BUYER, &taken), []);
    let late = step::wait(&offered, clock::next(&offered.deal, false).unwrap()).unwrap();
    assert_eq!(judged(&late, &take, BUYER, &taken), [Law::DeclaredOutcome]);
}

#[test]
fn what_is_done_too_late_is_seen() {
    let market = market();
    let agreed = after(&market, &[(Command::Propose, SELLER), (Command::Agree(1), BUYER)]);
    let dispute = (Command::Dispute(FIRST), BUYER);
    for (state, (command, actor)) in [(agreed, pay()), (funded(&market), dispute)] {
        let decision = decide(&state.deal, &command, actor, NOW).unwrap();
        let late = step::wait(&state, clock::next(&state.deal, false).unwrap()).unwrap();
        assert_eq!(judged(&state, &command, actor, &decision), []);
        assert_eq!(judged(&late, &command, actor, &decision), [Law::DeclaredOutcome]);
        assert!(decide(&late.deal, &command, actor, NOW).is_err());
    }
}

#[test]
fn a_success_that_is_taken_back_is_seen() {
    let market = market();
    let agreed = after(&market, &[(Command::Propose, SELLER), (Command::Agree(1), BUYER)]);
    let asked = provider::ask(&agreed, AMINA, None).unwrap();
    let paid = provider::say(&market, &asked, 0, Said::CallbackPaid).unwrap();
    assert_eq!(check(Law::ProvenStays, &market, &paid), Ok(()));
    assert!(
        paid.deal.fundings == 1 && provider::say(&market, &paid, 0, Said::CallbackPaid).is_none()
    );
    let mut forgotten = paid;
    Arc::make_mut(&mut forgotten.payments).first_mut().unwrap().said.clear();
    breaks(Law::ProvenStays, &market, &forgotten);
}
