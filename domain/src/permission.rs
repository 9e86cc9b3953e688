//! What each role may do: one table, read by [`permit`] and by nothing else.
//!
//! A person's own wallet, deals and payments are theirs whatever their role is, and nobody else's: those rules
//! stand with the things themselves. Here is what people may do with what is *not* theirs.

use crate::money::{Currency, Money};
use crate::text_enum;
use crate::time::EAT;
use chrono::{DateTime, Timelike, Utc};
use thiserror::Error;

text_enum! {
    /// What somebody is to the service. Later ones rank higher.
    pub enum UserRole as "role" {
        User = "user",
        /// Answers people and looks things up.
        Support = "support",
        /// Decides about withdrawals, documents and closed accounts.
        Compliance = "compliance",
        /// Runs the service.
        Admin = "admin",
        /// Gives the others their roles.
        SuperAdmin = "super_admin",
    }
}

text_enum! {
    pub enum Resource as "resource" {
        /// Accounts of people.
        Users = "users",
        /// Which tier of limits a person has.
        Tiers = "tiers",
        /// Money that fits no payment of ours.
        Suspense = "suspense",
        /// The second factors of people who have lost theirs.
        SecondFactors = "second_factors",
        /// What was asked for and waits for somebody else.
        Approvals = "approvals",
        /// Withdrawals that a rule has stopped.
        HeldWithdrawals = "held_withdrawals",
        /// Callbacks, runs, breaks, suspense.
        Reconciliation = "reconciliation",
        /// The books as a whole.
        Ledger = "ledger",
        Jobs = "jobs",
        /// Applications for a tier, with the documents of people.
        Kyc = "kyc",
        /// Disputes about deals, with the evidence of both sides.
        Disputes = "disputes",
        /// Queues, connections and providers of the running service.
        Health = "health",
        /// What deals cost from now on.
        FeePlans = "fee_plans",
        /// Who has which role.
        Roles = "roles",
    }
}

text_enum! {
    pub enum Action as "action" {
        Read = "read",
        /// Changes it, starts it, repeats it.
        Change = "change",
        /// Asks somebody else to decide.
        Ask = "ask",
        /// Says yes or no to what somebody else wants.
        Decide = "decide",
    }
}

/// Under which conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grant {
    /// Shillings of one decision, in cents; other currencies have no ceiling that could be compared, so a grant
    /// with a ceiling is for shillings only.
    minor_max: Option<i64>,
    /// Hours of the day in Nairobi, from the first to before the second.
    hours: Option<(u32, u32)>,
    /// Only from the networks that the service's settings list.
    from_listed: bool,
}

const YES: Option<Grant> = Some(Grant { minor_max: None, hours: None, from_listed: false });
const NO: Option<Grant> = None;
/// What moves money or rights.
const AT_WORK: Option<Grant> = Some(Grant { minor_max: None, hours: None, from_listed: true });
/// KES 10,000, from six to ten in the evening.
const SMALL: Option<Grant> =
    Some(Grant { minor_max: Some(1_000_000), hours: Some((6, 22)), from_listed: true });

type Row = (Resource, Action, [Option<Grant>; 5]);

/// What stands nowhere in it is nobody's right.
#[rustfmt::skip]
const MATRIX: &[Row] = &[
    //                                            user  support  compliance  admin    super admin
    (Resource::Users,           Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::Users,           Action::Change, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Tiers,           Action::Ask,    [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Tiers,           Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Suspense,        Action::Ask,    [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Suspense,        Action::Decide, [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::SecondFactors,   Action::Ask,    [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::SecondFactors,   Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Approvals,       Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::HeldWithdrawals, Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::HeldWithdrawals, Action::Decide, [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Reconciliation,  Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::Reconciliation,  Action::Change, [NO,   NO,      NO,         YES,     YES]),
    (Resource::Ledger,          Action::Read,   [NO,   NO,      YES,        YES,     YES]),
    (Resource::Kyc,             Action::Read,   [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Kyc,             Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Disputes,        Action::Read,   [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Disputes,        Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Jobs,            Action::Read,   [NO,   YES,     NO,         YES,     YES]),
    (Resource::Jobs,            Action::Change, [NO,   NO,      NO,         AT_WORK, AT_WORK]),
    (Resource::Health,          Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::FeePlans,        Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::FeePlans,        Action::Change, [NO,   NO,      NO,         AT_WORK, AT_WORK]),
    (Resource::Roles,           Action::Change, [NO,   NO,      NO,         NO,      AT_WORK]),
];

/// Under what circumstances somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    pub at: DateTime<Utc>,
    pub from_listed: bool,
    /// What is at stake, if it is money.
    pub amount: Option<Money>,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Denial {
    #[error("the role `{0}` does not allow this")]
    Role(UserRole),
    #[error("the role `{0}` does not reach to this amount")]
    Amount(UserRole),
    #[error("the role `{0}` allows this from {1} to {2} o'clock in Nairobi only")]
    Hours(UserRole, u32, u32),
    #[error("this is allowed from listed networks only")]
    Network,
}

/// # Errors
/// [`Denial`], the first that applies, in the order of its values.
pub fn permit(
    role: UserRole,
    (resource, action): (Resource, Action),
    circumstances: &Circumstances,
) -> Result<(), Denial> {
    let row = MATRIX.iter().find(|row| (row.0, row.1) == (resource, action));
    let grant = row.and_then(|(_, _, grants)| grants.get(role as usize).copied().flatten());
    let grant = grant.ok_or(Denial::Role(role))?;
    if let (Some(minor_max), Some(amount)) = (grant.minor_max, circumstances.amount)
        && (amount.currency() != Currency::Kes || amount.minor() > minor_max)
    {
        return Err(Denial::Amount(role));
    }
    let hour = circumstances.at.with_timezone(&EAT).hour();
    if let Some((from, to)) = grant.hours
        && !(from..to).contains(&hour)
    {
        return Err(Denial::Hours(role, from, to));
    }
    if grant.from_listed && !circumstances.from_listed {
        return Err(Denial::Network);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour_utc: u32, from_listed: bool, kes_minor: Option<i64>) -> Circumstances {
        let at = format!("2026-11-21T{hour_utc:02}:30:00Z").parse().unwrap();
        let amount = kes_minor.map(|minor| Money::new(minor, Currency::Kes).unwrap());
        Circumstances { at, from_listed, amount }
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
            assert!(
                MATRIX[..n].iter().all(|other| (other.0, other.1) != (row.0, row.1)),
                "{row:?}"
            );
        }
    }

    #[test]
    fn conditions_are_asked_one_by_one() {
        use UserRole::{Admin, Compliance, Support};
        let decide = (Resource::HeldWithdrawals, Action::Decide);
        let roles = (Resource::Roles, Action::Change);
        let jobs = (Resource::Jobs, Action::Read);
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
            (Compliance, jobs, at(9, true, None), Err(Denial::Role(Compliance))),
            (Admin, jobs, at(9, false, None), Ok(())),
            (Admin, roles, at(9, true, None), Err(Denial::Role(Admin))),
        ] {
            assert_eq!(permit(role, wanted, &circumstances), expected, "{role} {wanted:?}");
        }
        let dollars = Money::new(1, Currency::Usd).unwrap();
        let circumstances = Circumstances { amount: Some(dollars), ..at(9, true, None) };
        assert_eq!(permit(Support, decide, &circumstances), Err(Denial::Amount(Support)));
    }
}
