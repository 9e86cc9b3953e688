//! Mobile-money payments as their owner sees them.

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

/// A payment by mobile money, in or out.
#[derive(Debug, Object)]
#[oai(rename = "Payment")]
pub(crate) struct PaymentAnswer {
    id: Wire<PaymentId>,
    purpose: Wire<Purpose>,
    /// The deal that it pays for, if it pays for one.
    deal_id: Nullable<Wire<DealId>>,
    /// May be up to one shilling more than the price of a deal: mobile money carries whole shillings, and the
    /// change stays in the wallet.
    amount: Money,
    /// Masked: `2547****5678`; `null` for what was paid at the paybill, and once the person whose it is has been
    /// erased.
    phone: Nullable<Wire<Phone>>,
    state: Wire<State>,
    /// Why it failed, if it did.
    reason: Nullable<Wire<FailureReason>>,
    /// Why a person should look at it, if one should.
    review_reason: Nullable<Wire<Doubt>>,
    /// The provider's receipt, once it is known.
    receipt: Nullable<String>,
    /// Ours, as the payer and the statement show it.
    reference: String,
    /// Why it does not move right now, such as `provider_unavailable`; it goes on by itself.
    problem: Nullable<String>,
    /// The status in words, in the language of the caller.
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

/// The number to use: the one that was named, or the caller's own if it is verified. A key of an organisation does not
/// reach its maker's own.
pub(crate) async fn payer<S>(
    context: &Context,
    caller: &Principal<S>,
    named: Option<Wire<Phone>>,
) -> Result<Msisdn, ApiError> {
    match named {
        Some(phone) => Ok(phone.0.0),
        None if caller.organisation().is_some() => {
            Err(ApiError::field("/phone", "a key of an organisation has to name the number"))
        }
        None => {
            let user = context.store.user(caller.user()).await?;
            let own = context.contacts(&user)?.phone.filter(|_| user.phone_verified_at.is_some());
            own.ok_or_else(|| own_unverified().at("/phone", "name a number or verify yours"))
        }
    }
}

/// The caller's own number cannot be used yet.
pub(crate) fn own_unverified() -> ApiError {
    ApiError::new(
        Code::VerifiedContactRequired,
        "this needs a verified phone number: verify yours first",
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

/// The payments of the caller, newest first.
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
    /// List one's payments
    ///
    /// Deposits, payments for deals and withdrawals of the caller, newest first.
    #[oai(path = "/", method = "get", operation_id = "list_payments")]
    async fn list_payments(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsRead>,
        /// Only payments for this purpose.
        purpose: Query<Option<Wire<Purpose>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<PaymentId>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<PaymentPage, ApiError> {
        list(&context, &caller, purpose.0.map(|purpose| purpose.0), (after.0, size.0)).await
    }

    /// Get a payment
    ///
    /// How far it has come. Payments of others do not exist for the caller: `not_found` (404).
    #[oai(path = "/:id", method = "get", operation_id = "get_payment")]
    async fn get_payment(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<PaymentsRead>,
        /// The id of the payment.
        id: Path<Wire<PaymentId>>,
    ) -> Result<Found, ApiError> {
        let payment = context.store.payment(caller.user(), id.0.0).await?;
        Ok(Found::Payment(Json(PaymentAnswer::from(&payment))))
    }
}
