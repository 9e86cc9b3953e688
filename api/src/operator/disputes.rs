//! Disputes that wait for an award.

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

/// An award. The seller's part is given in exactly one of the two forms.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AwardDispute {
    /// Seller's part of the milestone's amount, before fees.
    to_seller: Option<NonNegativeMoney>,
    /// Seller's part in percent of the milestone's amount: a decimal number from 0 to 100 with up to three decimal
    /// places. The part is rounded half up to the cent.
    seller_percent: Option<Wire<Percent>>,
    /// With `true`, the fees of platform and broker are waived; `false` by default.
    fees_waived: Option<bool>,
    /// Cost of the arbitration, if one party bears it.
    costs: Option<Costs>,
    /// Reason for the award, shown to both parties: 3 to 2,000 characters.
    reason: Wire<Words>,
}

/// Cost of the arbitration.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields, rename = "CostsOfAward")]
struct Costs {
    /// Cost, deducted from the part of one party.
    amount: PositiveMoney,
    /// Party from whose part the cost is deducted.
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

/// Everything an arbiter needs for an award.
#[derive(Object)]
#[oai(rename = "DisputeReview")]
struct ReviewAnswer {
    dispute: DisputeAnswer,
    deal: DealAnswer,
    /// Newest 100 events of the deal, in chronological order.
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
    /// Ordered by the time of the answer, oldest first, with amounts and deadlines. Your own disputes are left out.
    /// Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_dispute_reviews")]
    async fn list_dispute_reviews(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<DisputePlace>>>,
        /// Maximum number of items per page; 20 by default.
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

    /// Get a dispute for review
    ///
    /// Returns the dispute with the deal, its timeline and the metadata of the evidence; `create_dispute_review_link`
    /// gives access to files. Problems: `not_found` (404), `forbidden`, `conflict_of_interest` (403).
    #[oai(path = "/:id", method = "get", operation_id = "get_dispute_review")]
    async fn get_dispute_review(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the dispute.
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

    /// Create a link to a dispute's file
    ///
    /// For evidence and for the seller's files of the milestone. Returns a link (`get_file`) for the caller that is
    /// valid for one minute. The link and each download are recorded. Problems: `not_found` (404), `forbidden`,
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
        /// Id of the dispute.
        id: Path<Wire<DisputeId>>,
        /// Id of the file.
        document: Path<Wire<DocumentId>>,
    ) -> Result<FoundLink, ApiError> {
        let (staff, place) = (operator.staff(), (id.0.0, document.0.0));
        let document = context
            .write(async move |store, now| store.link_dispute_document(&staff, place, now).await)
            .await?;
        Ok(FoundLink::Link(Json(context.links.make(document, operator.caller(), context.now()))))
    }

    /// Award a dispute
    ///
    /// For an arbiter who is not a party to the deal, once the dispute is answered. The milestone is divided
    /// immediately. Above KES 100,000, and in other currencies, a second arbiter must call the same operation; the
    /// second award counts. Problems: `share_out_of_range` (422), `own_request` if both awards are from the same
    /// arbiter, `conflict_of_interest` for arbiters concerned by the deal or its organisation, `forbidden` (403),
    /// `wrong_state`, `too_late` (409), `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused`
    /// (422).
    #[oai(path = "/:id/award", method = "post", operation_id = "award_dispute")]
    async fn award_dispute(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Id of the dispute.
        id: Path<Wire<DisputeId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
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
