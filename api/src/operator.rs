//! Operations for staff; `domain::permission` defines what each role may do.

mod accounts;
mod approvals;
mod disputes;
mod fee_plans;
mod health;
mod jobs;
mod kyc;
mod ledger;
mod payments;
mod reconciliation;
mod suspense;
mod users;
mod withdrawals;

pub(crate) use accounts::Accounts;
pub(crate) use approvals::Approvals;
pub(crate) use disputes::Disputes;
pub(crate) use fee_plans::FeePlans;
pub(crate) use health::Health;
pub(crate) use jobs::Jobs;
pub(crate) use kyc::Reviews;
pub(crate) use ledger::Ledger;
pub(crate) use payments::Payments;
pub(crate) use reconciliation::Reconciliation;
pub(crate) use suspense::Suspense;
pub(crate) use users::Users;
pub(crate) use withdrawals::Withdrawals;
