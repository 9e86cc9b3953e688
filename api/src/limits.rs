//! What the caller may still send, withdraw and hold.

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

/// Limits in one currency, and what is left of them.
#[derive(Debug, Object)]
struct CurrencyLimits {
    currency: Wire<Currency>,
    /// The most that one transfer or withdrawal moves.
    transaction_max: Money,
    /// The most that all transfers and withdrawals of one day move; a day begins at midnight in Nairobi.
    day_max: Money,
    spent_today: Money,
    left_today: Money,
    /// The most that the wallet holds, available and held together.
    balance_max: Money,
    /// How much more fits into the wallet.
    balance_room: Money,
}

impl From<LimitsView> for CurrencyLimits {
    fn from(view: LimitsView) -> Self {
        let money = |minor| Money::minor(minor, view.currency);
        Self {
            currency: view.currency.into(),
            transaction_max: money(view.limits.transaction_minor_max),
            day_max: money(view.limits.day_minor_max),
            spent_today: money(view.usage.spent_minor),
            left_today: money(view.limits.left_minor(view.usage)),
            balance_max: money(view.limits.balance_minor_max),
            balance_room: money(view.limits.room_minor(view.total_minor)),
        }
    }
}

/// The limits of a person.
#[derive(Debug, Object)]
#[oai(rename = "Limits")]
pub(crate) struct LimitsAnswer {
    /// The name of the set of limits that the person has.
    tier: String,
    /// One per currency that wallets of this tier carry.
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
    /// Get one's limits
    ///
    /// The caller's tier and, per currency, what one transaction, one day and the wallet may come to, and what
    /// is left of it. Money that is paid in from outside is credited even if the wallet is full.
    #[oai(path = "/limits", method = "get", operation_id = "get_limits")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
    ) -> Result<Found, ApiError> {
        let (tier, limits) = context.store.limits(caller.user(), context.now()).await?;
        Ok(Found::Limits(Json(LimitsAnswer::new(tier, limits))))
    }
}
