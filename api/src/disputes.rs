//! Disputes, as the two sides have them: opened, answered, shown with evidence.

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
use crate::wire::{Key, PartMoney, Wire, Words};
use amana_domain::deal::Command;
use amana_domain::id::{DealId, DisputeId, DocumentId, MilestoneId};
use amana_postgres::FilePlace;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// What is disputed, and why.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct OpenDispute {
    /// In your own words, 3 to 2,000 characters; the other side and arbiters read them.
    reason: Wire<Words>,
    /// How much of the milestone's amount you would have the seller get: for the other side and an arbiter to know. It
    /// binds nobody; `create_split_offer` does.
    wanted: Option<PartMoney>,
}

/// What the other side says.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AnswerDispute {
    /// In your own words, 3 to 2,000 characters; the other side and arbiters read them.
    text: Wire<Words>,
}

/// All disputes about a deal.
#[derive(Object)]
#[oai(rename = "Disputes")]
struct DisputesAnswer {
    /// Oldest first; a milestone has at most one.
    items: Vec<DisputeAnswer>,
}

#[derive(ApiResponse)]
enum FoundDisputes {
    /// The disputes.
    #[oai(status = 200)]
    Disputes(Json<DisputesAnswer>),
}

/// The shares are those of another member here.
fn of_wanted(mut error: ApiError) -> ApiError {
    if error.code == Code::ShareOutOfRange {
        error.errors.iter_mut().for_each(|place| place.pointer = "/wanted".to_owned());
    }
    error
}

pub(crate) struct Disputes;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Disputes {
    /// Open a dispute about a milestone
    ///
    /// For either side of a funded deal: the milestone is locked, the others go on. The other side has the answer period;
    /// if it is silent, whoever opened the dispute gets the milestone. Neither side can settle it alone from now on; together
    /// they can, by an offer to divide it that the other accepts, or by calling the deal off. Problems: `share_out_of_range` (422), `wrong_party` (403), `wrong_state`, `too_late` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/dispute",
        method = "post",
        operation_id = "create_dispute"
    )]
    async fn open(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        body: Body<OpenDispute>,
    ) -> Result<Current, ApiError> {
        let (user, place) = (caller.user(), (id.0.0, milestone.0.0));
        let wanted = body.value.wanted.map(|wanted| wanted.money()).transpose()?;
        let said = (body.value.reason.0.0, wanted);
        let deal = context
            .write(async move |store, now| store.open_dispute(user, place, said, now).await)
            .await
            .map_err(of_wanted)?;
        Ok(Current::seen_by(&deal, user))
    }

    /// Answer a dispute
    ///
    /// For the side that did not open it. An arbiter then has the award period to decide; if none does, each side gets
    /// half. Problems: `wrong_party` (403), `wrong_state`, `too_late` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/dispute/answer",
        method = "post",
        operation_id = "answer_dispute"
    )]
    async fn answer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
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

    /// List the disputes about a deal
    ///
    /// With what each side says, the evidence of both, and what an arbiter has decided, once it counts. For the two sides: `wrong_party`
    /// (403) to others whom the deal concerns, `not_found` (404) to everybody else.
    #[oai(path = "/:id/disputes", method = "get", operation_id = "list_disputes")]
    async fn list(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<FoundDisputes, ApiError> {
        let found = context.store.disputes(caller.user(), id.0.0).await?;
        let items = found.iter().map(DisputeAnswer::from).collect();
        Ok(FoundDisputes::Disputes(Json(DisputesAnswer { items })))
    }

    /// Add evidence
    ///
    /// For both sides, until the dispute is over. The body is the file itself: a JPEG, PNG or WebP picture or a PDF
    /// document of at most 5 MiB. What it is, is told by its content and not by its `Content-Type`. The other side and
    /// arbiters see it; its SHA-256 is kept with it. A dispute has at most 20 files. Problems: `file_damaged`,
    /// `image_too_large` (beyond 64 million pixels), `active_content` (a PDF with a password, scripts, attached files
    /// or actions) (422), `unsupported_media_type` (415), `request_too_large` (413), `too_many_documents`, `wrong_state` (409), `wrong_party` (403), `not_found`
    /// (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/disputes/:dispute/evidence",
        method = "post",
        operation_id = "create_evidence"
    )]
    async fn add(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the dispute.
        dispute: Path<Wire<DisputeId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        file: Upload,
    ) -> Result<Made<FileAnswer>, ApiError> {
        let at = (id.0.0, FilePlace::Evidence(dispute.0.0));
        files::add(&context, (&caller, key.0, "create_evidence"), at, file).await
    }

    /// Get a link to evidence
    ///
    /// It is good for a minute, for the caller (`get_file`). For the two sides. Problems: `wrong_party` (403),
    /// `not_found` (404).
    #[oai(
        path = "/:id/disputes/:dispute/evidence/:document/link",
        method = "post",
        operation_id = "create_evidence_link"
    )]
    async fn link(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the dispute.
        dispute: Path<Wire<DisputeId>>,
        /// The id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let at = (id.0.0, FilePlace::Evidence(dispute.0.0));
        files::link(&context, &caller, at, document.0.0).await
    }
}
