//! Deals: creating, commanding, reading.

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

/// The deal as one side sees it: a key is one person's, and so is the answer that is stored under it.
pub(crate) fn render(deal: &DealView, user: UserId) -> Answer {
    answer(StatusCode::OK, &DealAnswer::seen_by(deal, user))
}

fn render_funding(funding: &Funding, user: UserId) -> Answer {
    let status = if funding.payment.is_some() { StatusCode::ACCEPTED } else { StatusCode::OK };
    answer(status, &DealAnswer::seen_by(&funding.deal, user))
}

/// A command that moves no money and may be repeated.
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

/// A command of one side, carried out once per key. The fingerprint is the whole command, so that a member that is added
/// to one cannot be left out of it.
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
    /// Writes down who sells what to whom, in 1 to 20 milestones that are delivered and paid one by one. The
    /// fees are fixed here. It is a draft until `propose_deal`. Somebody who is not registered is invited then, and that
    /// side is `null` until they have proven the address or number. In the name of an organisation, its members can read
    /// it; what is done is done by the two parties. Problems: `unknown_counterparty`, if their account is closed,
    /// `recipient_closed`, if the broker's is, `unknown_organisation`, `invitation_limit`,
    /// `deal_reference_taken` (409), `same_party`, `fee_exceeds_amount`, `amount_out_of_range`, `unsupported_currency`,
    /// `invalid_request`, `idempotency_key_reused` (422), `account_closed`, `verified_contact_required` (403),
    /// `idempotency_key_required` (400), `rate_limited` (429) beyond 1,000 in an hour.
    #[oai(path = "/", method = "post", operation_id = "create_deal")]
    async fn create(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateDeal>,
    ) -> Result<Made<DealAnswer>, ApiError> {
        // By a key of an organisation, the same body makes another deal.
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

    /// List one's deals
    ///
    /// All deals that concern the caller: as buyer, seller, broker or payer; newest first. With `reference`, only the deal
    /// that the caller created with it. For a key of an organisation: the deals in its name.
    #[oai(path = "/", method = "get", operation_id = "list_deals")]
    async fn list(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The reference of a deal that the caller created.
        reference: Query<Option<Wire<DealReference>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<DealId>>>,
        /// How many items a page has at most; 20 if left out.
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
    /// The deal with its milestones and the newest payment for it. Deals of others do not exist for the
    /// caller, unless they are in the name of an organisation of theirs: `not_found` (404).
    #[oai(path = "/:id", method = "get", operation_id = "get_deal")]
    async fn get(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
    ) -> Result<Current, ApiError> {
        let deal = context.store.deal(caller.user(), id.0.0).await?;
        Ok(Current::Deal(Json(DealAnswer::seen_by(&deal, caller.user()))))
    }

    /// List what has happened to a deal
    ///
    /// Events in their order, numbered within the deal without gaps. They never change.
    #[oai(path = "/:id/timeline", method = "get", operation_id = "list_deal_events")]
    async fn timeline(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsRead>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// The `next_cursor` of the page before, or the `seq` of the last event that is known.
        after: Query<Option<Cursor<i64>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<Timeline, ApiError> {
        let after = after.0.map_or(0, |Cursor(seq)| seq);
        let page = context.store.timeline(caller.user(), id.0.0, after, limit(size.0)).await?;
        Ok(Timeline::Page(Json(PageOf::of(page, |event| event.seq, TimelineAnswer::from))))
    }

    /// Offer a deal to the other party
    ///
    /// For the party that created it. The other party has the acceptance period to agree. Problems:
    /// `wrong_party` (403), `wrong_state` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/propose", method = "post", operation_id = "propose_deal")]
    async fn propose(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "propose_deal");
        command_once(&context, by, id.0.0, Command::Propose).await
    }

    /// Agree to a deal
    ///
    /// For the party to whom it was offered: it signs the revision that it names, and no other. Both are bound then,
    /// and the buyer has the funding period to pay. Problems: `own_proposal`, `account_closed` (403), `wrong_state`,
    /// `revision_mismatch`, `too_late` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/agree", method = "post", operation_id = "agree_deal")]
    async fn agree(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<AgreeDeal>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let command = Command::Agree(body.value.revision.get_u32());
        command_once(&context, (caller, key.0, "agree_deal"), id.0.0, command).await
    }

    /// Pay for a deal
    ///
    /// For the buyer and whoever the buyer named (`name_payer`), in one payment or in parts: when all of it is there,
    /// the deal is funded; if that does not happen in time, everybody gets back what they paid. `wallet` takes the
    /// money at once and answers 200; `mpesa` asks the phone and answers 202: follow the deal, whose `payment` says
    /// how it goes. Each payer has one payment under way at a time. What a phone pays beyond what is outstanding stays
    /// in the payer's wallet; an `amount` above what is outstanding needs `allow_more`. Where that is more than mobile money carries at once, `provider_limit` says in which
    /// `payments` it can be done. With `dry_run=true` it answers 200 with what it would do. Problems: `wrong_party`,
    /// `account_closed` (403), `wrong_state`, `too_late`, `payment_in_progress`, `prompt_pending` (409), `too_many_prompts` (429), `insufficient_funds`,
    /// `amount_exceeds_outstanding`, `provider_limit`, `whole_units_required`, `unsupported_currency` (422),
    /// `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/fund", method = "post", operation_id = "fund_deal")]
    async fn fund(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        /// With `true`, answers what the call would do, and does nothing. An API key needs `wallet:read` for it as well.
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

    /// Release the money of a milestone to the seller
    ///
    /// For the buyer of a funded deal, before or after delivery. It cannot be taken back. What is disputed is divided
    /// (`create_split_offer`) or decided instead. Problems: `wrong_party` (403), `wrong_state` (409), `not_found` (404), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(
        path = "/:id/milestones/:milestone/release",
        method = "post",
        operation_id = "release_milestone"
    )]
    async fn release(
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
        let by = (caller, key.0, "release_milestone");
        command_once(&context, by, id.0.0, Command::Release(milestone.0.0)).await
    }

    /// Call a deal off that is not funded
    ///
    /// Either party can, at once; what was paid in part goes back to who paid. Once it is funded, both have to want it
    /// (`cancel_deal_mutually`). Problems: `wrong_state`, `payment_in_progress` (409), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/:id/cancel", method = "post", operation_id = "cancel_deal")]
    async fn cancel(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "cancel_deal");
        command_once(&context, by, id.0.0, Command::Cancel).await
    }

    /// Call a funded deal off, together
    ///
    /// The first side's call is noted in `cancel_asked_by`; when the other side calls, too, everything that is still open
    /// goes back to who paid. What happens to the deal in between makes the first call void. Problems: `wrong_state`,
    /// `already_requested`, `too_late` (409), `idempotency_key_required` (400), `idempotency_key_reused` (422).
    #[oai(path = "/:id/mutual-cancel", method = "post", operation_id = "cancel_deal_mutually")]
    async fn cancel_mutually(
        &self,
        context: Data<&Arc<Context>>,
        caller: Principal<DealsWrite>,
        /// The id of the deal.
        id: Path<Wire<DealId>>,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
    ) -> Result<Done<DealAnswer>, ApiError> {
        let by = (caller, key.0, "cancel_deal_mutually");
        command_once(&context, by, id.0.0, Command::MutualCancel).await
    }
}
