//! A payment of anybody, and how one ends whose evidence does not fit together.

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

/// A payment, and whose it is.
#[derive(Debug, Object)]
struct UserPayment {
    /// `null` for `return_suspense`, which is no user's payment.
    user_id: Nullable<Wire<UserId>>,
    /// The name of the user; empty for `return_suspense`.
    user_name: String,
    payment: PaymentAnswer,
    /// What was said about it, oldest first; 100 at most.
    evidence: Vec<EvidenceAnswer>,
}

/// One thing that was said about a payment.
#[derive(Debug, Object)]
#[oai(rename = "PaymentEvidence")]
struct EvidenceAnswer {
    /// `answer`, `query`, `callback`, `statement` or `operator`; a later one in this list is believed over an earlier.
    source: String,
    /// `accepted`, `lost`, `failed`, `unclear` or `succeeded`.
    claim: String,
    /// Of `failed`: why.
    reason: Nullable<String>,
    /// Of `unclear`: the provider's result code.
    code: Nullable<String>,
    /// Of `succeeded`: the provider's receipt, where it was told.
    receipt: Nullable<String>,
    /// Of `succeeded`: what was paid, where it was told.
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

/// How a payment ended.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct ResolvePayment {
    /// Whether all of it was paid.
    paid: bool,
    /// The provider's receipt. A payment that was paid has one, and no other payment has it.
    receipt: Option<Wire<Receipt>>,
    /// What was found out; it is kept with the request.
    note: Wire<Note>,
}

impl ResolvePayment {
    fn resolution(&self) -> Result<Resolution, ApiError> {
        match (self.paid, &self.receipt) {
            (true, Some(receipt)) => Ok(Resolution::Paid { receipt: receipt.0.0.clone() }),
            (false, None) => Ok(Resolution::NotPaid),
            (true, None) => {
                Err(ApiError::field("/paid", "a payment that was paid has a `receipt`: name it"))
            }
            (false, Some(_)) => {
                Err(ApiError::field("/receipt", "a payment that was not paid has no receipt"))
            }
        }
    }
}

pub(crate) struct Payments;

#[OpenApi(prefix_path = "/v1/operator/payments", tag = "Chapter::Operator")]
impl Payments {
    /// Get a payment of a user
    ///
    /// With what was said about it. The look is recorded. Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_user_payment")]
    async fn get_user_payment(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the payment.
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

    /// Ask to resolve a payment
    ///
    /// For a payment in `review` or `confirming`: whether it was paid, under which receipt. Once another operator
    /// approves (`approve_approval`), a payment that was paid is credited and funds its deal, and one that was not paid
    /// fails, so that its deal can be paid again; its discrepancies close. Proof of the provider that comes later
    /// counts all the same. Problems: `wrong_state` (409) if it is in another state, or if the receipt belongs to
    /// another amount, to another payment or to money in suspense; `already_requested` (409), `conflict_of_interest`,
    /// `step_up_required`, `forbidden` (403), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/resolve", method = "post", operation_id = "resolve_payment")]
    async fn resolve_payment(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the payment.
        id: Path<Wire<PaymentId>>,
        /// A text of your own choosing that names this call.
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
