//! Negotiation: offers, what was signed, and what a deal would cost.

use super::answer::{AgreementAnswer, DealAnswer, QuoteOfDeal, RevisionAnswer};
use super::request::CounterDeal;
use super::{Current, costs};
use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::page::{Cursor, PageOf, limit};
use crate::principal::{DealsRead, DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::{Limit, Wire};
use amana_domain::id::DealId;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;

#[derive(ApiResponse)]
enum Revisions {
    /// One page of offers.
    #[oai(status = 200)]
    Page(Json<PageOf<RevisionAnswer>>),
}

#[derive(ApiResponse)]
enum Agreed {
    /// What both sides have signed.
    #[oai(status = 200)]
    Agreement(Json<AgreementAnswer>),
}

#[derive(ApiResponse)]
enum Quoted {
    /// What it would cost.
    #[oai(status = 200)]
    Quote(Json<QuoteOfDeal>),
}

pub(crate) struct Offers;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Offers {
    /// Make another offer
    ///
    /// Of a proposed deal, either party may make it, in place of the offer that is on the table; the other one then
    /// agrees, or makes another. A draft is written anew by the party that created it. All of the offer is said anew, and
    /// takes the fee plan of this moment. Problems: `wrong_party` (403), `wrong_state`, `too_late`, `deal_limit` (409),
    /// `fee_exceeds_amount`, `invalid_request` (422).
    #[oai(path = "/:id/counter", method = "post", operation_id = "counter_deal")]
    async fn counter(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        body: Body<CounterDeal>,
    ) -> Result<Current, ApiError> {
        let offer = body.value.parse(&context)?;
        let (user, id) = (caller.user(), id.0.0);
        let deal = context
            .write(async move |store, now| store.counter_deal(user, id, offer, now).await)
            .await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
    }

    /// List the offers of a deal
    ///
    /// Every offer as it was made, the newest last, with what is different from the one before and who signed it. They
    /// never change. Problems: `not_found` (404).
    #[oai(path = "/:id/revisions", method = "get", operation_id = "list_deal_revisions")]
    async fn revisions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The `next_cursor` of the page before, or the number of the last offer that is known.
        after: Query<Option<Cursor<u32>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Revisions, ApiError> {
        let (user, after) = (caller.user(), after.0.map_or(0, |Cursor(revision)| revision));
        let page = context.store.deal_revisions(user, id.0.0, after, limit(size.0)).await?;
        let item = |revision| RevisionAnswer::seen_by(user, revision);
        Ok(Revisions::Page(Json(PageOf::of(page, |one| one.revision, item))))
    }

    /// Get what was agreed
    ///
    /// The offer that both sides have signed, with the names of that moment: whatever people change about themselves
    /// later, this stays. Problems: `not_found` (404), also for a deal that was not agreed.
    #[oai(path = "/:id/agreement", method = "get", operation_id = "get_agreement")]
    async fn agreement(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Agreed, ApiError> {
        let agreement = context.store.agreement(caller.user(), id.0.0).await?;
        Ok(Agreed::Agreement(Json(AgreementAnswer::seen_by(caller.user(), agreement))))
    }

    /// Ask what a deal would cost
    ///
    /// What each side would pay and get for milestones of these amounts, by the fee plan of this moment. Nothing is made.
    /// Problems: `fee_exceeds_amount`, `amount_out_of_range`, `invalid_request` (422).
    #[oai(path = "/quote", method = "post", operation_id = "quote_deal")]
    async fn quote(
        &self,
        context: Data<&Arc<Context>>,
        _caller: Principal<DealsRead>,
        body: Body<costs::QuoteDeal>,
    ) -> Result<Quoted, ApiError> {
        Ok(Quoted::Quote(Json(body.value.quote(&context).await?)))
    }
}
