//! The proof that every cent is where the books say.

use crate::Chapter;
use crate::auth::Operator;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::Wire;
use amana_domain::money::Currency;
use amana_postgres::{CurrencyProof, Proof};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// What all postings add up to, taken at one moment.
#[derive(Debug, Object)]
struct LedgerProof {
    /// Whether all of it holds: every sum is zero, what providers hold is what we owe, nothing is wrong.
    holds: bool,
    /// How many entries there are.
    entries: i64,
    /// How many postings there are.
    postings: i64,
    currencies: Vec<CurrencySums>,
    /// Accounts whose balance is not what their postings say; at most 20 are named.
    wrong_accounts: Vec<String>,
    /// Keys of entries whose postings do not balance or are not all there; at most 20 are named.
    wrong_entries: Vec<String>,
}

/// The sums in one currency, in minor units.
#[derive(Debug, Object)]
struct CurrencySums {
    currency: Wire<Currency>,
    /// Whether the trust equation holds: what providers hold is the sum of all that follows it here.
    holds: bool,
    held_by_providers_minor: i64,
    owed_to_users_minor: i64,
    in_payout_minor: i64,
    in_escrow_minor: i64,
    fees_minor: i64,
    provider_costs_minor: i64,
    suspense_minor: i64,
    /// Of all postings; zero, or the ledger is broken.
    sum_minor: i64,
}

impl From<CurrencyProof> for CurrencySums {
    fn from(proof: CurrencyProof) -> Self {
        Self {
            currency: proof.currency.into(),
            holds: proof.holds(),
            held_by_providers_minor: proof.held_by_providers_minor,
            owed_to_users_minor: proof.owed_to_users_minor,
            in_payout_minor: proof.in_payout_minor,
            in_escrow_minor: proof.in_escrow_minor,
            fees_minor: proof.fees_minor,
            provider_costs_minor: proof.provider_costs_minor,
            suspense_minor: proof.suspense_minor,
            sum_minor: proof.sum_minor,
        }
    }
}

impl From<Proof> for LedgerProof {
    fn from(proof: Proof) -> Self {
        Self {
            holds: proof.holds(),
            entries: proof.entries,
            postings: proof.postings,
            currencies: proof.currencies.into_iter().map(CurrencySums::from).collect(),
            wrong_accounts: proof.wrong_accounts,
            wrong_entries: proof.wrong_entries,
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
    /// Adds up all postings from the first day and holds them against the balances. Problems: `forbidden` (403).
    #[oai(path = "/proof", method = "get", operation_id = "get_ledger_proof")]
    async fn proof(
        &self,
        context: Data<&Arc<Context>>,
        _operator: Operator,
    ) -> Result<Proven, ApiError> {
        Ok(Proven::Proof(Json(context.store.proof().await?.into())))
    }
}
