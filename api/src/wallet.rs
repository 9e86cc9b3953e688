//! The caller's wallet: current and past balances, and deposits.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Asked, Started, answer, keyed, unless_answered};
use crate::payments::{PaymentAnswer, payer};
use crate::principal::{PaymentsWrite, Principal, WalletRead};
use crate::problem::{ApiError, Code};
use crate::wire::{Key, Moment, Money, Nullable, Phone, PositiveMoney, Wire};
use amana_domain::api_key::Scope;
use amana_domain::money::Currency;
use amana_postgres::{Answer, Balance, PaymentView};
use chrono::{DateTime, Utc};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// Balance in one currency.
#[derive(Debug, Object)]
#[oai(rename = "Balance")]
pub(crate) struct BalanceAnswer {
    currency: Wire<Currency>,
    /// Amount that can be spent or withdrawn now.
    available: Money,
    /// Amount reserved for pending withdrawals and holds.
    held: Money,
    /// Part of `held` that was sent to mobile money and is not settled yet; `null` for past balances.
    in_transit: Nullable<Money>,
    /// `available` plus `held`.
    total: Money,
}

impl From<Balance> for BalanceAnswer {
    fn from(balance: Balance) -> Self {
        let currency = balance.currency;
        let total_minor = balance.available_minor.saturating_add(balance.held_minor);
        Self {
            currency: currency.into(),
            available: Money::minor(balance.available_minor, currency),
            held: Money::minor(balance.held_minor, currency),
            in_transit: Nullable::of(
                balance.in_transit_minor.map(|minor| Money::minor(minor, currency)),
            ),
            total: Money::minor(total_minor, currency),
        }
    }
}

/// Wallet of a user.
#[derive(Debug, Object)]
#[oai(rename = "Wallet")]
pub(crate) struct WalletAnswer {
    /// Balances, one per currency used so far.
    pub(crate) balances: Vec<BalanceAnswer>,
}

/// A new deposit.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateDeposit {
    /// Amount of the deposit: whole shillings, KES 1 to KES 250,000 for M-Pesa.
    amount: PositiveMoney,
    /// Phone number to prompt; your verified number by default.
    phone: Option<Wire<Phone>>,
}

#[derive(ApiResponse)]
pub(crate) enum Balances {
    /// The balances.
    #[oai(status = 200)]
    Wallet(Json<WalletAnswer>),
}

fn render(payment: &PaymentView) -> Answer {
    answer(StatusCode::ACCEPTED, &PaymentAnswer::from(payment))
}

async fn past(
    context: &Context,
    caller: &Principal<WalletRead>,
    at: DateTime<Utc>,
) -> Result<Vec<Balance>, ApiError> {
    if at > context.now() {
        return Err(ApiError::new(Code::InvalidParameter, "balances of the future are unknown")
            .at("at", "expected a time that is not in the future"));
    }
    Ok(context.store.balances_at(caller.user(), at).await?)
}

pub(crate) struct Wallet;

#[OpenApi(prefix_path = "/v1/wallet", tag = "Chapter::Wallet")]
impl Wallet {
    /// Get your balances
    ///
    /// Returns available, held, in-transit and total balance per currency, now or at a past time. Balances are zero
    /// before the first movement. Problems: `invalid_parameter` (400) for a future time.
    #[oai(path = "/", method = "get", operation_id = "get_wallet")]
    async fn get_wallet(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// Time of the balances (RFC 3339), including movements at exactly this time; now by default.
        at: Query<Option<Wire<Moment>>>,
    ) -> Result<Balances, ApiError> {
        let balances = match at.0 {
            Some(Wire(Moment(at))) => past(&context, &caller, at).await?,
            None => context.store.balances(caller.user()).await?,
        };
        let balances = balances.into_iter().map(BalanceAnswer::from).collect();
        Ok(Balances::Wallet(Json(WalletAnswer { balances })))
    }

    /// Deposit from mobile money
    ///
    /// Prompts the phone; the user approves with the PIN. The response comes before the result; follow the payment with
    /// `get_payment`. Problems: `prompt_pending` (409) if another prompt is open on the phone, `too_many_prompts`
    /// (429), `balance_limit` if the wallet cannot hold the amount, `provider_limit`, `whole_units_required`,
    /// `unsupported_currency` (422), `account_closed` (403), `idempotency_key_required` (400), `idempotency_key_reused`
    /// (422).
    #[oai(path = "/deposits", method = "post", operation_id = "create_deposit")]
    async fn create_deposit(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, returns the expected result and changes nothing. An API key then also needs `wallet:read`.
        dry_run: Query<Option<bool>>,
        body: Body<CreateDeposit>,
    ) -> Result<Started<PaymentAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_deposit", &body.canonical);
        let amount = body.value.amount.money()?;
        if dry_run.0 == Some(true) {
            caller.require(Scope::WalletRead)?;
            return Ok(context.store.quote_deposit(caller.user(), amount).await?.into());
        }
        let check = payer(&context, &caller, body.value.phone);
        let phone = match unless_answered(&context, &keyed, check).await? {
            Asked::New(phone) => phone,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        let outcome = context
            .write(async move |store, now| store.deposit(&keyed, amount, &phone, render, now).await)
            .await?;
        Ok(outcome.into())
    }
}
