//! Disputes for buyer and seller: open, answer, add evidence.

mod answer;

pub(crate) use answer::{DisputeAnswer, FileAnswer, added, decided};

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::deals::{Current, files};
use crate::kyc::FoundLink;
use crate::once::Made;
use crate::principal::{DealsRead, DealsWrite, Principal};
use crate::problem::{ApiError, Code};
use crate::upload::Upload;
use crate::wire::{Key, NonNegativeMoney, Wire, Words};
use amana_domain::deal::Command;
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId};
use amana_postgres::FilePlace;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A new dispute.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct OpenDispute {
    /// Your statement, 3 to 2,000 characters. The other party and arbiters can read it.
    reason: Wire<Words>,
    /// Share of the milestone's amount that you propose for the seller. It informs the other party and arbiters and is
    /// not binding; `create_split_offer` makes a binding offer.
    requested_to_seller: Option<NonNegativeMoney>,
}

/// The answer to a dispute.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AnswerDispute {
    /// Your statement, 3 to 2,000 characters. The other party and arbiters can read it.
    text: Wire<Words>,
}

/// All disputes of a deal.
#[derive(Object)]
#[oai(rename = "Disputes")]
struct DisputesAnswer {
    /// Disputes, oldest first; a milestone has at most one.
    items: Vec<DisputeAnswer>,
}

#[derive(ApiResponse)]
enum FoundDisputes {
    /// The disputes.
    #[oai(status = 200)]
    Disputes(Json<DisputesAnswer>),
}

/// Points the error at the only share in this request.
fn of_wanted(mut error: ApiError) -> ApiError {
    if error.code == Code::ShareOutOfRange {
        error.errors.iter_mut().for_each(|place| place.pointer = "/requested_to_seller".to_owned());
    }
    error
}

pub(crate) struct Disputes;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Disputes {
    /// Open a dispute about a milestone
    ///
    /// For either party of a funded deal. Locks the milestone; other milestones continue. Starts the answer period of
    /// the other party; without an answer, the opener gets the money. From now on neither party can settle the
    /// milestone alone. Both together can divide it (`create_split_offer`) or cancel the deal. Problems:
    /// `share_out_of_range` (422), `wrong_party` (403), `wrong_state`, `too_late` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/dispute",
        method = "post",
        operation_id = "create_dispute"
    )]
    async fn create_dispute(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        body: Body<OpenDispute>,
    ) -> Result<Current, ApiError> {
        let (user, place) = (caller.user(), (id.0.0, milestone.0.0));
        let wanted = body.value.requested_to_seller.map(|wanted| wanted.money()).transpose()?;
        let said = (body.value.reason.0.0, wanted);
        let deal = context
            .write(async move |store, now| store.open_dispute(user, place, said, now).await)
            .await
            .map_err(of_wanted)?;
        Ok(Current::seen_by(&deal, user))
    }

    /// Answer a dispute
    ///
    /// For the party that did not open the dispute. Starts the award period; without an award, each party gets half.
    /// Problems: `wrong_party` (403), `wrong_state`, `too_late` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/dispute/answer",
        method = "post",
        operation_id = "answer_dispute"
    )]
    async fn answer_dispute(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        body: Body<AnswerDispute>,
    ) -> Result<Current, ApiError> {
        let (user, id, text) = (caller.user(), id.0.0, body.value.text.0.0);
        let command = Command::Answer(milestone.0.0);
        let deal = context
            .write(async move |store, now| {
                store.command_deal(user, id, &command, Some(text), now).await
            })
            .await?;
        Ok(Current::seen_by(&deal, user))
    }

    /// List the disputes of a deal
    ///
    /// For both parties. Returns both statements, the evidence, and the award once it is final. Problems: `wrong_party`
    /// (403) for other users who can see the deal, `not_found` (404) for everyone else.
    #[oai(path = "/:id/disputes", method = "get", operation_id = "list_disputes")]
    async fn list_disputes(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<FoundDisputes, ApiError> {
        let found = context.store.disputes(caller.user(), id.0.0).await?;
        let items = found.iter().map(DisputeAnswer::from).collect();
        Ok(FoundDisputes::Disputes(Json(DisputesAnswer { items })))
    }

    /// Add evidence to a dispute
    ///
    /// For both parties, until the dispute is settled. The body is the file: a JPEG, PNG or WebP image or a PDF
    /// document of at most 5 MiB. The file type is detected from the content; `Content-Type` is ignored. The other
    /// party and arbiters can see the file. Its SHA-256 is stored. A dispute has at most 20 files. Problems:
    /// `file_damaged`, `image_too_large` (beyond 64 million pixels), `active_content` (a PDF with a password, scripts,
    /// attached files or actions) (422), `unsupported_media_type` (415), `request_too_large` (413),
    /// `too_many_documents`, `wrong_state` (409), `wrong_party` (403), `not_found` (404), `idempotency_key_required`
    /// (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/disputes/:dispute/evidence",
        method = "post",
        operation_id = "create_evidence"
    )]
    async fn create_evidence(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the dispute.
        dispute: Path<Wire<DisputeId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        file: Upload,
    ) -> Result<Made<FileAnswer>, ApiError> {
        let at = (id.0.0, FilePlace::Evidence(dispute.0.0));
        files::add(&context, (&caller, key.0, "create_evidence"), at, file).await
    }

    /// Create a link to evidence
    ///
    /// For both parties. Returns a link (`get_file`) that is valid for one minute. Problems: `wrong_party` (403),
    /// `not_found` (404).
    #[oai(
        path = "/:id/disputes/:dispute/evidence/:document/link",
        method = "post",
        operation_id = "create_evidence_link"
    )]
    async fn create_evidence_link(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the dispute.
        dispute: Path<Wire<DisputeId>>,
        /// Id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let at = (id.0.0, FilePlace::Evidence(dispute.0.0));
        files::link(&context, &caller, at, document.0.0).await
    }
}
