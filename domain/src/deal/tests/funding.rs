//! Payments in parts and by several payers, excess payments, and the division of refunds.

use super::*;

fn part(payer: UserId, minor: i64) -> Command {
    Command::Fund { payer, amount: Some(kes(minor)) }
}

fn price() -> i64 {
    agreed().price().unwrap().minor()
}

#[test]
fn parts_add_up_and_what_is_beyond_the_price_never_leaves_the_wallet() {
    let first = decide(&agreed(), &part(AMINA, 100_000), BUYER, hour(1)).unwrap();
    assert_eq!(
        (first.deal.state, first.entries[0].key.ends_with(":fund:1")),
        (DealState::Agreed, true)
    );
    let rest = decide(&first.deal, &part(AMINA, 900_000), BUYER, hour(1)).unwrap();
    assert_eq!(rest.deal.state, DealState::Funded);
    assert_eq!(gets(&rest, wallet(AMINA)), 100_000 - price());
    assert!(rest.entries[0].key.ends_with(":fund:2"));
    assert_eq!(rest.deal.paid().unwrap(), rest.deal.price().unwrap());
}

#[test]
fn only_who_was_named_pays_along() {
    refused(&agreed(), part(WANJIKU, 100), STRANGER, Refusal::NotPayer);
    let named = run_from(agreed(), &[(Command::AddPayer(WANJIKU), BUYER)]);
    refused(&named, Command::AddPayer(WANJIKU), BUYER, Refusal::AlreadyPayer);
    refused(&named, Command::AddPayer(JUMA), BUYER, Refusal::SameParty);
    refused(&named, part(WANJIKU, 100), BUYER, Refusal::NotPayer);
    refused(&named, part(WANJIKU, 0), STRANGER, Refusal::Amount);
    let both = run_from(named, &[(part(WANJIKU, 60_000), STRANGER), (pay(), BUYER)]);
    assert_eq!(both.state, DealState::Funded);
    // An additional payer may only pay.
    refused(&both, Command::Cancel, STRANGER, Refusal::WrongParty { wanted: Role::Seller });
}

#[test]
fn a_crowd_of_payers_is_bounded() {
    let mut deal = agreed();
    for n in 100..100 + PAYERS_MAX as u128 - 1 {
        let name = Command::AddPayer(UserId::new(Uuid::from_u128(n)));
        deal = run_from(deal, &[(name, BUYER)]);
    }
    refused(&deal, Command::AddPayer(WANJIKU), BUYER, Refusal::TooManyPayers);
}

#[test]
fn what_goes_back_goes_back_to_who_paid_in_proportion() {
    let named = run_from(agreed(), &[(Command::AddPayer(WANJIKU), BUYER)]);
    let both = run_from(named, &[(part(WANJIKU, 51_000), STRANGER), (pay(), BUYER)]);
    let hers = 51_000;
    let first = decide(&both, &Command::Refund(FIRST), SELLER, hour(1)).unwrap();
    let in_escrow = both.milestones[0].in_escrow().unwrap().minor();
    let share = (in_escrow * hers + price() / 2) / price();
    assert_eq!(gets(&first, wallet(WANJIKU)), share);
    let second = decide(&first.deal, &Command::Refund(SECOND), SELLER, hour(1)).unwrap();
    assert_eq!(gets(&first, wallet(WANJIKU)) + gets(&second, wallet(WANJIKU)), hers);
    assert_eq!(gets(&first, wallet(AMINA)) + gets(&second, wallet(AMINA)), price() - hers);
}

#[test]
fn who_calls_off_an_unfunded_deal_gives_everybody_their_part_back() {
    let half = run_from(agreed(), &[(part(AMINA, 40_000), BUYER)]);
    let over = decide(&half, &Command::Cancel, SELLER, hour(1)).unwrap();
    assert_eq!((over.deal.state, gets(&over, wallet(AMINA))), (DealState::Cancelled, 40_000));
    assert_eq!(over.deal.paid().unwrap(), kes(0));
}

#[test]
fn broker_and_provider_are_paid_with_the_release_and_not_with_a_refund() {
    let mut new = new_deal();
    new.broker = Some(Broker { user: BROKER, commission_bps: 150 });
    new.offer.fees.provider_cost = kes(3_300);
    let signed = [(Command::Propose, SELLER), (Command::Agree(1), BUYER), (pay(), BUYER)];
    let deal = run_from(draft(new).unwrap(), &signed);
    let released = decide(&deal, &Command::Release(FIRST), BUYER, hour(1)).unwrap();
    assert_eq!(gets(&released, wallet(BROKER)), 1_500);
    assert_eq!(gets(&released, Account::provider_costs(Currency::Kes)), 2_200);
    let refunded = decide(&deal, &Command::Refund(FIRST), SELLER, hour(1)).unwrap();
    assert_eq!(gets(&refunded, wallet(BROKER)), 0);
    assert_eq!(gets(&refunded, wallet(AMINA)), deal.milestones[0].in_escrow().unwrap().minor());
}
