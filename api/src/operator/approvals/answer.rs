//! How a request for an approval is shown.

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
    /// What an approval is for.
    ApprovalKind as "ApprovalKind";
    /// How far a request has come. All but `asked` are final.
    ApprovalState as "ApprovalState";
    /// Who carries mobile money.
    Provider as "Provider";
}

/// What one operator asked for and another one decides about.
#[derive(Debug, Object)]
#[oai(rename = "Approval")]
pub(in crate::operator) struct ApprovalAnswer {
    id: Wire<ApprovalId>,
    kind: Wire<ApprovalKind>,
    state: Wire<ApprovalState>,
    /// The user whom it is about; `null` if it concerns no user in particular. Of `return_suspense`: the user whose
    /// number paid, if it is a user's.
    user_id: Nullable<Wire<UserId>>,
    /// The name of that user.
    user_name: Nullable<String>,
    /// Of `set_tier`.
    tier: Nullable<String>,
    /// Of `set_role`.
    role: Nullable<Wire<UserRole>>,
    /// Of `move_suspense` and `return_suspense`.
    provider: Nullable<Wire<Provider>>,
    /// Of `move_suspense` and `return_suspense`; of `resolve_payment`: under which it was paid, `null` if it was not
    /// paid.
    receipt: Nullable<String>,
    /// Of `release_withdrawal` and `resolve_payment`; of `return_suspense`: the payout, once it is approved.
    payment_id: Nullable<Wire<PaymentId>>,
    /// Of `resolve_payment`: whether the payment was paid.
    paid: Nullable<bool>,
    /// Of `move_suspense` and `return_suspense`: all that came under the receipt; of `release_withdrawal` and
    /// `resolve_payment`: of the payment.
    amount: Nullable<Money>,
    /// Of `publish_fee_plan`.
    fee_plan: Nullable<ApprovalFeePlan>,
    /// Why it was asked for.
    note: String,
    requested_by: Wire<UserId>,
    /// The name of the operator who asked.
    requested_by_name: String,
    requested_at: Timestamp,
    /// When it is over if nobody decides.
    expires_at: Timestamp,
    /// `null` until it is approved or rejected.
    decided_by: Nullable<Wire<UserId>>,
    /// The name of the operator who decided; `null` until then.
    decided_by_name: Nullable<String>,
    /// `null` until it is approved or rejected.
    decided_at: Nullable<Timestamp>,
    /// What was said with the decision.
    decision_note: Nullable<String>,
}

/// A fee plan that is to be published.
#[derive(Debug, Object)]
struct ApprovalFeePlan {
    currency: Wire<Currency>,
    percentage_bps: u16,
    fixed: Money,
    floor: Money,
    cap: Nullable<Money>,
    provider_cost: Money,
    /// Since when new offers take it; from the approval on if that is later.
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

/// The members that some kinds have.
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
    /// The request, as it is now.
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
