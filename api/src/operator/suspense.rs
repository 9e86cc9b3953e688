//! Money in suspense, its payers, and its return to them.

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

/// Money received that matches no payment.
#[derive(Debug, Object)]
#[oai(rename = "SuspenseItem")]
struct Item {
    /// Provider that received the money.
    provider: String,
    /// The provider's receipt.
    receipt: String,
    amount: Money,
    /// Reference that the payer entered.
    reference: Nullable<String>,
    /// Time at which the payer paid.
    paid_at: Timestamp,
    /// Time at which the money was put into suspense.
    found_at: Timestamp,
    /// Time at which the money was moved to a user or returned; `null` while it is in suspense.
    closed_at: Nullable<Timestamp>,
    /// Approval by which the money was moved or returned.
    closed_by: Nullable<Wire<ApprovalId>>,
    /// Time at which a statement matched the money to a payment and the entry was reversed; `null` otherwise.
    reversed_at: Nullable<Timestamp>,
    /// Payout to the payer: in progress, or completed once `closed_at` is set. `null` if there is none or it failed.
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
    /// The money.
    item: Item,
    /// Payer of the money; `null` if the provider named none, and from 400 days after the money left suspense.
    payer: Nullable<PayerAnswer>,
}

/// A payer as named in the provider's statement.
#[derive(Debug, Object)]
#[oai(rename = "SuspensePayer")]
struct PayerAnswer {
    /// Phone number as the provider reports it: complete, masked or hashed; `null` if not reported.
    phone: Nullable<String>,
    /// Whether the number is complete, so that the money can be returned to it.
    is_phone_complete: bool,
    /// Name as the provider reports it; `null` if not reported.
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

/// A request to return money to its payer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ReturnSuspense {
    /// Findings, stored with the request.
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
    /// Money received that matches no payment, with its further course. Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_suspense")]
    async fn list_suspense(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<String>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Items, ApiError> {
        operator.may_read(&context, Resource::Reconciliation)?;
        let after = after.0.map(|Cursor(receipt)| receipt);
        let page = context.store.suspense_items(after.as_deref(), limit(size.0)).await?;
        let page = PageOf::try_of(page, |row| row.receipt.clone(), Item::try_from)?;
        Ok(Items::Page(Json(page)))
    }

    /// Get money in suspense with its payer
    ///
    /// Returns the payer as named in the provider's statement: a name and a number, which may be masked. The access is
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

    /// Request to return money in suspense
    ///
    /// Requests the return of the whole amount to the number that paid it. Once another operator approves
    /// (`approve_approval`), it is paid out like a withdrawal. If the payout fails, the money stays in suspense, and
    /// its return can be requested again. Problems: `payer_phone_unknown` (409) if the provider did not report the
    /// complete number; `account_frozen` (403) if the number belongs to a frozen account; `wrong_state` (409) if the
    /// money has left suspense or is being returned; `already_requested` (409); `provider_limit`,
    /// `whole_units_required` (422) if M-Pesa cannot pay out the amount; `conflict_of_interest`, `step_up_required`,
    /// `forbidden` (403), `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:provider/:receipt/return", method = "post", operation_id = "return_suspense")]
    async fn return_suspense(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The provider that received the money.
        provider: Path<Wire<Provider>>,
        /// The provider's receipt.
        receipt: Path<Wire<Receipt>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
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
