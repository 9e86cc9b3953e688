//! The permission table: resource, action, role.

use super::{Action, Resource};
use crate::threshold::{Ceiling, SUPPORT};

/// The conditions of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// Maximum amount of one decision.
    pub(super) ceiling: Option<Ceiling>,
    /// Hours of the day in Nairobi, from the first until before the second.
    pub(super) hours: Option<(u32, u32)>,
    /// Only from the networks that the settings list.
    pub(super) from_listed: bool,
    /// Only in a session with a valid step-up.
    pub(super) stepped_up: bool,
}

const YES: Option<Grant> =
    Some(Grant { ceiling: None, hours: None, from_listed: false, stepped_up: false });
const NO: Option<Grant> = None;
/// For actions that move money, change rights or show personal data.
const AT_WORK: Option<Grant> =
    Some(Grant { ceiling: None, hours: None, from_listed: true, stepped_up: false });
/// For the most sensitive actions: large amounts, fee plans, roles.
const PROVEN: Option<Grant> =
    Some(Grant { ceiling: None, hours: None, from_listed: true, stepped_up: true });
/// Up to KES 10,000, 06:00–22:00.
const SMALL: Option<Grant> = Some(Grant {
    ceiling: Some(SUPPORT),
    hours: Some((6, 22)),
    from_listed: true,
    stepped_up: false,
});

type Row = (Resource, Action, [Option<Grant>; 5]);

/// Permissions that are not listed are denied. A higher role has every permission of a lower one.
#[rustfmt::skip]
pub(super) const MATRIX: &[Row] = &[
    //                                             user  support  compliance  admin    super admin
    (Resource::Users,            Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::Users,            Action::Change, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Accounts,         Action::Read,   [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Payments,         Action::Ask,    [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::Payments,         Action::Decide, [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::Tiers,            Action::Ask,    [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Tiers,            Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Suspense,         Action::Ask,    [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Suspense,         Action::Decide, [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Returns,          Action::Ask,    [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::Returns,          Action::Decide, [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::SecondFactors,    Action::Ask,    [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::SecondFactors,    Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Approvals,        Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::HeldWithdrawals,  Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::HeldWithdrawals,  Action::Decide, [NO,   SMALL,   AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::LargeWithdrawals, Action::Ask,    [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::LargeWithdrawals, Action::Decide, [NO,   NO,      PROVEN,     PROVEN,  PROVEN]),
    (Resource::Reconciliation,   Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::Reconciliation,   Action::Change, [NO,   NO,      NO,         YES,     YES]),
    (Resource::Discrepancies,           Action::Change, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Ledger,           Action::Read,   [NO,   NO,      YES,        YES,     YES]),
    (Resource::Kyc,              Action::Read,   [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Kyc,              Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Disputes,         Action::Read,   [NO,   AT_WORK, AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Disputes,         Action::Decide, [NO,   NO,      AT_WORK,    AT_WORK, AT_WORK]),
    (Resource::Jobs,             Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::Jobs,             Action::Change, [NO,   NO,      NO,         AT_WORK, AT_WORK]),
    (Resource::Health,           Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::FeePlans,         Action::Read,   [NO,   YES,     YES,        YES,     YES]),
    (Resource::FeePlans,         Action::Ask,    [NO,   NO,      NO,         PROVEN,  PROVEN]),
    (Resource::FeePlans,         Action::Decide, [NO,   NO,      NO,         PROVEN,  PROVEN]),
    (Resource::Roles,            Action::Ask,    [NO,   NO,      NO,         NO,      PROVEN]),
    (Resource::Roles,            Action::Decide, [NO,   NO,      NO,         NO,      PROVEN]),
];

impl Grant {
    /// Returns whether `wider` allows everything that this grant allows.
    #[cfg(test)]
    pub(super) fn is_within(&self, wider: &Self) -> bool {
        let ceiling = match (self.ceiling, wider.ceiling) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => own.is_within(other),
        };
        let hours = match (self.hours, wider.hours) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(other)) => other.0 <= own.0 && own.1 <= other.1,
        };
        let listed = self.from_listed || !wider.from_listed;
        ceiling && hours && listed && (self.stepped_up || !wider.stepped_up)
    }
}
