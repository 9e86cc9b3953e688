use super::*;
use crate::money::Currency;
use uuid::Uuid;

const ASKER: UserId = UserId::new(Uuid::from_u128(1));
const OTHER: UserId = UserId::new(Uuid::from_u128(2));
const PERSON: UserId = UserId::new(Uuid::from_u128(3));

fn at(days: i64) -> DateTime<Utc> {
    "2026-11-21T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(days)
}

fn approval(state: ApprovalState) -> Approval {
    Approval {
        id: ApprovalId::new(Uuid::from_u128(7)),
        wanted: Wanted::RemoveFactor,
        user: Some(PERSON),
        state,
        asked_by: ASKER,
        asked_at: at(0),
        expires_at: at(0) + APPROVAL_TTL,
    }
}

#[test]
fn one_asks_and_another_decides() {
    use ApprovalRefusal::{NotAsker, OwnMatter, OwnRequest};
    use ApprovalState::{Approved, Rejected, Withdrawn};
    use Command::{Approve, Reject, Withdraw};
    for (command, actor, expected) in [
        (Approve, OTHER, Ok(Approved)),
        (Approve, ASKER, Err(OwnRequest)),
        (Approve, PERSON, Err(OwnMatter)),
        (Reject, OTHER, Ok(Rejected)),
        (Reject, ASKER, Err(OwnRequest)),
        (Reject, PERSON, Err(OwnMatter)),
        (Withdraw, ASKER, Ok(Withdrawn)),
        (Withdraw, OTHER, Err(NotAsker)),
        (Withdraw, PERSON, Err(NotAsker)),
    ] {
        let found = approval(ApprovalState::Asked).decide(command, actor, at(6));
        assert_eq!(found, expected, "{command:?}");
    }
    assert_eq!(ask(ASKER, Some(PERSON)), Ok(()));
    assert_eq!(ask(ASKER, Some(ASKER)), Err(OwnMatter));
    assert_eq!(ask(ASKER, None), Ok(()));
}

#[test]
fn what_is_decided_or_over_stays_so() {
    for state in ApprovalState::ALL.iter().filter(|state| **state != ApprovalState::Asked) {
        for command in [Command::Approve, Command::Reject, Command::Withdraw] {
            for actor in [ASKER, OTHER, PERSON] {
                let found = approval(*state).decide(command, actor, at(1));
                assert_eq!(found, Err(ApprovalRefusal::WrongState(*state)), "{command:?}");
            }
        }
        assert_eq!(approval(*state).state_at(at(100)), *state);
    }
}

#[test]
fn a_request_is_good_for_seven_days() {
    let asked = approval(ApprovalState::Asked);
    let last = at(7) - TimeDelta::microseconds(1);
    assert_eq!(asked.state_at(last), ApprovalState::Asked);
    assert_eq!(asked.decide(Command::Approve, OTHER, last), Ok(ApprovalState::Approved));
    assert_eq!(asked.state_at(at(7)), ApprovalState::Expired);
    let late = asked.decide(Command::Approve, OTHER, at(7));
    assert_eq!(late, Err(ApprovalRefusal::WrongState(ApprovalState::Expired)));
}

/// Requested at noon in Nairobi; the hour of the decision does not matter.
#[test]
fn who_lost_the_right_to_ask_has_asked_for_nothing() {
    let kes = |minor| Some(Money::new(minor, Currency::Kes).unwrap());
    let moves = |role, amount| {
        let provider = Provider::Mpesa;
        let wanted = Wanted::MoveSuspense { provider, receipt: "UKL7AAAAAA".into() };
        Approval { wanted, ..approval(ApprovalState::Asked) }.still_asked(role, (None, amount))
    };
    let denied = |denial| Err(ApprovalRefusal::AskerMayNot(denial));
    for (role, minor, expected) in [
        (UserRole::Admin, 900_000_000, Ok(())),
        (UserRole::Support, 1_000_000, Ok(())),
        (UserRole::Support, 1_000_001, denied(Denial::Amount(UserRole::Support))),
        (UserRole::User, 1, denied(Denial::Role(UserRole::User))),
    ] {
        assert_eq!(moves(role, kes(minor)), expected, "{role}");
    }
}

/// Every kind has one row for requesting and one for deciding.
#[test]
fn every_kind_can_be_asked_for_and_decided_about() {
    let noon =
        Circumstances { at: at(0), from_listed: true, stepped_up: true, tie: None, amount: None };
    for kind in ApprovalKind::ALL {
        for action in [Action::Ask, Action::Decide] {
            let found = permit(UserRole::SuperAdmin, (kind.resource(), action), &noon);
            assert_eq!(found, Ok(()), "{kind} {action}");
        }
    }
}

/// The request becomes invalid if the requester has joined the user's organisation since.
#[test]
fn who_has_a_tie_by_now_has_asked_for_nothing() {
    let found = approval(ApprovalState::Asked)
        .still_asked(UserRole::SuperAdmin, (Some(Tie::Organisation), None));
    let denial = Denial::Conflict(Tie::Organisation);
    assert_eq!(found, Err(ApprovalRefusal::AskerMayNot(denial)));
}
