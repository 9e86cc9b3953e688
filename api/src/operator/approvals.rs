//! Four-eyes approvals: one operator requests an action, another approves or rejects it.

mod answer;

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Done, Made, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, Note, Receipt, TierName, Wire};
use amana_domain::approval::{ApprovalKind, ApprovalState, Command, Wanted};
use amana_domain::id::{ApprovalId, PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::permission::Resource;
use amana_postgres::Keyed;
pub(super) use answer::ApprovalAnswer;
use answer::{Found, FoundPage, asked, decided};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A request for an action that another operator must approve.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RequestApproval {
    kind: Wire<ApprovalKind>,
    /// User concerned; omitted for `release_withdrawal`, which concerns the user of the payment.
    user_id: Option<Wire<UserId>>,
    /// For `set_tier`: name of the new tier, such as `starter`, `standard` or `business`.
    tier: Option<Wire<TierName>>,
    /// For `move_suspense`: provider that received the money.
    provider: Option<Wire<Provider>>,
    /// For `move_suspense`: receipt of the money. The whole amount is moved.
    receipt: Option<Wire<Receipt>>,
    /// For `release_withdrawal`: id of the held withdrawal.
    payment_id: Option<Wire<PaymentId>>,
    /// Reason, stored with the request.
    note: Wire<Note>,
}

impl RequestApproval {
    /// # Errors
    /// `invalid_request` unless exactly the members of its kind are given.
    fn wanted(&self) -> Result<Wanted, ApiError> {
        let kind = self.kind.0;
        let unfit = |names: &str| {
            Err(ApiError::field("", format!("a request for `{kind}` has {names}, and `note`")))
        };
        let elsewhere = |operation: &str| {
            Err(ApiError::field("/kind", format!("call `{operation}` to ask for `{kind}`")))
        };
        let user = self.user_id.is_some();
        let tier = self.tier.as_ref().map(|tier| tier.0.0.clone());
        let provider = self.provider.map(|provider| provider.0);
        let receipt = self.receipt.as_ref().map(|receipt| receipt.0.0.clone());
        let payment = self.payment_id.map(|payment| payment.0);
        match (kind, user, tier, (provider, receipt), payment) {
            (ApprovalKind::SetTier, true, Some(tier), (None, None), None) => {
                Ok(Wanted::SetTier { tier })
            }
            (ApprovalKind::MoveSuspense, true, None, (Some(provider), Some(receipt)), None) => {
                Ok(Wanted::MoveSuspense { provider, receipt })
            }
            (ApprovalKind::RemoveFactor, true, None, (None, None), None) => {
                Ok(Wanted::RemoveFactor)
            }
            (ApprovalKind::ReleaseWithdrawal, false, None, (None, None), Some(payment)) => {
                Ok(Wanted::ReleaseWithdrawal { payment })
            }
            (ApprovalKind::SetTier, ..) => unfit("`user_id`, `tier`"),
            (ApprovalKind::MoveSuspense, ..) => unfit("`user_id`, `provider`, `receipt`"),
            (ApprovalKind::RemoveFactor, ..) => unfit("`user_id`"),
            (ApprovalKind::ReleaseWithdrawal, ..) => unfit("`payment_id`"),
            (ApprovalKind::ReturnSuspense, ..) => elsewhere("return_suspense"),
            (ApprovalKind::SetRole, ..) => elsewhere("set_role"),
            (ApprovalKind::ResolvePayment, ..) => elsewhere("resolve_payment"),
            (ApprovalKind::PublishFeePlan, ..) => elsewhere("create_fee_plan"),
        }
    }
}

/// Requests an approval for the action.
pub(super) async fn ask(
    context: &Context,
    (operator, keyed): (&Operator, Keyed),
    (named, wanted, note): (Option<UserId>, Wanted, Note),
) -> Result<Made<ApprovalAnswer>, ApiError> {
    let staff = operator.staff();
    let work = async move |store: amana_postgres::Store, now| {
        store.request_approval((&keyed, &staff), (named, &wanted, &note.0), asked, now).await
    };
    Ok(context.write(work).await?.into())
}

/// The reason for a decision.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DecideApproval {
    /// Reason, stored with the decision.
    note: Wire<Note>,
}

async fn decide(
    context: &Context,
    (operator, key): (Operator, Wire<Key>),
    (id, command, operation): (ApprovalId, Command, &'static str),
    body: Body<DecideApproval>,
) -> Result<Done<ApprovalAnswer>, ApiError> {
    let staff = operator.staff();
    let keyed = keyed(operator.caller(), key, operation, &format!("{id} {}", body.canonical));
    let note = body.value.note.0.0;
    let outcome = context
        .write(async move |store, now| {
            store.decide_approval((&keyed, &staff), id, (command, &note), decided, now).await
        })
        .await?;
    Ok(outcome.into())
}

pub(crate) struct Approvals;

#[OpenApi(prefix_path = "/v1/operator/approvals", tag = "Chapter::Operator")]
impl Approvals {
    /// Request an approval
    ///
    /// Actions that need two operators:
    ///
    /// - `set_tier`: change a user's tier
    /// - `move_suspense`: move money in suspense to a user's wallet
    /// - `remove_factor`: remove a lost second factor; the user is notified
    /// - `release_withdrawal`: release a held withdrawal above KES 100,000 or in another currency
    ///
    /// Another operator decides within seven days. `set_role`, `create_fee_plan`, `resolve_payment` and
    /// `return_suspense` also request an approval. Problems: `already_requested` (409) if the same request is open,
    /// `conflict_of_interest` (403), `step_up_required` (403) for `release_withdrawal`, `unknown_tier` (422),
    /// `wrong_state` (409) if the money was moved, `not_on_hold` (409), `recipient_closed` (422) if the user's account
    /// is closed, `not_found` (404), `forbidden` (403), `idempotency_key_required` (400), `idempotency_key_reused`
    /// (422).
    #[oai(path = "/", method = "post", operation_id = "request_approval")]
    async fn request_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<RequestApproval>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let wanted = body.value.wanted()?;
        let keyed = keyed(operator.caller(), key.0, "request_approval", &body.canonical);
        let (named, note) = (body.value.user_id.map(|user| user.0), body.value.note.0);
        ask(&context, (&operator, keyed), (named, wanted, note)).await
    }

    /// List approvals
    ///
    /// For operators. Newest first, without requests that concern you. Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_approvals")]
    async fn list_approvals(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// State of the requests; `asked` by default.
        state: Query<Option<Wire<ApprovalState>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<ApprovalId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<FoundPage, ApiError> {
        operator.may_read(&context, Resource::Approvals)?;
        let state = state.0.map_or(ApprovalState::Asked, |state| state.0);
        let after = after.0.map(|Cursor(id)| id);
        let (caller, now) = (operator.caller().user(), context.now());
        let page = context.store.approvals((caller, state), after, limit(size.0), now).await?;
        let page = PageOf::of(page, |view| view.approval.id, |view| ApprovalAnswer::from(&view));
        Ok(FoundPage::Page(Json(page)))
    }

    /// Get an approval
    ///
    /// Problems: `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_approval")]
    async fn get_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the approval.
        id: Path<Wire<ApprovalId>>,
    ) -> Result<Found, ApiError> {
        operator.may_read(&context, Resource::Approvals)?;
        Ok(context.store.approval(id.0.0, context.now()).await?.into())
    }

    /// Approve a request
    ///
    /// Executes the requested action immediately, under the rules in force now; the user is notified. Problems:
    /// `own_request` (403) for the requester; `conflict_of_interest` (403) for the user concerned, members of their
    /// organisations, and the user who invited them; `step_up_required` (403) for roles, fee plans, payments, large
    /// withdrawals and returns to the payer; `payer_phone_unknown`, `account_frozen`, `provider_limit` as in
    /// `return_suspense`; `wrong_state` (409) if the request is decided, withdrawn or expired, or the money was moved;
    /// `not_on_hold` (409); `forbidden` (403), also if the requester has lost the permission; `recipient_closed` (422)
    /// if the user's account is closed, `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused`
    /// (422).
    #[oai(path = "/:id/approve", method = "post", operation_id = "approve_approval")]
    async fn approve_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the approval.
        id: Path<Wire<ApprovalId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideApproval>,
    ) -> Result<Done<ApprovalAnswer>, ApiError> {
        let decision = (id.0.0, Command::Approve, "approve_approval");
        decide(&context, (operator, key.0), decision, body).await
    }

    /// Reject a request
    ///
    /// The action is not executed. Problems: as `approve_approval`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_approval")]
    async fn reject_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the approval.
        id: Path<Wire<ApprovalId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideApproval>,
    ) -> Result<Done<ApprovalAnswer>, ApiError> {
        let decision = (id.0.0, Command::Reject, "reject_approval");
        decide(&context, (operator, key.0), decision, body).await
    }

    /// Withdraw your request
    ///
    /// For the requester, until the request is decided. Problems: `wrong_party` (403) for other callers, `wrong_state`
    /// (409), `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id/withdraw", method = "post", operation_id = "withdraw_approval")]
    async fn withdraw_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the approval.
        id: Path<Wire<ApprovalId>>,
    ) -> Result<Found, ApiError> {
        operator.may_read(&context, Resource::Approvals)?;
        let (asker, id) = (operator.caller().user(), id.0.0);
        let withdrawn = context
            .write(async move |store, now| store.withdraw_approval(asker, id, now).await)
            .await?;
        Ok(withdrawn.into())
    }
}
