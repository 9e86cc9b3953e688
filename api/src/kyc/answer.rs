//! Applications and documents in responses.

use crate::links::LinkAnswer;
use crate::once::answer;
use crate::page::PageOf;
use crate::people::PersonAnswer;
use crate::wire::{Nullable, Timestamp, Wire, text_values};
use amana_domain::id::{DocumentId, KycId};
use amana_domain::kyc::{DocumentKind, MediaType, Need, Reason, State, Tier};
use amana_postgres::{Answer, KycDocument, KycView};
use poem::http::StatusCode;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

text_values! {
    /// A tier that users can apply for.
    Tier as "KycTier";
    /// Kind of a document.
    DocumentKind as "KycDocumentKind";
    /// Type of a file, detected from its content.
    MediaType as "KycMediaType";
    /// A requirement of a tier. An `identity` is a passport, or both sides of a national id.
    Need as "KycNeed";
    /// State of an application. `approved`, `rejected` and `withdrawn` are final.
    State as "KycState";
    /// Reason for a rejection. `details_differ`: the documents contradict the user's details.
    Reason as "KycReason";
}

/// A document, without its content.
#[derive(Debug, Object)]
#[oai(rename = "KycDocument")]
pub(crate) struct DocumentAnswer {
    id: Wire<DocumentId>,
    kind: Wire<DocumentKind>,
    media_type: Wire<MediaType>,
    bytes: i64,
    /// SHA-256 of the content as 64 hexadecimal digits.
    sha256: String,
    created_at: Timestamp,
}

impl From<&KycDocument> for DocumentAnswer {
    fn from(KycDocument { kind, file }: &KycDocument) -> Self {
        Self {
            id: file.id.into(),
            kind: (*kind).into(),
            media_type: file.media_type.into(),
            bytes: file.bytes,
            sha256: hex::encode(file.sha256),
            created_at: file.created_at.into(),
        }
    }
}

/// An application for a tier.
#[derive(Debug, Object)]
#[oai(rename = "KycApplication")]
pub(crate) struct ApplicationAnswer {
    id: Wire<KycId>,
    /// Applicant.
    user: PersonAnswer,
    /// Tier that the user applies for.
    tier: Wire<Tier>,
    state: Wire<State>,
    documents: Vec<DocumentAnswer>,
    /// Requirements without a document; empty after the submission.
    missing: Vec<Wire<Need>>,
    /// Reasons for the rejection; empty without one.
    reasons: Vec<Wire<Reason>>,
    /// Operator's note on the decision; `null` until then.
    note: Nullable<String>,
    created_at: Timestamp,
    /// Time of the submission; `null` until then.
    submitted_at: Nullable<Timestamp>,
    /// Time of the decision; `null` until then.
    decided_at: Nullable<Timestamp>,
    updated_at: Timestamp,
}

impl From<&KycView> for ApplicationAnswer {
    fn from(view: &KycView) -> Self {
        let application = &view.application;
        // Documents of a closed application are deleted, so they would count as missing.
        let missing =
            if application.state == State::Draft { application.missing() } else { vec![] };
        Self {
            id: application.id.into(),
            user: view.owner.clone().into(),
            tier: application.tier.into(),
            state: application.state.into(),
            documents: view.documents.iter().map(DocumentAnswer::from).collect(),
            missing: missing.into_iter().map(Wire).collect(),
            reasons: view.reasons.iter().copied().map(Wire).collect(),
            note: Nullable::of(view.note.clone()),
            created_at: view.created_at.into(),
            submitted_at: Nullable::of(view.submitted_at),
            decided_at: Nullable::of(view.decided_at),
            updated_at: view.updated_at.into(),
        }
    }
}

#[derive(ApiResponse)]
pub(crate) enum Found {
    /// The current application.
    #[oai(status = 200)]
    Application(Json<ApplicationAnswer>),
}

impl From<KycView> for Found {
    fn from(view: KycView) -> Self {
        Self::Application(Json(ApplicationAnswer::from(&view)))
    }
}

#[derive(ApiResponse)]
pub(crate) enum FoundPage {
    /// One page of applications.
    #[oai(status = 200)]
    Page(Json<PageOf<ApplicationAnswer>>),
}

#[derive(ApiResponse)]
pub(crate) enum FoundLink {
    /// The link.
    #[oai(status = 200)]
    Link(Json<LinkAnswer>),
}

pub(super) fn begun(view: &KycView) -> Answer {
    answer(StatusCode::CREATED, &ApplicationAnswer::from(view))
}

pub(super) fn added(document: &KycDocument) -> Answer {
    answer(StatusCode::CREATED, &DocumentAnswer::from(document))
}

pub(crate) fn decided(view: &KycView) -> Answer {
    answer(StatusCode::OK, &ApplicationAnswer::from(view))
}
