//! Mobile-money payments of the caller.

mod plain;

pub(crate) use plain::payment_text;

use crate::Chapter;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::principal::{PaymentsRead, Principal};
use crate::problem::{ApiError, Code};
use crate::wire::{Limit, Money, Nullable, Phone, Timestamp, Wire};
use amana_domain::id::{DealId, PaymentId};
use amana_domain::payment::{Doubt, FailureReason, Purpose, State};
use amana_domain::phone::Msisdn;
use amana_postgres::PaymentView;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;

/// A mobile-money payment, incoming or outgoing.
#[derive(Debug, Object)]
#[oai(rename = "Payment")]
pub(crate) struct PaymentAnswer {
    id: Wire<PaymentId>,
    /// Purpose of the payment.
    purpose: Wire<Purpose>,
    /// Deal that the payment funds; `null` for other purposes.
    deal_id: Nullable<Wire<DealId>>,
    /// Amount of the payment. It may exceed the price of a deal by up to one shilling, because M-Pesa carries whole
    /// shillings; the change stays in the wallet.
    amount: Money,
    /// Masked phone number, such as `2547****5678`; `null` for payments to the paybill, and once the user's personal
    /// data is erased.
    phone: Nullable<Wire<Phone>>,
    /// State of the payment.
    state: Wire<State>,
    /// Reason of a failed payment.
    reason: Nullable<Wire<FailureReason>>,
    /// Reason why staff must review the payment; `null` if they need not.
    review_reason: Nullable<Wire<Doubt>>,
    /// The provider's receipt; `null` until it is known.
    receipt: Nullable<String>,
    /// Our reference, as shown to the payer and on the provider's statement.
    reference: String,
    /// Reason for a current delay, such as `provider_unavailable`. The payment continues automatically.
    problem: Nullable<String>,
    /// Status as text in your language.
    status_text: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&PaymentView> for PaymentAnswer {
    fn from(payment: &PaymentView) -> Self {
        Self {
            id: payment.id.into(),
            purpose: payment.purpose.into(),
            deal_id: Nullable::of(payment.deal),
            amount: payment.amount.into(),
            phone: Nullable::of(payment.msisdn.clone().map(Phone)),
            state: payment.state.into(),
            reason: Nullable::of(payment.reason),
            review_reason: Nullable::of(payment.doubt),
            receipt: Nullable::of(payment.receipt.clone()),
            reference: payment.reference.clone(),
            problem: Nullable::of(payment.problem.clone()),
            status_text: payment_text(payment),
            created_at: payment.created_at.into(),
            updated_at: payment.updated_at.into(),
        }
    }
}

/// Returns the given number, or the caller's own if it is verified. An organisation's key cannot use its creator's
/// number.
pub(crate) async fn payer<S>(
    context: &Context,
    caller: &Principal<S>,
    named: Option<Wire<Phone>>,
) -> Result<Msisdn, ApiError> {
    match named {
        Some(phone) => Ok(phone.0.0),
        None if caller.organisation().is_some() => {
            Err(ApiError::field("/phone", "an organisation's API key must give the phone number"))
        }
        None => {
            let user = context.store.user(caller.user()).await?;
            let own = context.contacts(&user)?.phone.filter(|_| user.phone_verified_at.is_some());
            own.ok_or_else(|| own_unverified().at("/phone", "give a phone number or verify yours"))
        }
    }
}

/// The error for a caller without a verified phone number.
pub(crate) fn own_unverified() -> ApiError {
    ApiError::new(
        Code::VerifiedContactRequired,
        "this operation requires a verified phone number; verify yours first",
    )
}

#[derive(ApiResponse)]
pub(crate) enum PaymentPage {
    /// One page of payments.
    #[oai(status = 200)]
    Page(Json<PageOf<PaymentAnswer>>),
}

#[derive(ApiResponse)]
enum Found {
    /// The payment.
    #[oai(status = 200)]
    Payment(Json<PaymentAnswer>),
}

/// Lists the caller's payments, newest first.
pub(crate) async fn list(
    context: &Context,
    caller: &Principal<PaymentsRead>,
    purpose: Option<Purpose>,
    (after, size): (Option<Cursor<PaymentId>>, Option<Limit>),
) -> Result<PaymentPage, ApiError> {
    let after = after.map(|Cursor(id)| id);
    let page = context.store.payments(caller.user(), purpose, after, limit(size)).await?;
    let page = PageOf::of(page, |payment| payment.id, |payment| PaymentAnswer::from(&payment));
    Ok(PaymentPage::Page(Json(page)))
}

pub(crate) struct Payments;

#[OpenApi(prefix_path = "/v1/payments", tag = "Chapter::Payments")]
impl Payments {
    /// List your payments
    ///
    /// Deposits, payments for deals and withdrawals, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_payments")]
    async fn list_payments(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsRead>,
        /// Only payments for this purpose.
        purpose: Query<Option<Wire<Purpose>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<PaymentId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<PaymentPage, ApiError> {
        list(&context, &caller, purpose.0.map(|purpose| purpose.0), (after.0, size.0)).await
    }

    /// Get a payment
    ///
    /// Returns one of your payments with its state; `not_found` (404) for payments of other users.
    #[oai(path = "/:id", method = "get", operation_id = "get_payment")]
    async fn get_payment(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsRead>,
        /// Id of the payment.
        id: Path<Wire<PaymentId>>,
    ) -> Result<Found, ApiError> {
        let payment = context.store.payment(caller.user(), id.0.0).await?;
        Ok(Found::Payment(Json(PaymentAnswer::from(&payment))))
    }
}
