//! Disputes and evidence in responses.

use crate::once::answer;
use crate::wire::{Money, Nullable, Timestamp, Wire};
use amana_domain::deal::{Award, Costs, MilestoneState, Role};
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId, UserId};
use amana_domain::kyc::MediaType;
use amana_postgres::{Answer, AwardView, DealFile, DisputeView};
use poem::http::StatusCode;
use poem_openapi::Object;

/// A file, without its content.
#[derive(Debug, Object)]
#[oai(rename = "DealFile")]
pub(crate) struct FileAnswer {
    id: Wire<DocumentId>,
    /// User who uploaded the file.
    by_user_id: Wire<UserId>,
    media_type: Wire<MediaType>,
    bytes: i64,
    /// SHA-256 of the content as 64 hexadecimal digits, computed on upload.
    sha256: String,
    created_at: Timestamp,
}

/// The award of an arbiter.
#[derive(Debug, Object)]
#[oai(rename = "Award")]
struct AwardAnswer {
    /// Seller's share of the milestone's amount, before fees.
    to_seller: Money,
    /// Whether platform fee and commission are waived.
    fees_waived: bool,
    costs: Nullable<CostsAnswer>,
    /// Reason given by the arbiter.
    reason: String,
    first_arbiter_id: Wire<UserId>,
    /// Second arbiter; `null` if none was needed or none has decided yet.
    second_arbiter_id: Nullable<Wire<UserId>>,
    /// Time when the award became final. `null` while a second arbiter has to confirm it; until then only arbiters can
    /// see it.
    decided_at: Nullable<Timestamp>,
}

/// The costs of the arbitration.
#[derive(Debug, Object)]
#[oai(rename = "ArbitrationCosts")]
struct CostsAnswer {
    amount: Money,
    /// Party whose share pays the costs.
    borne_by: Wire<Role>,
}

/// A dispute about a milestone.
#[derive(Debug, Object)]
#[oai(rename = "Dispute")]
pub(crate) struct DisputeAnswer {
    id: Wire<DisputeId>,
    deal_id: Wire<DealId>,
    deal_title: String,
    milestone_id: Wire<MilestoneId>,
    milestone_title: String,
    /// Amount of the milestone.
    amount: Money,
    opened_by: Wire<Role>,
    opened_by_id: Wire<UserId>,
    reason: String,
    /// Share that the opener proposed for the seller, if any.
    requested_to_seller: Nullable<Money>,
    opened_at: Timestamp,
    /// Answer of the other party; `null` until then.
    answer: Nullable<String>,
    answered_at: Nullable<Timestamp>,
    award: Nullable<AwardAnswer>,
    /// Deadline of the answer, then of the award; `null` once settled.
    due_at: Nullable<Timestamp>,
    /// Outcome of the milestone: `released`, `refunded` or `split`; `null` until then.
    outcome: Nullable<Wire<MilestoneState>>,
    ended_at: Nullable<Timestamp>,
    /// Evidence of both parties, oldest first.
    evidence: Vec<FileAnswer>,
}

impl From<&DealFile> for FileAnswer {
    fn from(file: &DealFile) -> Self {
        let document = &file.document;
        Self {
            id: document.id.into(),
            by_user_id: file.by.into(),
            media_type: document.media_type.into(),
            bytes: document.bytes,
            sha256: hex::encode(document.sha256),
            created_at: document.created_at.into(),
        }
    }
}

impl From<Costs> for CostsAnswer {
    fn from(costs: Costs) -> Self {
        Self { amount: costs.amount.into(), borne_by: costs.borne_by.into() }
    }
}

impl From<&AwardView> for AwardAnswer {
    fn from(view: &AwardView) -> Self {
        let Award { to_seller, fees_waived, costs } = view.award;
        Self {
            to_seller: to_seller.into(),
            fees_waived,
            costs: Nullable::of(costs),
            reason: view.reason.clone(),
            first_arbiter_id: view.first_arbiter.into(),
            second_arbiter_id: Nullable::of(view.second_arbiter),
            decided_at: Nullable::of(view.decided_at),
        }
    }
}

impl From<&DisputeView> for DisputeAnswer {
    fn from(view: &DisputeView) -> Self {
        Self {
            id: view.id.into(),
            deal_id: view.deal.into(),
            deal_title: view.deal_title.clone(),
            milestone_id: view.milestone.into(),
            milestone_title: view.milestone_title.clone(),
            amount: view.amount.into(),
            opened_by: view.role.into(),
            opened_by_id: view.opened_by.into(),
            reason: view.reason.clone(),
            requested_to_seller: Nullable::of(view.wanted),
            opened_at: view.opened_at.into(),
            answer: Nullable::of(view.answer.clone()),
            answered_at: Nullable::of(view.answered_at),
            award: Nullable::of(view.award.as_ref()),
            due_at: Nullable::of(view.due_at),
            outcome: Nullable::of(view.outcome),
            ended_at: Nullable::of(view.ended_at),
            evidence: view.evidence.iter().map(FileAnswer::from).collect(),
        }
    }
}

pub(crate) fn added(file: &DealFile) -> Answer {
    answer(StatusCode::CREATED, &FileAnswer::from(file))
}

pub(crate) fn decided(view: &DisputeView) -> Answer {
    answer(StatusCode::OK, &DisputeAnswer::from(view))
}
