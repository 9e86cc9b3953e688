//! Withdrawals to mobile money.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Asked, Started, answer, keyed, unless_answered};
use crate::page::Cursor;
use crate::payments::{self, PaymentAnswer, PaymentPage};
use crate::principal::{PaymentsRead, PaymentsWrite, Principal};
use crate::problem::ApiError;
use crate::step_up::before_paying_out;
use crate::wire::{Key, Limit, Phone, PositiveMoney, Wire};
use amana_domain::api_key::Scope;
use amana_domain::id::PaymentId;
use amana_domain::payment::Purpose;
use amana_postgres::{Answer, PaymentView};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new withdrawal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateWithdrawal {
    /// Amount of the withdrawal: whole shillings, KES 10 to KES 250,000 for M-Pesa.
    amount: PositiveMoney,
    /// Phone number to pay; your verified number by default.
    phone: Option<Wire<Phone>>,
}

fn render(payment: &PaymentView) -> Answer {
    answer(StatusCode::ACCEPTED, &PaymentAnswer::from(payment))
}

pub(crate) struct Withdrawals;

#[OpenApi(prefix_path = "/v1/withdrawals", tag = "Chapter::Withdrawals")]
impl Withdrawals {
    /// Withdraw to mobile money
    ///
    /// Reserves the amount immediately, checks the withdrawal for fraud and pays it out. An unusual withdrawal waits
    /// for staff (`held`), at most a week. If the withdrawal fails, the money returns to the wallet. Follow it with
    /// `get_payment`. Problems: `insufficient_funds`, `transaction_limit`, `daily_limit`, `provider_limit`,
    /// `whole_units_required`, `unsupported_currency` (422), `account_closed`, `verified_contact_required` (403)
    /// without a verified phone number of yours, `step_up_required` (403) for another number than yours, or above KES
    /// 50,000 if you have a second factor, `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "create_withdrawal")]
    async fn create_withdrawal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, returns the expected result and changes nothing. An API key then also needs `wallet:read`.
        dry_run: Query<Option<bool>>,
        body: Body<CreateWithdrawal>,
    ) -> Result<Started<PaymentAnswer>, ApiError> {
        let keyed = keyed(&caller, key.0, "create_withdrawal", &body.canonical);
        let amount = body.value.amount.money()?;
        if dry_run.0 == Some(true) {
            caller.require(Scope::WalletRead)?;
            let (user, now) = (caller.user(), context.now());
            return Ok(context.store.quote_withdrawal(user, amount, now).await?.into());
        }
        let named = body.value.phone.map(|phone| phone.0.0);
        let check = before_paying_out(&context, &caller, amount, named);
        let phone = match unless_answered(&context, &keyed, check).await? {
            Asked::New(phone) => phone,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        let outcome = context
            .write(async move |store, now| {
                store.withdraw(&keyed, amount, &phone, render, now).await
            })
            .await?;
        Ok(outcome.into())
    }

    /// List your withdrawals
    ///
    /// Returns your withdrawals with their states, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_withdrawals")]
    async fn list_withdrawals(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsRead>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<PaymentId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<PaymentPage, ApiError> {
        payments::list(&context, &caller, Some(Purpose::Withdrawal), (after.0, size.0)).await
    }
}
