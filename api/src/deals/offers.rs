//! Negotiation: offers, agreements and quotes.

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
    /// The accepted offer.
    #[oai(status = 200)]
    Agreement(Json<AgreementAnswer>),
}

#[derive(ApiResponse)]
enum Quoted {
    /// The quote.
    #[oai(status = 200)]
    Quote(Json<QuoteOfDeal>),
}

pub(crate) struct Offers;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Offers {
    /// Make another offer
    ///
    /// For either party of a proposed deal. The new offer replaces the current one; the other party can accept it or
    /// make another. The creator of a draft can replace its offer. The body contains the whole offer. The current fee
    /// plan applies. Problems: `wrong_party` (403), `wrong_state`, `too_late`, `deal_limit` (409),
    /// `fee_exceeds_amount`, `invalid_request` (422).
    #[oai(path = "/:id/counter", method = "post", operation_id = "counter_deal")]
    async fn counter_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
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
    /// Oldest first, with the changes from the previous offer and the signatures. Offers never change. Problems:
    /// `not_found` (404).
    #[oai(path = "/:id/revisions", method = "get", operation_id = "list_deal_revisions")]
    async fn list_deal_revisions(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// `next_cursor` of the previous page, or the number of the last known offer.
        after: Query<Option<Cursor<u32>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Revisions, ApiError> {
        let (user, after) = (caller.user(), after.0.map_or(0, |Cursor(revision)| revision));
        let page = context.store.deal_revisions(user, id.0.0, after, limit(size.0)).await?;
        let item = |revision| RevisionAnswer::seen_by(user, revision);
        Ok(Revisions::Page(Json(PageOf::of(page, |one| one.revision, item))))
    }

    /// Get the agreement of a deal
    ///
    /// Returns the offer that both parties signed, with their names at that time. Later changes of names do not affect
    /// it. Problems: `not_found` (404), also if the deal was never agreed.
    #[oai(path = "/:id/agreement", method = "get", operation_id = "get_agreement")]
    async fn get_agreement(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Agreed, ApiError> {
        let agreement = context.store.agreement(caller.user(), id.0.0).await?;
        Ok(Agreed::Agreement(Json(AgreementAnswer::seen_by(caller.user(), agreement))))
    }

    /// Get a quote for a deal
    ///
    /// Returns the costs for each party under the current fee plan. Creates nothing. Problems: `fee_exceeds_amount`,
    /// `amount_out_of_range`, `invalid_request` (422).
    #[oai(path = "/quote", method = "post", operation_id = "quote_deal")]
    async fn quote_deal(
        &self,
        context: Data<&Arc<Context>>,
        _caller: Principal<DealsRead>,
        body: Body<costs::QuoteDeal>,
    ) -> Result<Quoted, ApiError> {
        Ok(Quoted::Quote(Json(body.value.quote(&context).await?)))
    }
}
