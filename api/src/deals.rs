//! Deals: create, act on, read.

mod answer;
mod costs;
pub(crate) mod files;
mod fund;
mod inviting;
mod offers;
mod pay;
mod plain;
mod request;
mod share;
mod templates;

pub(crate) use answer::{DealAnswer, TimelineAnswer};
pub(crate) use inviting::DealInvitations;
pub(crate) use offers::Offers;
pub(crate) use share::share;
pub(crate) use templates::Templates;

use crate::Chapter;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Asked, Done, DoneOrStarted, Made, answer, keyed, unless_answered};
use crate::page::{Cursor, PageOf, limit};
use crate::principal::{DealsRead, DealsWrite, Principal};
use crate::problem::ApiError;
use crate::wire::{DealReference, Key, Limit, Wire};
use amana_domain::api_key::Scope;
use amana_domain::deal::Command;
use amana_domain::id::{DealId, MilestoneId, UserId};
use amana_postgres::{Answer, DealView, Funding};
use fund::FundDeal;
use poem::http::StatusCode;
use poem::web::Data;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use request::{AgreeDeal, CreateDeal};
use std::sync::Arc;

#[derive(ApiResponse)]
pub(crate) enum Current {
    /// The deal as it is now.
    #[oai(status = 200)]
    Deal(Json<DealAnswer>),
}

impl Current {
    pub(crate) fn seen_by(deal: &DealView, user: UserId) -> Self {
        Self::Deal(Json(DealAnswer::seen_by(deal, user)))
    }
}

#[derive(ApiResponse)]
pub(crate) enum DealPage {
    /// One page of deals.
    #[oai(status = 200)]
    Page(Json<PageOf<DealAnswer>>),
}

#[derive(ApiResponse)]
enum Timeline {
    /// One page of events.
    #[oai(status = 200)]
    Page(Json<PageOf<TimelineAnswer>>),
}

fn made(deal: &DealView, user: UserId) -> Answer {
    answer(StatusCode::CREATED, &DealAnswer::seen_by(deal, user))
}

/// Renders the deal for one user. An idempotency key belongs to one user, and so does the response that is stored with
/// it.
pub(crate) fn render(deal: &DealView, user: UserId) -> Answer {
    answer(StatusCode::OK, &DealAnswer::seen_by(deal, user))
}

fn render_funding(funding: &Funding, user: UserId) -> Answer {
    let status = if funding.payment.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer(status, &DealAnswer::seen_by(&funding.deal, user))
}

/// Executes a command that moves no money and may be repeated.
pub(crate) async fn command(
    context: &Context,
    caller: &Principal<DealsWrite>,
    id: DealId,
    command: Command,
) -> Result<Current, ApiError> {
    let user = caller.user();
    let deal = context
        .write(async move |store, now| store.command_deal(user, id, &command, None, now).await)
        .await?;
    Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, user))))
}

/// Executes a command once per idempotency key. The fingerprint is the whole command, so that it covers members that
/// are added later.
pub(crate) async fn command_once(
    context: &Context,
    (caller, key, operation): (Principal<DealsWrite>, Wire<Key>, &'static str),
    id: DealId,
    command: Command,
) -> Result<Done<DealAnswer>, ApiError> {
    let keyed = keyed(&caller, key, operation, &format!("{id} {command:?}"));
    let outcome = context
        .write(async move |store, now| {
            store.command_deal_once(&keyed, id, &command, render, now).await
        })
        .await?;
    Ok(outcome.into())
}

pub(crate) struct Deals;

#[OpenApi(prefix_path = "/v1/deals", tag = "Chapter::Deals")]
impl Deals {
    /// Create a deal
    ///
    /// Creates a draft with 1 to 20 milestones, each delivered and paid separately. The fee plan is fixed now. Propose
    /// the draft with `propose_deal`; an unregistered counterparty is invited then and joins by verifying the address
    /// or number. With `organisation_id`, all members of the organisation can read the deal; only buyer and seller can
    /// act on it. Problems: `unknown_counterparty` if the counterparty's account is closed, `recipient_closed` if the
    /// broker's account is closed, `unknown_organisation`, `invitation_limit`, `deal_reference_taken` (409),
    /// `same_party`, `fee_exceeds_amount`, `amount_out_of_range`, `unsupported_currency`, `invalid_request`,
    /// `idempotency_key_reused` (422), `account_closed`, `verified_contact_required` (403), `idempotency_key_required`
    /// (400), `rate_limited` (429) above 1,000 deals per hour.
    #[oai(path = "/", method = "post", operation_id = "create_deal")]
    async fn create_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateDeal>,
    ) -> Result<Made<DealAnswer>, ApiError> {
        // With an organisation's key, the same body creates a different deal.
        let request = format!("{:?} {}", caller.organisation(), body.canonical);
        let keyed = keyed(&caller, key.0, "create_deal", &request);
        let check = body.value.parse(&context, caller.user());
        let request = match unless_answered(&context, &keyed, check).await? {
            Asked::New(request) => request,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        let outcome = context
            .write(async move |store, now| store.create_deal_once(&keyed, request, made, now).await)
            .await?;
        Ok(outcome.into())
    }

    /// List your deals
    ///
    /// All deals in which you are buyer, seller, broker or payer, newest first. With `reference`, only the deal that
    /// you created with it. With an organisation's key, only deals in the organisation's name.
    #[oai(path = "/", method = "get", operation_id = "list_deals")]
    async fn list_deals(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Reference of a deal that you created.
        reference: Query<Option<Wire<DealReference>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<DealId>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<DealPage, ApiError> {
        let (user, after) = (caller.user(), after.0.map(|Cursor(id)| id));
        let page = match reference.0 {
            Some(reference) => {
                context.store.deals_by_reference(user, &reference.0.0, after).await?
            }
            None => context.store.deals(user, after, limit(size.0)).await?,
        };
        let page = PageOf::of(page, |deal| deal.deal.id, |deal| DealAnswer::seen_by(&deal, user));
        Ok(DealPage::Page(Json(page)))
    }

    /// Get a deal
    ///
    /// Returns the deal with its milestones and your newest payment. You can read deals in which you take part and
    /// those of your organisations; any other is not found. Problems: `not_found` (404).
    #[oai(path = "/:id", method = "get", operation_id = "get_deal")]
    async fn get_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Current, ApiError> {
        let deal = context.store.deal(caller.user(), id.0.0).await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, caller.user()))))
    }

    /// List the events of a deal
    ///
    /// Oldest first, numbered within the deal without gaps. Events never change.
    #[oai(path = "/:id/timeline", method = "get", operation_id = "list_deal_events")]
    async fn list_deal_events(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// `next_cursor` of the previous page, or the `seq` of the last known event.
        after: Query<Option<Cursor<i64>>>,
        /// Maximum number of items per page; 20 by default.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Timeline, ApiError> {
        let after = after.0.map_or(0, |Cursor(seq)| seq);
        let page = context.store.timeline(caller.user(), id.0.0, after, limit(size.0)).await?;
        Ok(Timeline::Page(Json(PageOf::of(page, |event| event.seq, TimelineAnswer::from))))
    }

    /// Propose a deal to the other party
    ///
    /// For the party that created the draft. Starts the acceptance period of the other party. Problems: `wrong_party`
    /// (403), `wrong_state` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/propose", method = "post", operation_id = "propose_deal")]
    async fn propose_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "propose_deal");
        command_once(&context, by, id.0.0, Command::Propose).await
    }

    /// Accept the offer of a deal
    ///
    /// For the party that received the offer. Signs exactly the given `revision`. Both parties are bound then, and the
    /// funding period of the buyer starts. Problems: `own_proposal`, `account_closed` (403), `wrong_state`,
    /// `revision_mismatch`, `too_late` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/agree", method = "post", operation_id = "agree_deal")]
    async fn agree_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<AgreeDeal>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let command = Command::Agree(body.value.revision.get_u32());
        command_once(&context, (caller, key.0, "agree_deal"), id.0.0, command).await
    }

    /// Pay for a deal
    ///
    /// For the buyer and additional payers (`add_payer`), in one payment or several. The deal is funded once the price
    /// is paid; otherwise all payers are refunded when the funding period ends. `wallet` pays immediately and returns
    /// 200. `mpesa` prompts the phone and returns 202; follow the deal's `payment`. Each payer can have one open
    /// payment. An `amount` above the outstanding amount needs `allow_overpayment`; any excess of an M-Pesa payment
    /// stays in the payer's wallet. If M-Pesa cannot carry the amount at once, `provider_limit` lists possible
    /// `payments`. With `dry_run=true`, returns 200 and the expected result, and changes nothing. Problems:
    /// `wrong_party`, `account_closed` (403), `wrong_state`, `too_late`, `payment_in_progress`, `prompt_pending` (409),
    /// `too_many_prompts` (429), `insufficient_funds`, `amount_exceeds_outstanding`, `provider_limit`,
    /// `whole_units_required`, `unsupported_currency` (422), `idempotency_key_required` (400), `idempotency_key_reused`
    /// (422).
    #[oai(path = "/:id/fund", method = "post", operation_id = "fund_deal")]
    async fn fund_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, returns the expected result and changes nothing. An API key then also needs `wallet:read`.
        dry_run: Query<Option<bool>>,
        body: Body<FundDeal>,
    ) -> Result<DoneOrStarted<DealAnswer>, ApiError> {
        let id = id.0.0;
        let keyed = keyed(&caller, key.0, "fund_deal", &format!("{id} {}", body.canonical));
        let check = body.value.parse(&context, &caller);
        if dry_run.0 == Some(true) {
            caller.require(Scope::WalletRead)?;
            let (request, user, now) = (check.await?, caller.user(), context.now());
            return Ok(context.store.quote_funding(user, id, &request, now).await?.into());
        }
        let request = match unless_answered(&context, &keyed, check).await? {
            Asked::New(request) => request,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        let outcome = context
            .write(async move |store, now| {
                store.fund_deal(&keyed, id, &request, render_funding, now).await
            })
            .await?;
        Ok(outcome.into())
    }

    /// Release a milestone to the seller
    ///
    /// For the buyer of a funded deal, before or after delivery. A release is final. A disputed milestone cannot be
    /// released; divide it by agreement (`create_split_offer`) or wait for the award. Problems: `wrong_party` (403),
    /// `wrong_state` (409), `not_found` (404), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/release",
        method = "post",
        operation_id = "release_milestone"
    )]
    async fn release_milestone(
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
        let by = (caller, key.0, "release_milestone");
        command_once(&context, by, id.0.0, Command::Release(milestone.0.0)).await
    }

    /// Cancel an unfunded deal
    ///
    /// For either party, with immediate effect. Refunds all payments. To cancel a funded deal, use
    /// `cancel_deal_mutually`. Problems: `wrong_state`, `payment_in_progress` (409), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/cancel", method = "post", operation_id = "cancel_deal")]
    async fn cancel_deal(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "cancel_deal");
        command_once(&context, by, id.0.0, Command::Cancel).await
    }

    /// Cancel a funded deal together
    ///
    /// The first request of a party is recorded in the deal. When the other party requests it too, all unsettled
    /// milestones are refunded. Any other action on the deal in between withdraws the request. Problems: `wrong_state`,
    /// `already_requested`, `too_late` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/mutual-cancel", method = "post", operation_id = "cancel_deal_mutually")]
    async fn cancel_deal_mutually(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// Id of the deal.
        id: Path<Wire<DealId>>,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "cancel_deal_mutually");
        command_once(&context, by, id.0.0, Command::MutualCancel).await
    }
}
