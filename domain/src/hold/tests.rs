//! Tables for every pair of state and command, and the property that no sequence of commands creates or loses money.

use super::*;
use crate::ledger::{Positions, Provider};
use chrono::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

const OWNER: UserId = UserId::new(Uuid::from_u128(1));
const SHOP: UserId = UserId::new(Uuid::from_u128(2));

fn kes(minor: i64) -> Money {
    Money::new(minor, Currency::Kes).unwrap()
}

fn at(hours: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).unwrap() + TimeDelta::hours(hours)
}

/// 100 cents for a shop until ten o'clock.
fn hold() -> Hold {
    Hold {
        id: HoldId::new(Uuid::from_u128(9)),
        owner: OWNER,
        purpose: For::Person(SHOP),
        amount: kes(100),
        settled: kes(0),
        state: State::Open,
        made_at: at(0),
        expires_at: Some(at(10)),
    }
}

fn withdrawal() -> Hold {
    Hold { purpose: For::Withdrawal(PaymentId::new(Uuid::from_u128(7))), ..hold() }
}

fn to_shop(minor: i64) -> Command {
    Command::Settle { amount: kes(minor), to: Account::available(SHOP, Currency::Kes) }
}

fn to_provider(minor: i64) -> Command {
    let to = Account::clearing(Provider::Mpesa, Currency::Kes);
    Command::Settle { amount: kes(minor), to }
}

fn seven(suffix: &str) -> String {
    format!("pay_{:032x}:{suffix}", 7)
}

fn nine(suffix: &str) -> String {
    format!("hold_{:032x}:{suffix}", 9)
}

/// State, settled amount and key of the entry after the command.
type Outcome = Result<(State, i64, Option<String>), HoldRefusal>;

fn check(hold: &Hold, command: Command, now: DateTime<Utc>, expected: Outcome) {
    let found = decide(hold, command, now)
        .map(|d| (d.hold.state, d.hold.settled.minor(), d.entry.map(|entry| entry.key)));
    assert_eq!(found, expected, "{hold:?} {command:?} {now}");
}

#[test]
fn an_open_hold_is_settled_released_or_expires() {
    let (part, in_time, late) = (Hold { settled: kes(30), ..hold() }, at(10), at(11));
    check(&hold(), to_shop(30), in_time, Ok((State::Open, 30, Some(nine("settle:0")))));
    check(&part, to_shop(20), in_time, Ok((State::Open, 50, Some(nine("settle:30")))));
    check(&part, to_shop(70), in_time, Ok((State::Settled, 100, Some(nine("settle:30")))));
    check(&part, to_shop(71), in_time, Err(HoldRefusal::TooSmall { left_minor: 70 }));
    check(&part, to_shop(70), late, Err(HoldRefusal::Closed(State::Expired)));
    check(&part, Command::Release, in_time, Ok((State::Released, 30, Some(nine("release")))));
    check(&part, Command::Release, late, Err(HoldRefusal::Closed(State::Expired)));
    check(&part, Command::Expire, in_time, Err(HoldRefusal::TooEarly { due_at: at(10) }));
    check(&part, Command::Expire, late, Ok((State::Expired, 30, Some(nine("release")))));
    let dollars = Money::new(1, Currency::Usd).unwrap();
    let to = Account::available(SHOP, Currency::Usd);
    let other = Command::Settle { amount: dollars, to };
    check(&part, other, in_time, Err(HoldRefusal::OtherCurrency(Currency::Kes)));
}

/// An operator has to decide before the deadline; the provider's outcome counts at any time.
#[test]
fn a_withdrawal_expires_until_it_is_on_its_way() {
    let hold = withdrawal();
    let kept = decide(&hold, Command::Keep, at(10)).unwrap().hold;
    assert_eq!(kept.expires_at, None);
    check(&hold, Command::Keep, at(11), Err(HoldRefusal::Closed(State::Expired)));
    check(&hold, Command::Expire, at(11), Ok((State::Expired, 0, Some(seven("payout_return")))));
    check(&kept, Command::Expire, at(11), Err(HoldRefusal::Unending));
    for one in [&hold, &kept] {
        let settled = (State::Settled, 100, Some(seven("payout_settle")));
        check(one, to_provider(100), at(11), Ok(settled));
        check(one, to_provider(99), at(11), Err(HoldRefusal::InPart));
        let released = (State::Released, 0, Some(seven("payout_return")));
        check(one, Command::Release, at(11), Ok(released));
    }
    assert_eq!(hold.reserve().unwrap().key, seven("payout_reserve"));
}

#[test]
fn what_is_over_stays_over() {
    for state in [State::Settled, State::Released, State::Expired] {
        for command in [to_shop(1), to_shop(100), Command::Release, Command::Expire, Command::Keep]
        {
            for base in [hold(), withdrawal()] {
                let over = Hold { state, ..base };
                check(&over, command, at(1), Err(HoldRefusal::Closed(state)));
                check(&over, command, at(11), Err(HoldRefusal::Closed(state)));
                assert_eq!(over.left(), kes(0));
            }
        }
    }
}

#[test]
fn only_the_person_whom_it_is_for_settles_or_gives_back() {
    assert_eq!(hold().permit(SHOP), Ok(()));
    assert_eq!(hold().permit(OWNER), Err(HoldRefusal::WrongParty));
    assert_eq!(withdrawal().permit(OWNER), Err(HoldRefusal::WrongParty));
}

fn any_command() -> impl Strategy<Value = (Command, i64)> {
    let command = prop_oneof![
        6 => (1i64..60).prop_map(to_shop),
        1 => Just(Command::Release),
        1 => Just(Command::Expire),
    ];
    (command, 0i64..3)
}

proptest! {
    /// For any sequence of commands, the money of owner, shop and hold is constant. In the end, the settled and the
    /// returned amounts add up to the reserved amount.
    #[test]
    fn any_sequence_of_commands_conserves_money(
        commands in prop::collection::vec(any_command(), 0..30),
    ) {
        let (available, held) = (hold().available(), hold().held());
        let shop = Account::available(SHOP, Currency::Kes);
        let mut positions = Positions::default();
        let clearing = Account::clearing(Provider::Mpesa, Currency::Kes);
        let deposit = Entry::transfer(EntryKind::Deposit, "d".into(), kes(150), clearing, available);
        positions.apply(&deposit.unwrap()).unwrap();
        positions.apply(&hold().reserve().unwrap()).unwrap();
        let (mut hold, mut now, mut returned) = (hold(), at(0), 0);
        let mut keys = std::collections::BTreeSet::new();
        for (command, hours) in commands {
            now += TimeDelta::hours(hours);
            if let Ok(decision) = decide(&hold, command, now) {
                let entry = decision.entry.unwrap();
                positions.apply(&entry).unwrap();
                prop_assert!(keys.insert(entry.key), "a key was used twice");
                returned += decision.returned.minor();
                hold = decision.hold;
            }
            let minor = |account| positions.get(account).balance_minor;
            prop_assert_eq!(minor(&held), hold.left().minor());
            prop_assert_eq!(minor(&shop), hold.settled.minor());
            prop_assert_eq!(minor(&available), 50 + returned);
            prop_assert_eq!(minor(&available) + minor(&held) + minor(&shop), 150);
        }
        if hold.state != State::Open {
            prop_assert_eq!(hold.settled.minor() + returned, 100);
        }
    }
}
