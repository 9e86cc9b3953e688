//! Quotes for planned deals.

use super::answer::QuoteOfDeal;
use crate::context::Context;
use crate::problem::ApiError;
use crate::wire::{CommissionBps, PositiveMoney, Wire};
use amana_domain::deal::MILESTONES_MAX;
use amana_domain::fee::FeePayer;
use amana_domain::money::{Currency, Money};
use poem_openapi::Object;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// A planned deal, given by the amounts of its milestones.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct QuoteDeal {
    /// Amounts of 1 to 20 milestones, all in one currency.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(deserialize_with = "bounded")]
    amounts: Vec<PositiveMoney>,
    /// Party that bears the fees; the seller by default.
    fee_payer: Option<Wire<FeePayer>>,
    /// Broker's commission in basis points (hundredths of a percent) of all amounts; 0 by default.
    commission_bps: Option<CommissionBps>,
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PositiveMoney>, D::Error> {
    let amounts = Vec::deserialize(deserializer)?;
    if (1..=MILESTONES_MAX).contains(&amounts.len()) {
        Ok(amounts)
    } else {
        Err(D::Error::custom(format!("expected 1 to {MILESTONES_MAX} amounts")))
    }
}

impl QuoteDeal {
    pub(super) async fn quote(self, context: &Context) -> Result<QuoteOfDeal, ApiError> {
        let currency = self.amounts.first().map_or(Currency::Kes, |amount| amount.currency.0);
        let amounts = self.amounts.iter().enumerate().map(|(n, amount)| {
            if amount.currency.0 == currency {
                amount.money()
            } else {
                let pointer = format!("/amounts/{n}/currency");
                Err(ApiError::field(pointer, "expected the same currency for all amounts"))
            }
        });
        let amounts: Vec<Money> = amounts.collect::<Result<_, ApiError>>()?;
        let payer = self.fee_payer.map_or(FeePayer::Seller, |payer| payer.0);
        let configured = context.fees.plan(currency, payer)?;
        let plan = context.store.fee_plan(configured, context.now()).await?;
        let commission_bps = self.commission_bps.map_or(0, CommissionBps::get_u16);
        QuoteOfDeal::of(plan, &amounts, commission_bps)
    }
}
