//! Money in suspense: what came, who paid it, and its way back to them.

use super::approvals::{ApprovalAnswer, ask};
use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Made, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Money, Note, Nullable, Receipt, Text, Timestamp, Wire};
use amana_domain::approval::Wanted;
use amana_domain::id::{ApprovalId, PaymentId};
use amana_domain::ledger::Provider;
use amana_domain::money::Currency;
use amana_domain::permission::Resource;
use amana_domain::reconciliation::Payer;
use amana_postgres::SuspenseItem;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// Money that came and fits no payment of ours.
#[derive(Debug, Object)]
#[oai(rename = "SuspenseItem")]
struct Item {
    provider: String,
    /// The provider's.
    receipt: String,
    amount: Money,
    /// What the payer gave as reference.
    reference: Nullable<String>,
    paid_at: Timestamp,
    found_at: Timestamp,
    /// When it was given to whom it belongs, or paid back; `null` if it was not.
    closed_at: Nullable<Timestamp>,
    /// The approval by which.
    closed_by: Nullable<Wire<ApprovalId>>,
    /// When a statement showed that it was the money of a payment; the entry was reversed then.
    reversed_at: Nullable<Timestamp>,
    /// The payout to its payer: under way, or done once `closed_at` is set. `null` if there is none, or if it failed.
    return_payment_id: Nullable<Wire<PaymentId>>,
}

impl TryFrom<SuspenseItem> for Item {
    type Error = ApiError;

    fn try_from(row: SuspenseItem) -> Result<Self, ApiError> {
        let currency = Currency::parse(&row.currency).map_err(|error| {
            tracing::error!("a stored suspense item cannot be shown: {error}");
            ApiError::internal()
        })?;
        Ok(Self {
            provider: row.provider,
            receipt: row.receipt,
            amount: Money::minor(row.amount_minor, currency),
            reference: Nullable::of(row.reference),
            paid_at: row.paid_at.into(),
            found_at: row.found_at.into(),
            closed_at: Nullable::of(row.closed_at),
            closed_by: Nullable::of(row.closed_by.map(ApprovalId::new)),
            reversed_at: Nullable::of(row.reversed_at),
            return_payment_id: Nullable::of(row.return_payment_id.map(PaymentId::new)),
        })
    }
}

/// Money in suspense with its payer.
#[derive(Debug, Object)]
struct SuspenseWithPayer {
    item: Item,
    /// `null` if the provider named no payer, and 400 days after the money left suspense.
    payer: Nullable<PayerAnswer>,
}

/// A payer as the provider's statement names them.
#[derive(Debug, Object)]
#[oai(rename = "SuspensePayer")]
struct PayerAnswer {
    /// The phone number as the provider tells it: whole, masked or hashed; `null` if it tells none.
    phone: Nullable<String>,
    /// Whether the number is whole, so that the money can be returned to it.
    is_phone_complete: bool,
    /// The name as the provider tells it.
    name: Nullable<String>,
}

impl From<&Payer> for PayerAnswer {
    fn from(payer: &Payer) -> Self {
        Self {
            phone: Nullable::of(payer.shown_number().map(str::to_owned)),
            is_phone_complete: payer.number().is_some(),
            name: Nullable::of(payer.name().map(str::to_owned)),
        }
    }
}

/// Why money goes back to its payer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ReturnSuspense {
    /// What was found out; it is kept with the request.
    note: Wire<Note>,
}

#[derive(ApiResponse)]
enum Items {
    /// One page of receipts.
    #[oai(status = 200)]
    Page(Json<PageOf<Item>>),
}

#[derive(ApiResponse)]
enum Found {
    /// The money and its payer.
    #[oai(status = 200)]
    Item(Json<SuspenseWithPayer>),
}

pub(crate) struct Suspense;

#[OpenApi(prefix_path = "/v1/operator/suspense", tag = "Chapter::Operator")]
impl Suspense {
    /// List money in suspense
    ///
    /// Real money that came and fits no payment of ours, and what became of it. Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_suspense")]
    async fn list_suspense(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<String>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Items, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let after = after.0.map(|Cursor(receipt)| receipt);
        let page = context.store.suspense_items(after.as_deref(), limit(size.0)).await?;
        let page = PageOf::try_of(page, |row| row.receipt.clone(), Item::try_from)?;
        Ok(Items::Page(Json(page)))
    }

    /// See who paid money in suspense
    ///
    /// Returns the payer as the provider's statement names them: a number, which may be masked, and a name. The look is
    /// recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:provider/:receipt", method = "get", operation_id = "get_suspense_item")]
    async fn get_suspense_item(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The provider that received the money.
        provider: Path<Wire<Provider>>,
        /// The provider's receipt.
        receipt: Path<Wire<Receipt>>,
    ) -> Result<Found, ApiError> {
        let (staff, place) = (operator.staff(), (provider.0.0, receipt.0.0.0));
        let (item, payer) = context
            .write(async move |store, now| {
                store.suspense_item(&staff, (place.0, &place.1), now).await
            })
            .await?;
        let payer = Nullable::of(payer.as_ref().map(PayerAnswer::from));
        Ok(Found::Item(Json(SuspenseWithPayer { item: item.try_into()?, payer })))
    }

    /// Ask to return money in suspense
    ///
    /// All of it goes back to the number that paid, once another operator approves (`approve_approval`). It is paid out
    /// like a withdrawal; if that fails, the money is in suspense as before and can be asked for again. Problems:
    /// `payer_phone_unknown` (409) if the provider did not tell the whole number; `account_frozen` (403) if the number
    /// belongs to a frozen account; `wrong_state` (409) if the money has left suspense or is on its way back;
    /// `already_requested` (409); `provider_limit`, `whole_units_required` (422) if M-Pesa does not pay such an amount
    /// out; `conflict_of_interest`, `step_up_required`, `forbidden` (403), `not_found` (404),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:provider/:receipt/return", method = "post", operation_id = "return_suspense")]
    async fn return_suspense(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The provider that received the money.
        provider: Path<Wire<Provider>>,
        /// The provider's receipt.
        receipt: Path<Wire<Receipt>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<ReturnSuspense>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let (provider, receipt) = (provider.0.0, receipt.0.0.0);
        let said = format!("{provider} {receipt} {}", body.canonical);
        let keyed = keyed(operator.caller(), key.0, "return_suspense", &said);
        let wanted = Wanted::ReturnSuspense { provider, receipt };
        ask(&context, (&operator, keyed), (None, wanted, body.value.note.0)).await
    }
}
