//! Four eyes: what one operator asks for and another one decides about.

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

/// What is to be done, if another member of staff agrees.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RequestApproval {
    kind: Wire<ApprovalKind>,
    /// The user whom it is about. `release_withdrawal` takes the user of the payment instead.
    user_id: Option<Wire<UserId>>,
    /// Of `set_tier`: `starter`, `standard`, `business`, or another that was set up.
    tier: Option<Wire<TierName>>,
    /// Of `move_suspense`: who received the money.
    provider: Option<Wire<Provider>>,
    /// Of `move_suspense`: under which the money came; all of it is moved.
    receipt: Option<Wire<Receipt>>,
    /// Of `release_withdrawal`: the held withdrawal.
    payment_id: Option<Wire<PaymentId>>,
    /// Why; it is kept with the request.
    note: Wire<Note>,
}

impl RequestApproval {
    /// # Errors
    /// `invalid_request` unless exactly the members of its kind are there.
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

/// Asks for an approval of what an operation wants.
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

/// What is said with a decision.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DecideApproval {
    /// Why; it is kept with the decision.
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
    /// Ask for an approval
    ///
    /// For what one operator does not do alone: putting a person on another tier of limits, giving money in
    /// suspense to whom it belongs, taking a lost second factor away (the person is told), releasing a held withdrawal
    /// above KES 100,000 or in another currency. Another operator decides within seven days. `set_role`,
    /// `create_fee_plan`, `resolve_payment` and `return_suspense` ask for an approval, too. Problems:
    /// `already_requested` (409) if the same waits already, `conflict_of_interest` (403), `step_up_required` (403)
    /// before `release_withdrawal`, `unknown_tier` (422), `wrong_state` (409) if the money was moved, `not_on_hold`
    /// (409), `recipient_closed` (422) if the person's account is closed, `not_found` (404), `forbidden` (403),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "request_approval")]
    async fn request_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// A text of your own choosing that names this call.
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
    /// Newest first, without those that are about the caller. Problems: `forbidden` (403) for everybody but operators.
    #[oai(path = "/", method = "get", operation_id = "list_approvals")]
    async fn list_approvals(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Which ones; `asked` if left out.
        state: Query<Option<Wire<ApprovalState>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<ApprovalId>>>,
        /// How many items a page has at most; 20 if left out.
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
        /// The id of the approval.
        id: Path<Wire<ApprovalId>>,
    ) -> Result<Found, ApiError> {
        operator.may_read(&context, Resource::Approvals)?;
        Ok(context.store.approval(id.0.0, context.now()).await?.into())
    }

    /// Approve what was asked for
    ///
    /// It happens at once, by the rules of this moment; the person is told. Problems: `own_request` (403) for who
    /// asked; `conflict_of_interest` (403) for whom it is about, for members of their organisations, and for who
    /// invited them; `step_up_required` (403) for roles, fee plans, payments, large withdrawals and money that goes
    /// back to its payer; `payer_phone_unknown`, `account_frozen`, `provider_limit` as in `return_suspense`;
    /// `wrong_state` (409) if it was decided, taken back or is over, or the money was moved; `not_on_hold` (409);
    /// `forbidden` (403), also if who asked may not ask for it any more; `recipient_closed` (422) if the person's
    /// account is closed, `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/approve", method = "post", operation_id = "approve_approval")]
    async fn approve_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the approval.
        id: Path<Wire<ApprovalId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideApproval>,
    ) -> Result<Done<ApprovalAnswer>, ApiError> {
        let decision = (id.0.0, Command::Approve, "approve_approval");
        decide(&context, (operator, key.0), decision, body).await
    }

    /// Reject what was asked for
    ///
    /// Nothing happens. Problems: as `approve_approval`.
    #[oai(path = "/:id/reject", method = "post", operation_id = "reject_approval")]
    async fn reject_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the approval.
        id: Path<Wire<ApprovalId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<DecideApproval>,
    ) -> Result<Done<ApprovalAnswer>, ApiError> {
        let decision = (id.0.0, Command::Reject, "reject_approval");
        decide(&context, (operator, key.0), decision, body).await
    }

    /// Take a request back
    ///
    /// For who asked, before it is decided about. Problems: `wrong_party` (403) for everybody else, `wrong_state`
    /// (409), `not_found` (404), `forbidden` (403).
    #[oai(path = "/:id/withdraw", method = "post", operation_id = "withdraw_approval")]
    async fn withdraw_approval(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the approval.
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
