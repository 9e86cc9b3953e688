//! Withdrawals held by risk scoring.

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Done, answer, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Money, Note, Nullable, Phone, Timestamp, Wire, text_values};
use amana_domain::id::{PaymentId, UserId};
use amana_domain::payment::State;
use amana_domain::permission::Resource;
use amana_domain::text_enum;
use amana_postgres::{Answer, PaymentView, WithdrawalDecision};
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

text_enum! {
    pub(crate) enum Waiting as "withdrawal state" {
        Held = "held",
        Screening = "screening",
    }
}

text_values! {
    /// `held`: withdrawals that wait for a decision; `screening`: withdrawals being scored.
    Waiting as "WithdrawalFilter";
}

impl From<Waiting> for State {
    fn from(waiting: Waiting) -> Self {
        match waiting {
            Waiting::Held => State::Held,
            Waiting::Screening => State::Screening,
        }
    }
}

/// A withdrawal with its risk score.
#[derive(Debug, Object)]
pub(crate) struct HeldWithdrawal {
    id: Wire<PaymentId>,
    /// User who made the withdrawal.
    user_id: Nullable<Wire<UserId>>,
    /// Name of the user.
    user_name: String,
    amount: Money,
    /// Masked phone number of the payout, such as `2547****5678`; `null` once the user's personal data is erased.
    phone: Nullable<Wire<Phone>>,
    state: Wire<State>,
    /// Sum of the points of all rules that applied; a withdrawal with 100 or more points is held.
    risk_score: Nullable<i64>,
    /// Names of the rules that applied.
    risk_reasons: Vec<String>,
    /// Reason of the operator's decision; `null` until then.
    decision_note: Nullable<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<&PaymentView> for HeldWithdrawal {
    fn from(payment: &PaymentView) -> Self {
        Self {
            id: payment.id.into(),
            user_id: Nullable::of(payment.user),
            user_name: payment.user_name.clone(),
            amount: payment.amount.into(),
            phone: Nullable::of(payment.msisdn.clone().map(Phone)),
            state: payment.state.into(),
            risk_score: Nullable::of(payment.risk_score),
            risk_reasons: payment.risk_reasons.clone(),
            decision_note: Nullable::of(payment.decision_note.clone()),
            created_at: payment.created_at.into(),
            updated_at: payment.updated_at.into(),
        }
    }
}

/// A decision about a withdrawal.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DecideWithdrawal {
    /// Reason, stored with the withdrawal. The user sees it if the withdrawal is rejected.
    note: Wire<Note>,
}

#[derive(ApiResponse)]
enum Held {
    /// One page of withdrawals.
    #[oai(status = 200)]
    Page(Json<PageOf<HeldWithdrawal>>),
}

fn render(payment: &PaymentView) -> Answer {
    answer(StatusCode::OK, &HeldWithdrawal::from(payment))
}

async fn decide(
    context: &Context,
    (operator, key): (Operator, Wire<Key>),
    (id, decision): (PaymentId, WithdrawalDecision),
    body: Body<DecideWithdrawal>,
) -> Result<Done<HeldWithdrawal>, ApiError> {
    let staff = operator.staff();
    let operation = match decision {
        WithdrawalDecision::Release => "release_withdrawal",
        WithdrawalDecision::Reject => "reject_withdrawal",
    };
    let keyed = keyed(operator.caller(), key, operation, &format!("{id} {}", body.canonical));
    let note = body.value.note.0.0;
    let outcome = context
        .write(async move |store, now| {
            store.decide_withdrawal((&keyed, &staff), id, (decision, &note), render, now).await
        })
        .await?;
    Ok(outcome.into())
}

pub(crate) struct Withdrawals;

#[OpenApi(prefix_path = "/v1/operator/withdrawals", tag = "Chapter::Operator")]
impl Withdrawals {
    /// List held withdrawals
    ///
    /// For operators. Oldest first. Your own withdrawals are left out. Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_held_withdrawals")]
    async fn list_held_withdrawals(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the withdrawals; `held` by default.
        state: Query<Option<Wire<Waiting>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<PaymentId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Held, ApiError> {
        operator.may_read(&context, Resource::HeldWithdrawals)?;
        let state = state.0.map_or(Waiting::Held, |state| state.0).into();
        let after = after.0.map(|Cursor(id)| id);
        let caller = operator.caller().user();
        let page = context.store.payments_in_state(caller, state, after, limit(size.0)).await?;
        let page = PageOf::of(page, |payment| payment.id, |payment| HeldWithdrawal::from(&payment));
        Ok(Held::Page(Json(page)))
    }

    /// Release a held withdrawal
    ///
    /// The money is then paid out. A withdrawal can be released for a week after its creation; then it is rejected
    /// automatically. Above KES 100,000, and in other currencies, two operators must release it: call
    /// `request_approval` with the kind `release_withdrawal`. Problems: `approval_required`, `conflict_of_interest`,
    /// `forbidden` (403), `not_on_hold` (409), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/release", method = "post", operation_id = "release_withdrawal")]
    async fn release_withdrawal(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the withdrawal.
        id: Path<Wire<PaymentId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideWithdrawal>,
    ) -> Result<Done<HeldWithdrawal>, ApiError> {
        decide(&context, (operator, key.0), (id.0.0, WithdrawalDecision::Release), body).await
    }

    /// Reject a held withdrawal
    ///
    /// The money returns to the user's wallet, and the user is notified with the reason. Problems: as
    /// `release_withdrawal`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_withdrawal")]
    async fn reject_withdrawal(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the withdrawal.
        id: Path<Wire<PaymentId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideWithdrawal>,
    ) -> Result<Done<HeldWithdrawal>, ApiError> {
        decide(&context, (operator, key.0), (id.0.0, WithdrawalDecision::Reject), body).await
    }
}
