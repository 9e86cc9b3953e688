//! Requests to pay for a deal.

use crate::context::Context;
use crate::payments::payer;
use crate::principal::{DealsWrite, Principal};
use crate::problem::{ApiError, Code};
use crate::wire::{Phone, PositiveMoney, Wire, text_values};
use amana_domain::text_enum;
use amana_postgres::{FundingMethod, FundingRequest};
use poem_openapi::Object;
use serde::Deserialize;

text_enum! {
    pub(crate) enum Method as "funding method" {
        Wallet = "wallet",
        Mpesa = "mpesa",
    }
}

text_values! {
    /// Method of payment: from the wallet, immediately; or by M-Pesa, approved on the phone.
    Method as "FundingMethod";
}

/// A payment for a deal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct FundDeal {
    method: Wire<Method>,
    /// Phone number to prompt, for `mpesa` only; your own by default.
    phone: Option<Wire<Phone>>,
    /// Part of the outstanding amount; for `mpesa` in whole shillings. All of it by default.
    amount: Option<PositiveMoney>,
    /// With `true`, `amount` may exceed the outstanding amount; the excess stays in your wallet.
    allow_overpayment: Option<bool>,
}

impl FundDeal {
    pub(super) async fn parse(
        self,
        context: &Context,
        caller: &Principal<DealsWrite>,
    ) -> Result<FundingRequest, ApiError> {
        let method = match (self.method.0, self.phone) {
            (Method::Wallet, None) if caller.organisation().is_some() => {
                let detail = "an organisation's key cannot pay from a wallet; use the method mpesa";
                return Err(ApiError::new(Code::InsufficientScope, detail));
            }
            (Method::Wallet, None) => FundingMethod::Wallet,
            (Method::Wallet, Some(_)) => {
                return Err(ApiError::field("/phone", "omit phone for the method wallet"));
            }
            (Method::Mpesa, phone) => FundingMethod::Mpesa(payer(context, caller, phone).await?),
        };
        let amount = self.amount.map(|amount| amount.money()).transpose()?;
        Ok(FundingRequest {
            method,
            amount,
            allow_overpayment: self.allow_overpayment == Some(true),
        })
    }
}
