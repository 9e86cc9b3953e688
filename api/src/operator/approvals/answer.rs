//! How a request for an approval is shown.

use crate::once::answer;
use crate::page::PageOf;
use crate::wire::{Money, Nullable, Timestamp, Wire, text_values};
use amana_domain::approval::{ApprovalKind, ApprovalState, Wanted};
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::ledger::Provider;
use amana_postgres::{Answer, ApprovalView};
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
pub(super) struct ApprovalAnswer {
    id: Wire<ApprovalId>,
    kind: Wire<ApprovalKind>,
    state: Wire<ApprovalState>,
    /// Whom it is about.
    user_id: Wire<UserId>,
    /// Of `set_tier`.
    tier: Nullable<String>,
    /// Of `move_suspense`.
    provider: Nullable<Wire<Provider>>,
    /// Of `move_suspense`.
    receipt: Nullable<String>,
    /// Of `move_suspense`: all that came under the receipt.
    amount: Nullable<Money>,
    /// Why it was asked for.
    note: String,
    asked_by: Wire<UserId>,
    asked_at: Timestamp,
    /// When it is over if nobody decides.
    expires_at: Timestamp,
    /// `null` until it is approved or rejected.
    decided_by: Nullable<Wire<UserId>>,
    /// `null` until it is approved or rejected.
    decided_at: Nullable<Timestamp>,
    /// What was said with the decision.
    decision_note: Nullable<String>,
}

impl From<&ApprovalView> for ApprovalAnswer {
    fn from(view: &ApprovalView) -> Self {
        let approval = &view.approval;
        let (tier, suspense) = match &approval.wanted {
            Wanted::SetTier { tier } => (Some(tier.clone()), None),
            Wanted::MoveSuspense { provider, receipt } => {
                (None, Some((*provider, receipt.clone())))
            }
            Wanted::RemoveFactor => (None, None),
        };
        let (provider, receipt) = suspense.unzip();
        Self {
            id: approval.id.into(),
            kind: approval.wanted.kind().into(),
            state: approval.state.into(),
            user_id: approval.user.into(),
            tier: Nullable::of(tier),
            provider: Nullable::of(provider),
            receipt: Nullable::of(receipt),
            amount: Nullable::of(view.amount),
            note: view.note.clone(),
            asked_by: approval.asked_by.into(),
            asked_at: approval.asked_at.into(),
            expires_at: approval.expires_at.into(),
            decided_by: Nullable::of(view.decided_by),
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
