//! A person's own money: balances of now and of any moment, paying in.

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

/// What a person has in one currency.
#[derive(Debug, Object)]
#[oai(rename = "Balance")]
pub(crate) struct BalanceAnswer {
    currency: Wire<Currency>,
    /// Can be spent or withdrawn now.
    available: Money,
    /// Reserved: for withdrawals that are under way, and in holds for others.
    held: Money,
    /// The part of `held` that was sent to mobile money and is not settled yet; `null` if the balance is of a
    /// moment in the past.
    in_transit: Nullable<Money>,
    /// Available and held together.
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

/// A person's wallet.
#[derive(Debug, Object)]
#[oai(rename = "Wallet")]
pub(crate) struct WalletAnswer {
    /// One per currency that was ever used.
    pub(crate) balances: Vec<BalanceAnswer>,
}

/// Paying in from mobile money.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateDeposit {
    /// M-Pesa carries KES 1 to KES 250,000 in one transaction, whole shillings.
    amount: PositiveMoney,
    /// The number that is asked to pay; the caller's own if left out.
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
        return Err(ApiError::new(Code::InvalidParameter, "balances of the future are not known")
            .at("at", "expected a time that is not in the future"));
    }
    Ok(context.store.balances_at(caller.user(), at).await?)
}

pub(crate) struct Wallet;

#[OpenApi(prefix_path = "/v1/wallet", tag = "Chapter::Wallet")]
impl Wallet {
    /// Get the balances
    ///
    /// What the caller has, per currency: available, held, in transit to mobile money, and altogether; now, or as
    /// of any moment. Before the first movement everything is zero. Problems: `invalid_parameter` (400) for a
    /// moment that is still to come.
    #[oai(path = "/", method = "get", operation_id = "get_wallet")]
    async fn get_wallet(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<WalletRead>,
        /// The moment (RFC 3339), movements at that very time included; now if left out.
        at: Query<Option<Wire<Moment>>>,
    ) -> Result<Balances, ApiError> {
        let balances = match at.0 {
            Some(Wire(Moment(at))) => past(&context, &caller, at).await?,
            None => context.store.balances(caller.user()).await?,
        };
        let balances = balances.into_iter().map(BalanceAnswer::from).collect();
        Ok(Balances::Wallet(Json(WalletAnswer { balances })))
    }

    /// Pay in from mobile money
    ///
    /// Asks the phone for the amount; the person approves with the PIN. The answer comes before the outcome:
    /// follow the payment with `get_payment`. Problems: `prompt_pending` (409) while
    /// the phone is being asked for another payment, `too_many_prompts` (429), `balance_limit` if the wallet could not
    /// hold it, `provider_limit`, `whole_units_required`, `unsupported_currency` (422), `account_closed` (403),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/deposits", method = "post", operation_id = "create_deposit")]
    async fn create_deposit(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, answers what the call would do, and does nothing. An API key needs `wallet:read` for it as
        /// well.
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
