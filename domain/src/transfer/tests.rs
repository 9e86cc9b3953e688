use super::*;
use crate::ledger::Position;
use uuid::Uuid;

const DAY: NaiveDate = NaiveDate::MIN;

fn person(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

/// Amina (1) has 1,000, Juma (2) has 100; Neema's (3) account is closed.
fn book() -> Book {
    let limits =
        Limits { transaction_minor_max: 500, day_minor_max: 700, balance_minor_max: 1_000 };
    let limits = BTreeMap::from([(Currency::Kes, limits)]);
    let party = |is_closed| Party { is_closed, limits: limits.clone(), ..Party::default() };
    let position = |n, balance_minor| {
        (Account::available(person(n), Currency::Kes), Position { balance_minor, seq: 1 })
    };
    Book {
        parties: BTreeMap::from([
            (person(1), party(false)),
            (person(2), party(false)),
            (person(3), party(true)),
        ]),
        positions: Positions::new([position(1, 1_000), position(2, 100), position(3, 100)]),
        usages: BTreeMap::new(),
        held_minor: BTreeMap::new(),
    }
}

fn transfer(from: u128, to: u128, amount: Money) -> Transfer {
    let id = EntryId::new(Uuid::from_u128(9));
    Transfer { id, sender: person(from), recipient: person(to), amount }
}

fn check(from: u128, to: u128, amount: Money, expected: Result<(), TransferRefusal>) {
    let mut book = book();
    let before = (book.positions.clone(), book.usages.clone());
    let result = book.accept(&transfer(from, to, amount), DAY);
    assert_eq!(result.map(|_| ()), expected, "{from} {to} {amount}");
    if expected.is_err() {
        assert_eq!((book.positions, book.usages), before);
    }
}

#[test]
fn without_a_verified_contact_nobody_sends_and_nobody_is_known() {
    let mut book = book();
    for (unverified, expected) in
        [(1, TransferRefusal::SenderUnverified), (2, TransferRefusal::UnknownRecipient)]
    {
        let mark = |book: &mut Book, is_unverified| {
            let party = book.parties.get_mut(&person(unverified)).unwrap();
            party.is_unverified = is_unverified;
        };
        mark(&mut book, true);
        let refused = book.accept(&transfer(1, 2, kes(100)), DAY);
        assert_eq!(refused.err(), Some(expected));
        mark(&mut book, false);
    }
}

#[test]
fn each_rule_refuses_and_changes_nothing() {
    let dollar = Money::new(1, Currency::Usd).unwrap();
    let short = LedgerError::Insufficient {
        account: Account::available(person(2), Currency::Kes),
        balance_minor: 100,
        wanted_minor: 101,
    };
    check(1, 2, kes(500), Ok(()));
    check(1, 1, kes(5), Err(TransferRefusal::SameParty));
    check(1, 4, kes(5), Err(TransferRefusal::UnknownRecipient));
    check(4, 1, kes(5), Err(TransferRefusal::SenderClosed));
    check(1, 3, kes(5), Err(TransferRefusal::RecipientClosed));
    check(3, 1, kes(5), Err(TransferRefusal::SenderClosed));
    check(1, 2, dollar, Err(TransferRefusal::UnsupportedCurrency(Currency::Usd)));
    check(1, 2, kes(0), Err(TransferRefusal::Ledger(LedgerError::Malformed)));
    check(1, 2, kes(501), Err(LimitRefusal::Transaction { max_minor: 500 }.into()));
    check(2, 1, kes(1), Err(LimitRefusal::Recipient.into()));
    let mut frozen = book();
    frozen.parties.entry(person(1)).and_modify(|party| party.is_frozen = true);
    let out = frozen.accept(&transfer(1, 2, kes(5)), DAY);
    assert_eq!(out.map(drop), Err(TransferRefusal::SenderFrozen));
    assert!(
        frozen
            .accept(&transfer(2, 1, kes(5)), DAY)
            .is_err_and(|refusal| refusal != TransferRefusal::SenderFrozen)
    );
    let mut roomy = book();
    let cap = |party: &mut Party| {
        party.limits.values_mut().for_each(|limits| limits.balance_minor_max = 2_000);
    };
    roomy.parties.values_mut().for_each(cap);
    assert_eq!(roomy.accept(&transfer(2, 1, kes(101)), DAY), Err(short.into()));
}

#[test]
fn the_day_is_used_up_by_what_was_accepted_before() {
    let mut book = book();
    assert_eq!(book.accept(&transfer(1, 2, kes(400)), DAY).unwrap().usage.spent_minor, 400);
    let left = LimitRefusal::Day { max_minor: 700, left_minor: 300 };
    assert_eq!(book.accept(&transfer(1, 2, kes(301)), DAY), Err(left.into()));
    assert_eq!(book.accept(&transfer(1, 2, kes(300)), DAY).unwrap().usage.spent_minor, 700);
    let tomorrow = DAY.succ_opt().unwrap();
    assert_eq!(book.accept(&transfer(1, 2, kes(100)), tomorrow).unwrap().usage.spent_minor, 100);
}

#[test]
fn held_money_counts_towards_the_cap() {
    let mut book = book();
    book.held_minor.insert((person(2), Currency::Kes), 500);
    assert_eq!(book.accept(&transfer(1, 2, kes(401)), DAY), Err(LimitRefusal::Recipient.into()));
    assert!(book.accept(&transfer(1, 2, kes(400)), DAY).is_ok());
}

#[test]
fn a_cent_is_no_payment() {
    for minor in [0, 1, 99] {
        assert_eq!(check_amount(kes(minor)), Err(TransferRefusal::TooSmall { min: kes(100) }));
    }
    assert_eq!(check_amount(kes(100)), Ok(()));
}
