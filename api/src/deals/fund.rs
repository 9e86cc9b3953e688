//! What payers send about a payment for a deal.

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
    /// How somebody pays: from the wallet, at once; or by M-Pesa, approved on the phone.
    Method as "FundingMethod";
}

/// Paying for a deal, in whole or in part.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
pub(super) struct FundDeal {
    method: Wire<Method>,
    /// For `mpesa`: the number that is asked to pay; the caller's own if left out.
    phone: Option<Wire<Phone>>,
    /// A part of what is outstanding; by M-Pesa in whole shillings. All of it if left out.
    amount: Option<PositiveMoney>,
    /// With `true`, `amount` may be more than is outstanding; the rest stays in your wallet.
    allow_more: Option<bool>,
}

impl FundDeal {
    pub(super) async fn parse(
        self,
        context: &Context,
        caller: &Principal<DealsWrite>,
    ) -> Result<FundingRequest, ApiError> {
        let method = match (self.method.0, self.phone) {
            (Method::Wallet, None) if caller.organisation().is_some() => {
                let detail = "a key of an organisation does not reach a wallet: pay by mpesa";
                return Err(ApiError::new(Code::InsufficientScope, detail));
            }
            (Method::Wallet, None) => FundingMethod::Wallet,
            (Method::Wallet, Some(_)) => {
                return Err(ApiError::field("/phone", "a payment from the wallet asks no phone"));
            }
            (Method::Mpesa, phone) => FundingMethod::Mpesa(payer(context, caller, phone).await?),
        };
        let amount = self.amount.map(|amount| amount.money()).transpose()?;
        Ok(FundingRequest { method, amount, allow_more: self.allow_more == Some(true) })
    }
}
