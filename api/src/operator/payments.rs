//! Payments of users, and resolution of payments with contradictory evidence.

use super::approvals::{ApprovalAnswer, ask};
use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Made, keyed};
use crate::payments::PaymentAnswer;
use crate::problem::ApiError;
use crate::wire::{Key, Money, Note, Nullable, Receipt, Timestamp, Wire};
use amana_domain::approval::Wanted;
use amana_domain::id::{PaymentId, UserId};
use amana_domain::money::Currency;
use amana_domain::payment::Resolution;
use amana_postgres::EvidenceView;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A payment with its user.
#[derive(Debug, Object)]
struct UserPayment {
    /// User of the payment; `null` for the payout of `return_suspense`.
    user_id: Nullable<Wire<UserId>>,
    /// Name of the user; empty for the payout of `return_suspense`.
    user_name: String,
    payment: PaymentAnswer,
    /// Evidence about the payment, oldest first; at most 100 items.
    evidence: Vec<EvidenceAnswer>,
}

/// One piece of evidence about a payment.
#[derive(Debug, Object)]
#[oai(rename = "PaymentEvidence")]
struct EvidenceAnswer {
    /// Source of the evidence: `answer`, `query`, `callback`, `statement` or `operator`, in order of increasing
    /// authority.
    source: String,
    /// Statement of the evidence: `accepted`, `lost`, `failed`, `unclear` or `succeeded`.
    claim: String,
    /// Reason of a `failed` payment.
    reason: Nullable<String>,
    /// The provider's result code of `unclear` evidence.
    code: Nullable<String>,
    /// Receipt of a `succeeded` payment, if the provider sent it.
    receipt: Nullable<String>,
    /// Amount of a `succeeded` payment, if the provider sent it.
    amount: Nullable<Money>,
    at: Timestamp,
}

impl EvidenceAnswer {
    fn of(said: EvidenceView, currency: Currency) -> Self {
        Self {
            source: said.source,
            claim: said.claim,
            reason: Nullable::of(said.reason),
            code: Nullable::of(said.code),
            receipt: Nullable::of(said.receipt),
            amount: Nullable::of(said.amount_minor.map(|minor| Money::minor(minor, currency))),
            at: said.at.into(),
        }
    }
}

#[derive(ApiResponse)]
enum Found {
    /// The payment.
    #[oai(status = 200)]
    Payment(Json<UserPayment>),
}

/// Outcome of a payment.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ResolvePayment {
    /// Whether the whole amount was paid.
    paid: bool,
    /// The provider's receipt: required if the payment was paid, and unique among payments.
    receipt: Option<Wire<Receipt>>,
    /// Findings, stored with the request.
    note: Wire<Note>,
}

impl ResolvePayment {
    fn resolution(&self) -> Result<Resolution, ApiError> {
        match (self.paid, &self.receipt) {
            (true, Some(receipt)) => Ok(Resolution::Paid { receipt: receipt.0.0.clone() }),
            (false, None) => Ok(Resolution::NotPaid),
            (true, None) => Err(ApiError::field("/paid", "a paid payment needs `receipt`; add it")),
            (false, Some(_)) => {
                let detail = "a payment that was not paid has no receipt; omit it";
                Err(ApiError::field("/receipt", detail))
            }
        }
    }
}

pub(crate) struct Payments;

#[OpenApi(prefix_path = "/v1/operator/payments", tag = "Chapter::Operator")]
impl Payments {
    /// Get a payment of a user
    ///
    /// Returns the payment with its evidence. The access is recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_user_payment")]
    async fn get_user_payment(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the payment.
        id: Path<Wire<PaymentId>>,
    ) -> Result<Found, ApiError> {
        let (staff, id) = (operator.staff(), id.0.0);
        let (payment, said) = context
            .write(async move |store, now| store.managed_payment(&staff, id, now).await)
            .await?;
        Ok(Found::Payment(Json(UserPayment {
            user_id: Nullable::of(payment.user),
            user_name: payment.user_name.clone(),
            payment: PaymentAnswer::from(&payment),
            evidence: said
                .into_iter()
                .map(|one| EvidenceAnswer::of(one, payment.amount.currency()))
                .collect(),
        })))
    }

    /// Request to resolve a payment
    ///
    /// For a payment in `review` or `confirming`. States whether it was paid, and under which receipt. Another operator
    /// must approve (`approve_approval`). A paid payment is then credited and funds its deal. An unpaid one fails, and
    /// the deal can be paid again. The payment's discrepancies close. Later proof from the provider still counts.
    /// Problems: `wrong_state` (409) if the payment is in another state, or if the receipt belongs to another amount,
    /// another payment or money in suspense; `already_requested` (409), `conflict_of_interest`, `step_up_required`,
    /// `forbidden` (403), `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/resolve", method = "post", operation_id = "resolve_payment")]
    async fn resolve_payment(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the payment.
        id: Path<Wire<PaymentId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<ResolvePayment>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let (id, said) = (id.0.0, &body.canonical);
        let keyed = keyed(operator.caller(), key.0, "resolve_payment", &format!("{id} {said}"));
        let resolution = body.value.resolution()?;
        let wanted = Wanted::ResolvePayment { payment: id, resolution };
        ask(&context, (&operator, keyed), (None, wanted, body.value.note.0)).await
    }
}
