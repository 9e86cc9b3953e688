//! What the two sides settle between themselves: sending back, giving back, dividing.

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

/// Why a delivery is sent back.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct RejectMilestone {
    /// What is to be done again; the seller is told.
    reason: Wire<Note>,
}

/// What the seller is to have: exactly one of the two.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct OfferSplit {
    /// So much of the milestone's amount, before fees.
    to_seller: Option<NonNegativeMoney>,
    /// Of the milestone's amount: a decimal number from 0 to 100 with up to three places, such as `61.803`. Rounded
    /// half up to the cent.
    seller_percent: Option<Wire<Percent>>,
}

/// The offer that is accepted.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct AcceptSplit {
    /// What the other side's offer says now.
    to_seller: NonNegativeMoney,
}

pub(crate) struct Milestones;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Milestones {
    /// Send a delivery back
    ///
    /// For the buyer, up to three times: the seller has the rework period to deliver again, and if that passes the
    /// buyer gets the money back. Problems: `wrong_party` (403), `wrong_state`, `too_late`, `deal_limit` (409),
    /// `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/reject",
        method = "post",
        operation_id = "reject_milestone"
    )]
    async fn reject_milestone(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
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

    /// Give the money of a milestone back to the buyer
    ///
    /// For the seller of a funded deal, before or after delivery. It cannot be taken back. In a dispute the seller
    /// gives in by offering to get nothing (`create_split_offer`). Problems: `wrong_party` (403), `wrong_state` (409),
    /// `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/refund",
        method = "post",
        operation_id = "refund_milestone"
    )]
    async fn refund_milestone(
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
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "refund_milestone");
        command_once(&context, by, id.0.0, Command::Refund(milestone.0.0)).await
    }

    /// Offer to divide a milestone
    ///
    /// Says how much of the milestone's amount the seller may have; the rest goes back to the buyer, and fees are due
    /// in proportion. It takes the place of one's offer before, and stands in `offers` until the other side accepts it
    /// (`accept_split_offer`) or the milestone is settled. Problems: `share_out_of_range` (422), `wrong_party` (403),
    /// `wrong_state` (409), `not_found` (404).
    #[oai(
        path = "/:id/milestones/:milestone/split-offers",
        method = "post",
        operation_id = "create_split_offer"
    )]
    async fn create_split_offer(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The id of the milestone.
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

    /// Accept an offer to divide a milestone
    ///
    /// Takes the other side at its word: the milestone is settled at once. `to_seller` says what was read, so that no
    /// other offer is accepted by mistake. Problems: `offer_mismatch` (409) if the other side offers something else, or
    /// nothing; `wrong_party` (403), `wrong_state` (409), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/split-offers/accept",
        method = "post",
        operation_id = "accept_split_offer"
    )]
    async fn accept_split_offer(
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
        body: Body<AcceptSplit>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let (milestone, to_seller) = (milestone.0.0, body.value.to_seller.money()?);
        let command = Command::AcceptSplit { milestone, to_seller };
        command_once(&context, (caller, key.0, "accept_split_offer"), id.0.0, command).await
    }
}
