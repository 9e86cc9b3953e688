//! Representation of approval requests.

use crate::once::answer;
use crate::page::PageOf;
use crate::wire::{Money, Nullable, Timestamp, Wire, text_values};
use amana_domain::approval::{ApprovalKind, ApprovalState, Wanted};
use amana_domain::fee::FeePlan;
use amana_domain::id::{ApprovalId, PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::money::Currency;
use amana_domain::payment::Resolution;
use amana_domain::permission::UserRole;
use amana_postgres::{Answer, ApprovalView};
use chrono::{DateTime, Utc};
use poem::http::StatusCode;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

text_values! {
    /// Kind of action that an approval is for.
    ApprovalKind as "ApprovalKind";
    /// State of an approval request. All states except `asked` are final.
    ApprovalState as "ApprovalState";
    /// Mobile-money provider.
    Provider as "Provider";
}

/// A request for an action that needs a second operator.
#[derive(Debug, Object)]
#[oai(rename = "Approval")]
pub(in crate::operator) struct ApprovalAnswer {
    id: Wire<ApprovalId>,
    kind: Wire<ApprovalKind>,
    state: Wire<ApprovalState>,
    /// User concerned; `null` if there is none. For `return_suspense`: the user whose number paid, if any.
    user_id: Nullable<Wire<UserId>>,
    /// Name of the user concerned.
    user_name: Nullable<String>,
    /// For `set_tier`: name of the new tier.
    tier: Nullable<String>,
    /// For `set_role`: the new role.
    role: Nullable<Wire<UserRole>>,
    /// For `move_suspense` and `return_suspense`: provider that received the money.
    provider: Nullable<Wire<Provider>>,
    /// For `move_suspense` and `return_suspense`: receipt of the money. For `resolve_payment`: receipt of the payment,
    /// `null` if it was not paid.
    receipt: Nullable<String>,
    /// For `release_withdrawal` and `resolve_payment`: id of the payment. For `return_suspense`: id of the payout, once
    /// approved.
    payment_id: Nullable<Wire<PaymentId>>,
    /// For `resolve_payment`: whether the payment was paid.
    paid: Nullable<bool>,
    /// For `move_suspense` and `return_suspense`: amount received under the receipt. For `release_withdrawal` and
    /// `resolve_payment`: amount of the payment.
    amount: Nullable<Money>,
    /// For `publish_fee_plan`: the new plan.
    fee_plan: Nullable<ApprovalFeePlan>,
    /// Reason of the request.
    note: String,
    /// Operator who requested the action.
    requested_by: Wire<UserId>,
    /// Name of the operator who requested the action.
    requested_by_name: String,
    requested_at: Timestamp,
    /// Time at which the request expires if it is not decided.
    expires_at: Timestamp,
    /// Operator who approved or rejected the request; `null` until then.
    decided_by: Nullable<Wire<UserId>>,
    /// Name of the operator who decided; `null` until then.
    decided_by_name: Nullable<String>,
    /// Time of the decision; `null` until then.
    decided_at: Nullable<Timestamp>,
    /// Reason of the decision; `null` until then.
    decision_note: Nullable<String>,
}

/// A fee plan to be published.
#[derive(Debug, Object)]
struct ApprovalFeePlan {
    currency: Wire<Currency>,
    /// Percentage of the milestones' amounts, in basis points (hundredths of a percent).
    percentage_bps: u16,
    /// Fixed fee, added to the percentage.
    fixed: Money,
    /// Minimum of percentage plus fixed fee.
    floor: Money,
    /// Maximum of percentage plus fixed fee; `null` if there is none.
    cap: Nullable<Money>,
    /// Provider charges of a deal, passed on to the users.
    provider_cost: Money,
    /// Time from which new offers use the plan; not before its approval.
    valid_from: Timestamp,
}

impl ApprovalFeePlan {
    fn of(plan: &FeePlan, valid_from: DateTime<Utc>) -> Self {
        Self {
            currency: plan.fixed.currency().into(),
            percentage_bps: plan.percentage_bps,
            fixed: plan.fixed.into(),
            floor: plan.floor.into(),
            cap: Nullable::of(plan.cap),
            provider_cost: plan.provider_cost.into(),
            valid_from: valid_from.into(),
        }
    }
}

/// Members that only some kinds have.
#[derive(Default)]
struct Subject {
    tier: Option<String>,
    role: Option<UserRole>,
    provider: Option<Provider>,
    receipt: Option<String>,
    paid: Option<bool>,
    plan: Option<ApprovalFeePlan>,
}

impl Subject {
    fn of(wanted: &Wanted) -> Self {
        let none = Self::default();
        match wanted {
            Wanted::SetTier { tier } => Self { tier: Some(tier.clone()), ..none },
            Wanted::MoveSuspense { provider, receipt }
            | Wanted::ReturnSuspense { provider, receipt } => {
                Self { provider: Some(*provider), receipt: Some(receipt.clone()), ..none }
            }
            Wanted::RemoveFactor | Wanted::ReleaseWithdrawal { .. } => none,
            Wanted::SetRole { role } => Self { role: Some(*role), ..none },
            Wanted::ResolvePayment { resolution, .. } => {
                let receipt = match resolution {
                    Resolution::Paid { receipt } => Some(receipt.clone()),
                    Resolution::NotPaid => None,
                };
                Self { paid: Some(receipt.is_some()), receipt, ..none }
            }
            Wanted::PublishFeePlan { plan, valid_from } => {
                Self { plan: Some(ApprovalFeePlan::of(plan, *valid_from)), ..none }
            }
        }
    }
}

impl From<&ApprovalView> for ApprovalAnswer {
    fn from(view: &ApprovalView) -> Self {
        let approval = &view.approval;
        let subject = Subject::of(&approval.wanted);
        let name = |user: UserId| view.name(user).map(str::to_owned);
        Self {
            id: approval.id.into(),
            kind: approval.wanted.kind().into(),
            state: approval.state.into(),
            user_id: Nullable::of(approval.user),
            user_name: Nullable::of(approval.user.and_then(name)),
            tier: Nullable::of(subject.tier),
            role: Nullable::of(subject.role),
            provider: Nullable::of(subject.provider),
            receipt: Nullable::of(subject.receipt),
            payment_id: Nullable::of(view.payment),
            paid: Nullable::of(subject.paid),
            amount: Nullable::of(view.amount),
            fee_plan: Nullable::of(subject.plan),
            note: view.note.clone(),
            requested_by: approval.asked_by.into(),
            requested_by_name: name(approval.asked_by).unwrap_or_default(),
            requested_at: approval.asked_at.into(),
            expires_at: approval.expires_at.into(),
            decided_by: Nullable::of(view.decided_by),
            decided_by_name: Nullable::of(view.decided_by.and_then(name)),
            decided_at: Nullable::of(view.decided_at),
            decision_note: Nullable::of(view.decision_note.clone()),
        }
    }
}

#[derive(ApiResponse)]
pub(super) enum Found {
    /// The request.
    #[oai(status = 200)]
    Approval(Json<ApprovalAnswer>),
}

impl From<ApprovalView> for Found {
    fn from(view: ApprovalView) -> Self {
        Self::Approval(Json(ApprovalAnswer::from(&view)))
    }
}

#[derive(ApiResponse)]
pub(super) enum FoundPage {
    /// One page of requests.
    #[oai(status = 200)]
    Page(Json<PageOf<ApprovalAnswer>>),
}

pub(super) fn asked(view: &ApprovalView) -> Answer {
    answer(StatusCode::CREATED, &ApprovalAnswer::from(view))
}

pub(super) fn decided(view: &ApprovalView) -> Answer {
    answer(StatusCode::OK, &ApprovalAnswer::from(view))
}
