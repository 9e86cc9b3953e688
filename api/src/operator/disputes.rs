//! Disputes that wait for an arbiter.

use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::deals::{DealAnswer, TimelineAnswer, share};
use crate::disputes::{DisputeAnswer, decided};
use crate::kyc::FoundLink;
use crate::once::{Done, keyed};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{Key, Limit, NonNegativeMoney, PositiveMoney, Wire, Words};
use amana_domain::deal::{self, Percent, Role};
use amana_domain::id::{DisputeId, DocumentId};
use amana_domain::permission::Resource;
use amana_postgres::{AwardRequest, DisputePlace};
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// How a dispute is decided. The seller's part is said in exactly one of the two ways.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AwardDispute {
    /// So much of the milestone's amount is for the seller; fees come out of it.
    to_seller: Option<NonNegativeMoney>,
    /// Of the milestone's amount: a decimal number from 0 to 100 with up to three places, rounded half up to the cent.
    seller_percent: Option<Wire<Percent>>,
    /// With `true`, the platform and the broker go without their part; `false` if left out.
    fees_waived: Option<bool>,
    /// What the arbitration costs, if one side is to bear it.
    costs: Option<Costs>,
    /// 3 to 2,000 characters; both sides are told.
    reason: Wire<Words>,
}

/// What the arbitration costs.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "CostsOfAward")]
struct Costs {
    amount: PositiveMoney,
    /// Out of whose share it comes.
    borne_by: Wire<Role>,
}

impl AwardDispute {
    fn parse(&self) -> Result<AwardRequest, ApiError> {
        let costs = self.costs.as_ref().map(|costs| {
            let amount = costs.amount.money()?;
            Ok::<_, ApiError>(deal::Costs { amount, borne_by: costs.borne_by.0 })
        });
        Ok(AwardRequest {
            share: share(self.to_seller.as_ref(), self.seller_percent)?,
            fees_waived: self.fees_waived.unwrap_or_default(),
            costs: costs.transpose()?,
        })
    }
}

/// All that an arbiter needs to decide.
#[derive(Object)]
#[oai(rename = "DisputeReview")]
struct ReviewAnswer {
    dispute: DisputeAnswer,
    deal: DealAnswer,
    /// What has happened to the deal, the newest 100 events in their order.
    timeline: Vec<TimelineAnswer>,
}

#[derive(ApiResponse)]
enum Found {
    /// The dispute with its deal.
    #[oai(status = 200)]
    Review(Json<ReviewAnswer>),
}

#[derive(ApiResponse)]
enum FoundPage {
    /// One page of disputes.
    #[oai(status = 200)]
    Page(Json<PageOf<DisputeAnswer>>),
}

pub(crate) struct Disputes;

#[OpenApi(prefix_path = "/v1/operator/disputes", tag = "Chapter::Operator")]
impl Disputes {
    /// List disputes that wait for an award
    ///
    /// Those that were answered first come first, with their amounts and deadlines; without the caller's own. Problems:
    /// `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_dispute_reviews")]
    async fn list_dispute_reviews(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<DisputePlace>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<FoundPage, ApiError> {
        operator.may_read(&context, Resource::Disputes)?;
        let after = after.0.map(|Cursor(place)| place);
        let caller = operator.caller().user();
        let page = context.store.dispute_reviews(caller, after, limit(size.0)).await?;
        let page = PageOf::of(page, DisputePlace::of, |view| DisputeAnswer::from(&view));
        Ok(FoundPage::Page(Json(page)))
    }

    /// Get a dispute to decide about
    ///
    /// With the deal, its timeline, and what is known of the evidence, to which `create_dispute_review_link` leads.
    /// Problems: `not_found` (404), `forbidden`, `conflict_of_interest` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_dispute_review")]
    async fn get_dispute_review(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the dispute.
        id: Path<Wire<DisputeId>>,
    ) -> Result<Found, ApiError> {
        let (staff, now) = (operator.staff(), context.now());
        let review = context.store.dispute_review(&staff, id.0.0, now).await?;
        Ok(Found::Review(Json(ReviewAnswer {
            dispute: DisputeAnswer::from(&review.dispute),
            deal: DealAnswer::seen_by(&review.deal, operator.caller().user()),
            timeline: review.timeline.into_iter().map(TimelineAnswer::from).collect(),
        })))
    }

    /// Get a link to a file of a dispute
    ///
    /// To evidence, or to a file that the seller has shown for the milestone. It is good for a minute, for the caller
    /// (`get_file`). That it was made is recorded, and so is each look. Problems: `not_found` (404), `forbidden`,
    /// `conflict_of_interest` (403).
    #[oai(
        path = "/:id/evidence/:document/link",
        method = "post",
        operation_id = "create_dispute_review_link"
    )]
    async fn create_dispute_review_link(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the dispute.
        id: Path<Wire<DisputeId>>,
        /// The id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let (staff, place) = (operator.staff(), (id.0.0, document.0.0));
        let document = context
            .write(async move |store, now| store.link_dispute_document(&staff, place, now).await)
            .await?;
        Ok(FoundLink::Link(Json(context.links.make(document, operator.caller(), context.now()))))
    }

    /// Decide about a dispute
    ///
    /// Once it is answered, by somebody who has no part in the deal. The milestone is divided at once; above KES
    /// 100,000, and in other currencies, a second arbiter has to look, calls the same operation, and that award counts.
    /// Problems: `share_out_of_range` (422), `own_request` if the second is the first, `conflict_of_interest` for those
    /// whom the deal or its organisation concerns, `forbidden` (403), `wrong_state`, `too_late` (409),
    /// `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/award", method = "post", operation_id = "award_dispute")]
    async fn award_dispute(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// The id of the dispute.
        id: Path<Wire<DisputeId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<AwardDispute>,
    ) -> Result<Done<DisputeAnswer>, ApiError> {
        let staff = operator.staff();
        let (id, request) = (id.0.0, body.value.parse()?);
        let said = format!("{id} {}", body.canonical);
        let keyed = keyed(operator.caller(), key.0, "award_dispute", &said);
        let reason = body.value.reason.0.0;
        let outcome = context
            .write(async move |store, now| {
                store.award_dispute((&keyed, &staff), id, (&request, reason), decided, now).await
            })
            .await?;
        Ok(outcome.into())
    }
}
