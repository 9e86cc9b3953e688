//! A person's own money: balances, their history, paying in.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Started, answer, keyed};
use crate::page::{Cursor, EntryPlace, PageOf, limit};
use crate::payments::{PaymentAnswer, payer};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Money, Phone, PositiveMoney, Timestamp, Wire};
use amana_domain::id::EntryId;
use amana_domain::money::Currency;
use amana_postgres::{Answer, Balance, EntryView, PaymentView};
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
struct BalanceAnswer {
    currency: Wire<Currency>,
    /// Can be spent or withdrawn now.
    available: Money,
    /// Reserved: for withdrawals that are under way, and in holds for others.
    held: Money,
    /// Both together.
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
            total: Money::minor(total_minor, currency),
        }
    }
}

/// A person's wallet.
#[derive(Debug, Object)]
#[oai(rename = "Wallet")]
struct WalletAnswer {
    /// One per currency that was ever used.
    balances: Vec<BalanceAnswer>,
}

/// One movement in a wallet.
#[derive(Debug, Object)]
#[oai(rename = "WalletEntry")]
struct WalletEntry {
    /// The ledger entry that the movement is part of; one entry may move two balances of the wallet.
    id: Wire<EntryId>,
    /// What it was for: `deposit`, `fund`, `release`, `refund`, `payout_reserve`, `payout_settle`, `payout_return`.
    kind: String,
    /// Which balance moved: `user.available` or `user.held` (held).
    account: String,
    /// Positive if the balance grew.
    amount: Money,
    /// The balance after the movement.
    balance_after: Money,
    at: Timestamp,
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
enum Balances {
    /// The balances.
    #[oai(status = 200)]
    Wallet(Json<WalletAnswer>),
}

#[derive(ApiResponse)]
enum Entries {
    /// One page of movements.
    #[oai(status = 200)]
    Page(Json<PageOf<WalletEntry>>),
}

fn item(row: EntryView) -> Result<WalletEntry, ApiError> {
    use crate::wire::Text;
    let currency = Currency::parse(&row.currency).map_err(|error| {
        tracing::error!("a stored entry cannot be shown: {error}");
        ApiError::internal()
    })?;
    Ok(WalletEntry {
        id: EntryId::new(row.id).into(),
        kind: row.kind,
        account: row.account,
        amount: Money::minor(row.amount_minor, currency),
        balance_after: Money::minor(row.balance_after_minor, currency),
        at: row.at.into(),
    })
}

fn render(payment: &PaymentView) -> Answer {
    answer(StatusCode::ACCEPTED, &PaymentAnswer::from(payment))
}

pub(crate) struct Wallet;

#[OpenApi(prefix_path = "/v1/wallet", tag = "Chapter::Wallet")]
impl Wallet {
    /// Get the balances
    ///
    /// What the caller has, per currency: available, held for withdrawals, and both together.
    #[oai(path = "/", method = "get", operation_id = "get_wallet")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
    ) -> Result<Balances, ApiError> {
        let balances = context.store.balances(caller.user()).await?;
        let balances = balances.into_iter().map(BalanceAnswer::from).collect();
        Ok(Balances::Wallet(Json(WalletAnswer { balances })))
    }

    /// List the movements of the wallet
    ///
    /// Newest first. Each carries the balance that it left behind, so the list can be checked line by line.
    #[oai(path = "/entries", method = "get", operation_id = "list_wallet_entries")]
    async fn entries(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<EntryPlace>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Entries, ApiError> {
        let after = after.0.map(|Cursor(place)| (place.entry.uuid(), place.line));
        let page = context.store.wallet_entries(caller.user(), after, limit(size.0)).await?;
        let place = |row: &EntryView| EntryPlace { entry: EntryId::new(row.id), line: row.line };
        Ok(Entries::Page(Json(PageOf::try_of(page, place, item)?)))
    }

    /// Pay in from mobile money
    ///
    /// Asks the phone for the amount; the person approves with the PIN. The answer comes before the outcome:
    /// follow the payment with `get_payment`. Problems: `provider_limit`, `provider_step`,
    /// `currency_not_carried` (422), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/deposits", method = "post", operation_id = "create_deposit")]
    async fn deposit(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateDeposit>,
    ) -> Result<Started<PaymentAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_deposit", &body.canonical);
        let amount = body.value.amount.money()?;
        let phone = payer(&context, &caller, body.value.phone).await?;
        let outcome = context
            .write(async move |store, now| store.deposit(&keyed, amount, &phone, render, now).await)
            .await?;
        Ok(outcome.into())
    }
}
