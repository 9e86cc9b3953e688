//! Proof that the ledger is consistent.

use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::{Nullable, Timestamp, Wire};
use amana_domain::money::Currency;
use amana_domain::permission::Resource;
use amana_domain::proof::Trust;
use amana_postgres::{LedgerCheckView, Proof};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// Sums of all balances at one moment, and the result of the latest full check.
#[derive(Debug, Object)]
struct LedgerProof {
    /// Whether the trust equation holds in every currency and the latest check found no error.
    is_consistent: bool,
    /// Sums per currency.
    currencies: Vec<CurrencySums>,
    /// Latest full check; `null` before the first one.
    latest_check: Nullable<LedgerCheck>,
}

/// A full check, run every night: reads every posting and recomputes every balance, sequence and sum.
#[derive(Debug, Object)]
struct LedgerCheck {
    started_at: Timestamp,
    finished_at: Timestamp,
    /// Whether the check found no error.
    is_consistent: bool,
    /// Number of accounts read, up to the first error if there is one.
    accounts: i64,
    /// Number of entries read.
    entries: i64,
    /// Number of postings read.
    postings: i64,
    /// Name of the first incorrect row with its error; `null` if there is none.
    first_error: Nullable<String>,
}

/// The sums of the balances in one currency, in minor units.
#[derive(Debug, Object)]
struct CurrencySums {
    currency: Wire<Currency>,
    /// Whether the trust equation holds: all balances sum to zero; the money at providers and at the bank equals the
    /// money owed; and `held_minor` equals `in_holds_minor`.
    is_consistent: bool,
    /// Money at mobile-money providers, in minor units.
    held_by_providers_minor: i64,
    /// Money moved from providers to the platform's bank account, in minor units.
    at_bank_minor: i64,
    /// Available balances of users, in minor units. The money owed is the sum of the fields from this one to
    /// `suspense_minor`.
    owed_to_users_minor: i64,
    /// Money reserved in users' wallets for withdrawals and holds, in minor units.
    held_minor: i64,
    /// Money in escrow for deals, in minor units.
    in_escrow_minor: i64,
    /// Fees earned by the platform, in minor units.
    fees_minor: i64,
    /// Provider charges collected from users less charges paid, in minor units; negative if more was paid than
    /// collected.
    provider_costs_minor: i64,
    /// Money received that matches no payment, in minor units.
    suspense_minor: i64,
    /// Sum of the open holds, in minor units; equals `held_minor`.
    in_holds_minor: i64,
    /// Sum of all balances, in minor units; zero unless the ledger is inconsistent.
    sum_minor: i64,
}

impl From<Trust> for CurrencySums {
    fn from(trust: Trust) -> Self {
        Self {
            currency: trust.currency.into(),
            is_consistent: trust.holds(),
            held_by_providers_minor: trust.held_by_providers_minor,
            at_bank_minor: trust.at_bank_minor,
            owed_to_users_minor: trust.owed_to_users_minor,
            held_minor: trust.held_minor,
            in_escrow_minor: trust.in_escrow_minor,
            fees_minor: trust.fees_minor,
            provider_costs_minor: trust.provider_costs_minor,
            suspense_minor: trust.suspense_minor,
            in_holds_minor: trust.in_holds_minor,
            sum_minor: trust.sum_minor,
        }
    }
}

impl From<LedgerCheckView> for LedgerCheck {
    fn from(view: LedgerCheckView) -> Self {
        Self {
            started_at: view.started_at.into(),
            finished_at: view.finished_at.into(),
            is_consistent: view.first_wrong.is_none(),
            accounts: view.accounts,
            entries: view.entries,
            postings: view.postings,
            first_error: Nullable::of(view.first_wrong),
        }
    }
}

impl From<Proof> for LedgerProof {
    fn from(proof: Proof) -> Self {
        Self {
            is_consistent: proof.holds(),
            currencies: proof.currencies.into_iter().map(CurrencySums::from).collect(),
            latest_check: Nullable::of(proof.latest_check),
        }
    }
}

#[derive(ApiResponse)]
enum Proven {
    /// The proof. It may report errors.
    #[oai(status = 200)]
    Proof(Json<LedgerProof>),
}

pub(crate) struct Ledger;

#[OpenApi(prefix_path = "/v1/operator", tag = "Chapter::Operator")]
impl Ledger {
    /// Get the proof of the ledger
    ///
    /// Returns the sums of the current balances and the result of the latest full check of all postings. Problems:
    /// `forbidden` (403).
    #[oai(path = "/proof", method = "get", operation_id = "get_ledger_proof")]
    async fn get_ledger_proof(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
    ) -> Result<Proven, ApiError> {
        operator.may_read(&context, Resource::Ledger)?;
        Ok(Proven::Proof(Json(context.store.proof().await?.into())))
    }
}
