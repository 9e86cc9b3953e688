//! Limits of the caller.

use crate::Chapter;
use crate::context::Context;
use crate::principal::{Principal, WalletRead};
use crate::problem::ApiError;
use crate::wire::{Money, Wire};
use amana_domain::money::Currency;
use amana_postgres::LimitsView;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// Limits in one currency, and their use.
#[derive(Debug, Object)]
struct CurrencyLimits {
    currency: Wire<Currency>,
    /// Maximum amount of one transfer or withdrawal.
    transaction_max: Money,
    /// Maximum total of transfers and withdrawals per day; a day begins at midnight in Nairobi.
    day_max: Money,
    spent_today: Money,
    remaining_today: Money,
    /// Maximum balance, available and held together.
    balance_max: Money,
    /// Amount that still fits into the wallet.
    balance_remaining: Money,
}

impl From<LimitsView> for CurrencyLimits {
    fn from(view: LimitsView) -> Self {
        let money = |minor| Money::minor(minor, view.currency);
        Self {
            currency: view.currency.into(),
            transaction_max: money(view.limits.transaction_minor_max),
            day_max: money(view.limits.day_minor_max),
            spent_today: money(view.usage.spent_minor),
            remaining_today: money(view.limits.left_minor(view.usage)),
            balance_max: money(view.limits.balance_minor_max),
            balance_remaining: money(view.limits.room_minor(view.total_minor)),
        }
    }
}

/// The limits of a user.
#[derive(Debug, Object)]
#[oai(rename = "Limits")]
pub(crate) struct LimitsAnswer {
    /// Name of the tier.
    tier: String,
    /// Limits per currency of the tier.
    limits: Vec<CurrencyLimits>,
}

impl LimitsAnswer {
    pub(crate) fn new(tier: String, limits: Vec<LimitsView>) -> Self {
        Self { tier, limits: limits.into_iter().map(CurrencyLimits::from).collect() }
    }
}

#[derive(ApiResponse)]
enum Found {
    /// The limits.
    #[oai(status = 200)]
    Limits(Json<LimitsAnswer>),
}

pub(crate) struct Limits;

#[OpenApi(prefix_path = "/v1", tag = "Chapter::Wallet")]
impl Limits {
    /// Get your limits
    ///
    /// Returns your tier, its limits per transaction, per day and of the balance, and the unused part. External
    /// deposits are credited even if they exceed the balance limit.
    #[oai(path = "/limits", method = "get", operation_id = "get_limits")]
    async fn get_limits(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
    ) -> Result<Found, ApiError> {
        let (tier, limits) = context.store.limits(caller.user(), context.now()).await?;
        Ok(Found::Limits(Json(LimitsAnswer::new(tier, limits))))
    }
}
