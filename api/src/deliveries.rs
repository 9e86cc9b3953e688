//! Delivery of a milestone, with its proof.

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

/// The proof of a delivery: exactly one of `tracking`, `files` and `delivery_code`.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct DeliverMilestone {
    tracking: Option<Tracking>,
    /// Ids of 1 to 20 files that were uploaded for this milestone with `create_milestone_file`.
    #[oai(validator(min_items = 1, max_items = 20))]
    #[serde(default, deserialize_with = "bounded")]
    files: Option<Vec<Wire<DocumentId>>>,
    /// Six-digit delivery code from the buyer (`get_delivery_code`).
    delivery_code: Option<Wire<Code>>,
}

/// Carrier and tracking number of a parcel.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "TrackingNumber")]
struct Tracking {
    carrier: Wire<CarrierName>,
    number: Wire<TrackingNumber>,
}

// The framework's validator does not report the path of the list.
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
        match (self.tracking, self.files, self.delivery_code) {
            (Some(Tracking { carrier, number }), None, None) => {
                Ok(Shown::Tracking { carrier: carrier.0.0, number: number.0.0 })
            }
            (None, Some(files), None) => {
                // Removes duplicates. Ids sort by upload time.
                let files: BTreeSet<DocumentId> = files.into_iter().map(|id| id.0).collect();
                Ok(Shown::Files(files.into_iter().collect()))
            }
            (None, None, Some(code)) => Ok(Shown::HandOver(code.0)),
            _ => {
                let detail = "expected exactly one of tracking, files and delivery_code";
                Err(ApiError::field("", detail))
            }
        }
    }
}

/// The delivery code, which the buyer gives to the seller when the goods arrive.
#[derive(Object)]
#[oai(rename = "DeliveryCode")]
struct HandOverAnswer {
    /// Six digits. Give them to the seller only when you have the goods: with them, the seller can prove the delivery.
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
    /// For the seller of a funded deal. Starts the inspection period of the buyer; without a rejection, the milestone
    /// is released when it ends. The body gives the proof; it may be empty if the milestone requires no `proof`. A
    /// delivery code can be tried five times an hour. Problems: `wrong_party` (403), `wrong_state`, `too_late` (409),
    /// `proof_required`, `invalid_code` (422), `too_many_attempts` (429), `not_found` (404), `idempotency_key_required`
    /// (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/deliver",
        method = "post",
        operation_id = "deliver_milestone"
    )]
    async fn deliver_milestone(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
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

    /// Upload a file as delivery proof
    ///
    /// For the seller, before the delivery; give the id to `deliver_milestone`. The body is the file, as in
    /// `create_evidence`. A milestone has at most 20 files. Problems: `file_damaged`, `image_too_large`,
    /// `active_content` (422), `unsupported_media_type` (415), `request_too_large` (413), `too_many_documents`,
    /// `wrong_state` (409), `wrong_party` (403), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/files",
        method = "post",
        operation_id = "create_milestone_file"
    )]
    async fn create_milestone_file(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        file: Upload,
    ) -> Result<Made<FileAnswer>, ApiError> {
        let at = (id.0.0, FilePlace::Delivery(milestone.0.0));
        files::add(&context, (&caller, key.0, "create_milestone_file"), at, file).await
    }

    /// Create a link to a delivery file
    ///
    /// For both parties. Returns a link (`get_file`) that is valid for one minute. Problems: `wrong_party` (403),
    /// `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/files/:document/link",
        method = "post",
        operation_id = "create_milestone_file_link"
    )]
    async fn create_milestone_file_link(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        /// Id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let at = (id.0.0, FilePlace::Delivery(milestone.0.0));
        files::link(&context, &caller, at, document.0.0).await
    }

    /// Get the delivery code of a milestone
    ///
    /// For the buyer in a session, while the milestone is funded and not delivered. A rejected delivery changes the
    /// code. Problems: `wrong_party` (403), `wrong_state` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/delivery-code",
        method = "get",
        operation_id = "get_delivery_code"
    )]
    async fn get_delivery_code(
        &self,
        context: Data<&Arc<Context>>,
        caller: Caller,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
    ) -> Result<HandOver, ApiError> {
        let place = (id.0.0, milestone.0.0);
        let code = context.store.delivery_code(caller.user(), place, &context.codes).await?;
        Ok(HandOver::Code(Json(HandOverAnswer { code: code.to_string() })))
    }
}
