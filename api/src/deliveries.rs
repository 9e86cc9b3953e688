//! Delivering a milestone, and what shows that it was delivered.

use crate::Chapter;
use crate::auth::Caller;
use crate::body::OptionalBody;
use crate::context::Context;
use crate::deals::{DealAnswer, files, render};
use crate::disputes::FileAnswer;
use crate::kyc::FoundLink;
use crate::once::{Done, Made, keyed};
use crate::principal::{DealsRead, DealsWrite, Principal};
use crate::problem::ApiError;
use crate::upload::Upload;
use crate::wire::{CarrierName, Key, TrackingNumber, Wire};
use amana_domain::code::Code;
use amana_domain::deal::{DELIVERY_FILES_MAX, Shown};
use amana_domain::id::{DealId, DocumentId, MilestoneId};
use amana_postgres::FilePlace;
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What shows that a milestone was delivered: exactly one of the three.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DeliverMilestone {
    tracking: Option<Tracking>,
    /// The ids of 1 to 20 files that were handed in for this milestone before (`create_milestone_file`).
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    files: Option<Vec<Wire<DocumentId>>>,
    /// The six digits that the buyer told when goods changed hands (`get_hand_over_code`).
    hand_over_code: Option<Wire<Code>>,
}

/// Who carries it, under which number.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "TrackingNumber")]
struct Tracking {
    carrier: Wire<CarrierName>,
    number: Wire<TrackingNumber>,
}

// The document's own check does not say where the list is.
fn bounded<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<Wire<DocumentId>>>, D::Error> {
    let files: Option<Vec<Wire<DocumentId>>> = Option::deserialize(deserializer)?;
    let most = usize::try_from(DELIVERY_FILES_MAX).unwrap_or_default();
    match files {
        Some(files) if !(1..=most).contains(&files.len()) => {
            Err(D::Error::custom(format!("expected 1 to {most} files")))
        }
        files => Ok(files),
    }
}

impl DeliverMilestone {
    fn parse(self) -> Result<Shown, ApiError> {
        match (self.tracking, self.files, self.hand_over_code) {
            (Some(Tracking { carrier, number }), None, None) => {
                Ok(Shown::Tracking { carrier: carrier.0.0, number: number.0.0 })
            }
            (None, Some(files), None) => {
                // Once each, in the order of the ids, which is that in which they came in.
                let files: BTreeSet<DocumentId> = files.into_iter().map(|id| id.0).collect();
                Ok(Shown::Files(files.into_iter().collect()))
            }
            (None, None, Some(code)) => Ok(Shown::HandOver(code.0)),
            _ => {
                let detail = "expected either tracking, or files, or hand_over_code";
                Err(ApiError::field("", detail))
            }
        }
    }
}

/// What the buyer tells the seller when goods change hands.
#[derive(Object)]
#[oai(rename = "HandOverCode")]
struct HandOverAnswer {
    /// Six digits. Whoever has them can mark the milestone as delivered: tell them when you have the goods.
    code: String,
}

#[derive(ApiResponse)]
enum HandOver {
    /// The code.
    #[oai(status = 200)]
    Code(Json<HandOverAnswer>),
}

pub(crate) struct Deliveries;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Deliveries {
    /// Mark a milestone as delivered
    ///
    /// For the seller of a funded deal. The buyer has the inspection period to release it; silence releases it
    /// too. The body says what shows it, and may be left out where the milestone wants no `proof`. A wrong hand-over code
    /// may be tried five times an hour. Problems: `wrong_party` (403), `wrong_state`, `too_late` (409), `proof_required`,
    /// `invalid_code` (422), `too_many_attempts` (429), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/deliver",
        method = "post",
        operation_id = "deliver_milestone"
    )]
    async fn deliver(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: OptionalBody<DeliverMilestone>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let (place, body) = ((id.0.0, milestone.0.0), body.0);
        let said = body.as_ref().map_or("", |body| body.canonical.as_str());
        let said = format!("{} {} {said}", place.0, place.1);
        let keyed = keyed(&caller, key.0, "deliver_milestone", &said);
        let shown = body.map(|body| body.value.parse()).transpose()?;
        let codes = context.codes.clone();
        let outcome = context
            .write(async move |store, now| {
                store.deliver(&keyed, place, (shown, &codes), render, now).await
            })
            .await?;
        Ok(outcome.into())
    }

    /// Hand in a file that shows a delivery
    ///
    /// For the seller, before the milestone is delivered; `deliver_milestone` then names it. The body is the file itself,
    /// as in `create_evidence`; a milestone has at most 20. Problems: `file_damaged`, `image_too_large`,
    /// `active_content` (422), `unsupported_media_type` (415), `request_too_large` (413), `too_many_documents`, `wrong_state` (409), `wrong_party` (403), `not_found` (404),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/files",
        method = "post",
        operation_id = "create_milestone_file"
    )]
    async fn add(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        file: Upload,
    ) -> Result<Made<FileAnswer>, ApiError> {
        let at = (id.0.0, FilePlace::Delivery(milestone.0.0));
        files::add(&context, (&caller, key.0, "create_milestone_file"), at, file).await
    }

    /// Get a link to a file that shows a delivery
    ///
    /// It is good for a minute, for the caller (`get_file`). For the two sides. Problems: `wrong_party` (403),
    /// `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/files/:document/link",
        method = "post",
        operation_id = "create_milestone_file_link"
    )]
    async fn link(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// The id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let at = (id.0.0, FilePlace::Delivery(milestone.0.0));
        files::link(&context, &caller, at, document.0.0).await
    }

    /// Get the hand-over code of a milestone
    ///
    /// For the buyer, in person, once it is funded and until it is delivered. It is another one after a delivery was sent
    /// back. Problems: `wrong_party` (403), `wrong_state` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/hand-over-code",
        method = "get",
        operation_id = "get_hand_over_code"
    )]
    async fn code(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
    ) -> Result<HandOver, ApiError> {
        let place = (id.0.0, milestone.0.0);
        let code = context.store.hand_over_code(caller.user(), place, &context.codes).await?;
        Ok(HandOver::Code(Json(HandOverAnswer { code: code.to_string() })))
    }
}
