//! Withdrawals that were scored as unusual and wait for a person.

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
    /// Which withdrawals: those that wait for a decision, or those that are still being scored.
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

/// A withdrawal with what speaks against it.
#[derive(Debug, Object)]
pub(crate) struct HeldWithdrawal {
    id: Wire<PaymentId>,
    /// The user whose withdrawal it is.
    user_id: Nullable<Wire<UserId>>,
    /// The name of the user.
    user_name: String,
    amount: Money,
    /// Masked: `2547****5678`; `null` once the person whose it is has been erased.
    phone: Nullable<Wire<Phone>>,
    state: Wire<State>,
    /// The sum of the points of all rules that fitted; 100 and more is held.
    risk_score: Nullable<i64>,
    /// The names of those rules.
    risk_reasons: Vec<String>,
    /// The operator's reason, once it is decided.
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

/// An operator's decision.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DecideWithdrawal {
    /// Why; it is kept with the withdrawal, and a refusal tells it to the person.
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
        WithdrawalDecision::Refuse => "reject_withdrawal",
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
    /// List withdrawals that wait
    ///
    /// Oldest first: what there is to work through, without the caller's own. Problems: `forbidden` (403) for everybody
    /// but operators.
    #[oai(path = "/", method = "get", operation_id = "list_held_withdrawals")]
    async fn list_held_withdrawals(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `held` if left out.
        state: Query<Option<Wire<Waiting>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<PaymentId>>>,
        /// How many items a page has at most; 20 if left out.
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
    /// It is paid out then. A week after it was made it is too late: then it is refused by itself. Above KES 100,000,
    /// and in other currencies, two operators release it: `request_approval` with the kind `release_withdrawal`.
    /// Problems: `approval_required`, `conflict_of_interest`, `forbidden` (403), `not_on_hold` (409), `not_found`
    /// (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/release", method = "post", operation_id = "release_withdrawal")]
    async fn release_withdrawal(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the withdrawal.
        id: Path<Wire<PaymentId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideWithdrawal>,
    ) -> Result<Done<HeldWithdrawal>, ApiError> {
        decide(&context, (operator, key.0), (id.0.0, WithdrawalDecision::Release), body).await
    }

    /// Refuse a held withdrawal
    ///
    /// The money returns to the person's wallet, and the person is told why. Problems: as
    /// `release_withdrawal`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_withdrawal")]
    async fn reject_withdrawal(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the withdrawal.
        id: Path<Wire<PaymentId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideWithdrawal>,
    ) -> Result<Done<HeldWithdrawal>, ApiError> {
        decide(&context, (operator, key.0), (id.0.0, WithdrawalDecision::Refuse), body).await
    }
}
