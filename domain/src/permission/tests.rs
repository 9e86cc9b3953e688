use super::*;
use crate::money::Currency;

fn at(hour_utc: u32, from_listed: bool, kes_minor: Option<i64>) -> Circumstances {
    let at = format!("2026-11-21T{hour_utc:02}:30:00Z").parse().unwrap();
    let amount = kes_minor.map(|minor| Money::new(minor, Currency::Kes).unwrap());
    Circumstances { at, from_listed, stepped_up: true, tie: None, amount }
}

#[test]
fn nobody_has_a_right_that_is_not_in_the_table() {
    let noon = at(9, true, None);
    for resource in Resource::ALL {
        for action in Action::ALL {
            let wanted = (*resource, *action);
            assert_eq!(
                permit(UserRole::User, wanted, &noon),
                Err(Denial::Role(UserRole::User)),
                "{wanted:?}"
            );
            let listed = MATRIX.iter().any(|row| (row.0, row.1) == wanted);
            let top = permit(UserRole::SuperAdmin, wanted, &noon).is_ok();
            assert_eq!(top, listed, "{wanted:?}");
        }
    }
}

#[test]
fn a_pair_stands_in_the_table_once() {
    for (n, row) in MATRIX.iter().enumerate() {
        assert!(MATRIX[..n].iter().all(|other| (other.0, other.1) != (row.0, row.1)), "{row:?}");
    }
}

#[test]
fn conditions_are_asked_one_by_one() {
    use UserRole::{Admin, Compliance, Support};
    let decide = (Resource::HeldWithdrawals, Action::Decide);
    let roles = (Resource::Roles, Action::Decide);
    let ledger = (Resource::Ledger, Action::Read);
    for (role, wanted, circumstances, expected) in [
        (Support, decide, at(9, true, Some(1_000_000)), Ok(())),
        (Support, decide, at(9, true, Some(1_000_001)), Err(Denial::Amount(Support))),
        // 05:30, 06:30, 21:30 and 22:30 in Nairobi.
        (Support, decide, at(2, true, Some(1)), Err(Denial::Hours(Support, 6, 22))),
        (Support, decide, at(3, true, Some(1)), Ok(())),
        (Support, decide, at(18, true, Some(1)), Ok(())),
        (Support, decide, at(19, true, Some(1)), Err(Denial::Hours(Support, 6, 22))),
        (Support, decide, at(9, false, Some(1)), Err(Denial::Network)),
        (Compliance, decide, at(23, true, Some(i64::from(u32::MAX))), Ok(())),
        (Compliance, decide, at(9, false, Some(1)), Err(Denial::Network)),
        (Support, ledger, at(9, true, None), Err(Denial::Role(Support))),
        (Admin, ledger, at(9, false, None), Ok(())),
        (Admin, roles, at(9, true, None), Err(Denial::Role(Admin))),
    ] {
        assert_eq!(permit(role, wanted, &circumstances), expected, "{role} {wanted:?}");
    }
    let dollars = Money::new(1, Currency::Usd).unwrap();
    let circumstances = Circumstances { amount: Some(dollars), ..at(9, true, None) };
    assert_eq!(permit(Support, decide, &circumstances), Err(Denial::Amount(Support)));
}

/// A tie denies every permission of every role, reads included.
#[test]
fn a_tie_to_the_people_concerned_is_refused_in_every_row() {
    for right in rights() {
        for tie in Tie::ALL {
            let circumstances = Circumstances { tie: Some(*tie), ..at(9, true, None) };
            let found = permit(UserRole::SuperAdmin, right, &circumstances);
            assert_eq!(found, Err(Denial::Conflict(*tie)), "{right:?}");
        }
    }
}

#[test]
fn a_higher_role_has_every_right_of_a_lower_one() {
    for (resource, action, grants) in MATRIX {
        for pair in grants.windows(2) {
            let [lower, higher] = pair else { unreachable!("windows of two") };
            let kept = lower.is_none_or(|own| higher.is_some_and(|wider| own.is_within(&wider)));
            assert!(kept, "{resource} {action}");
        }
    }
}

/// The most sensitive actions: large amounts, fee plans and roles.
#[test]
fn the_furthest_rights_need_two_people_and_a_step_up() {
    let stale = Circumstances { stepped_up: false, ..at(9, true, None) };
    for resource in [
        Resource::LargeWithdrawals,
        Resource::FeePlans,
        Resource::Roles,
        Resource::Payments,
        Resource::Returns,
    ] {
        for action in [Action::Ask, Action::Decide] {
            let found = permit(UserRole::SuperAdmin, (resource, action), &stale);
            assert_eq!(found, Err(Denial::StepUp), "{resource} {action}");
        }
        let alone = reaches(UserRole::SuperAdmin, (resource, Action::Change));
        assert_eq!(alone, Err(Denial::Role(UserRole::SuperAdmin)), "{resource}");
    }
}
