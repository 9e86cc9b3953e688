//! Operations by which the parties settle a milestone themselves: reject, refund, split.

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::deals::{Current, DealAnswer, command_once, share};
use crate::once::Done;
use crate::principal::{DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::{Key, NonNegativeMoney, Note, Wire};
use amana_domain::deal::{Command, Percent};
use amana_domain::id::{DealId, MilestoneId};
use poem::web::Data;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// A rejection of a delivery.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RejectMilestone {
    /// Change that the seller must make; shown to the seller.
    reason: Wire<Note>,
}

/// The seller's part of a milestone, in exactly one of the two forms.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct OfferSplit {
    /// Seller's part of the milestone's amount, before fees.
    to_seller: Option<NonNegativeMoney>,
    /// Seller's part in percent of the milestone's amount: a decimal number from 0 to 100 with up to three decimal
    /// places, such as `61.803`. The part is rounded half up to the cent.
    seller_percent: Option<Wire<Percent>>,
}

/// An acceptance of the other party's offer.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AcceptSplit {
    /// `to_seller` of the other party's current offer.
    to_seller: NonNegativeMoney,
}

pub(crate) struct Milestones;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Milestones {
    /// Reject a delivery
    ///
    /// For the buyer, up to three times per milestone. The seller has the rework period to deliver again; if it passes,
    /// the buyer is refunded. Problems: `wrong_party` (403), `wrong_state`, `too_late`, `deal_limit` (409), `not_found`
    /// (404).
    #[oai(
        path = "/:id/milestones/:milestone/reject",
        method = "post",
        operation_id = "reject_milestone"
    )]
    async fn reject_milestone(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        body: Body<RejectMilestone>,
    ) -> Result<Current, ApiError> {
        let (user, id, reason) = (caller.user(), id.0.0, body.value.reason.0.0);
        let command = Command::Reject(milestone.0.0);
        let deal = context
            .write(async move |store, now| {
                store.command_deal(user, id, &command, Some(reason), now).await
            })
            .await?;
        Ok(Current::seen_by(&deal, user))
    }

    /// Refund a milestone to the buyer
    ///
    /// For the seller of a funded deal, before or after delivery. A refund is final. In a dispute, offer a split with
    /// `to_seller` zero instead (`create_split_offer`). Problems: `wrong_party` (403), `wrong_state` (409), `not_found`
    /// (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/refund",
        method = "post",
        operation_id = "refund_milestone"
    )]
    async fn refund_milestone(
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
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "refund_milestone");
        command_once(&context, by, id.0.0, Command::Refund(milestone.0.0)).await
    }

    /// Offer a split of a milestone
    ///
    /// For both parties. Offers the seller a part of the milestone's amount; the rest is refunded to the buyer, and
    /// fees are charged in proportion. The offer replaces your previous one. It is listed in `offers` until the other
    /// party accepts it (`accept_split_offer`) or the milestone is settled. Problems: `share_out_of_range` (422),
    /// `wrong_party` (403), `wrong_state` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/split-offers",
        method = "post",
        operation_id = "create_split_offer"
    )]
    async fn create_split_offer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Id of the milestone.
        milestone: Path<Wire<MilestoneId>>,
        body: Body<OfferSplit>,
    ) -> Result<Current, ApiError> {
        let share = share(body.value.to_seller.as_ref(), body.value.seller_percent)?;
        let (user, place) = (caller.user(), (id.0.0, milestone.0.0));
        let deal = context
            .write(async move |store, now| store.offer_split(user, place, share, now).await)
            .await?;
        Ok(Current::seen_by(&deal, user))
    }

    /// Accept a split of a milestone
    ///
    /// For both parties. Settles the milestone immediately. `to_seller` must equal the other party's current offer.
    /// Problems: `offer_mismatch` (409) if it differs or there is no offer; `wrong_party` (403), `wrong_state` (409),
    /// `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/split-offers/accept",
        method = "post",
        operation_id = "accept_split_offer"
    )]
    async fn accept_split_offer(
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
        body: Body<AcceptSplit>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let (milestone, to_seller) = (milestone.0.0, body.value.to_seller.money()?);
        let command = Command::AcceptSplit { milestone, to_seller };
        command_once(&context, (caller, key.0, "accept_split_offer"), id.0.0, command).await
    }
}
