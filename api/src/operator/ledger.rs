//! The proof that every cent is where the books say.

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

/// What the balances add up to, taken at one moment, and what the latest full check found.
#[derive(Debug, Object)]
struct LedgerProof {
    /// Whether all of it holds: the trust equation in every currency, and nothing was wrong at the latest check.
    is_consistent: bool,
    currencies: Vec<CurrencySums>,
    /// The latest full check; `null` before the first one.
    latest_check: Nullable<LedgerCheck>,
}

/// A full check: every posting was read, and every balance, sequence and sum worked out again. There is one
/// each night.
#[derive(Debug, Object)]
struct LedgerCheck {
    started_at: Timestamp,
    finished_at: Timestamp,
    /// Whether nothing was wrong.
    is_consistent: bool,
    /// How many accounts were read, until the first row that is wrong if one is.
    accounts: i64,
    /// How many entries were read.
    entries: i64,
    /// How many postings were read.
    postings: i64,
    /// The first row that is wrong, by name, and what is wrong with it; `null` if nothing is.
    first_error: Nullable<String>,
}

/// The sums of the balances in one currency, in minor units.
#[derive(Debug, Object)]
struct CurrencySums {
    currency: Wire<Currency>,
    /// Whether the trust equation holds: what providers and our bank hold is the sum of what we owe, and what is held
    /// for withdrawals and for others is what open holds reserve.
    is_consistent: bool,
    held_by_providers_minor: i64,
    /// What was moved from providers to the platform's bank account.
    at_bank_minor: i64,
    /// What people can spend. This and what follows it down to suspense is what we owe.
    owed_to_users_minor: i64,
    /// What is reserved in people's wallets, for withdrawals and for others.
    held_minor: i64,
    in_escrow_minor: i64,
    fees_minor: i64,
    /// What people paid for the provider's charges, less the charges; below zero if the charges were more.
    provider_costs_minor: i64,
    suspense_minor: i64,
    /// What open holds reserve: as much as is held.
    in_holds_minor: i64,
    /// Of all balances; zero, or the ledger is broken.
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
    /// The proof; it may say that the books do not hold.
    #[oai(status = 200)]
    Proof(Json<LedgerProof>),
}

pub(crate) struct Ledger;

#[OpenApi(prefix_path = "/v1/operator", tag = "Chapter::Operator")]
impl Ledger {
    /// Prove the ledger
    ///
    /// Adds up the balances as they are now, and tells what the latest full check of all postings found.
    /// Problems: `forbidden` (403).
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
