//! What deals cost: versions of the fee plan.

use super::approvals::{ApprovalAnswer, ask};
use crate::Chapter;
use crate::auth::Operator;
use crate::body::Body;
use crate::context::Context;
use crate::once::{Asked, Made, keyed, unless_answered};
use crate::page::{Cursor, PageOf, limit};
use crate::problem::ApiError;
use crate::wire::{
    BasisPoints, Key, Limit, MinorOrNone, Moment, Money, Note, Nullable, Timestamp, Wire,
};
use amana_domain::approval::Wanted;
use amana_domain::fee::{FeePayer, FeePlan};
use amana_domain::id::UserId;
use amana_domain::money::{self, Currency};
use amana_domain::permission::Resource;
use amana_postgres::PublishedPlan;
use chrono::{DateTime, SubsecRound, Utc};
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Deserialize;
use std::sync::Arc;

/// As exact as PostgreSQL keeps a moment.
const MICROSECONDS: u16 = 6;

/// What deals are to cost.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateFeePlan {
    currency: Wire<Currency>,
    /// Of all amounts together, in hundredths of a percent.
    percentage_bps: BasisPoints,
    /// In minor units, added to the percentage.
    fixed_minor: MinorOrNone,
    /// In minor units: the two are never less together; nothing if left out.
    floor_minor: Option<MinorOrNone>,
    /// In minor units: nor more than this; without bound if left out.
    cap_minor: Option<MinorOrNone>,
    /// In minor units: what mobile money costs us for a deal, passed on; nothing if left out.
    provider_cost_minor: Option<MinorOrNone>,
    /// Since when new offers take it; from its approval on if left out.
    valid_from: Option<Wire<Moment>>,
    /// Why; it is kept with the request.
    note: Wire<Note>,
}

/// A version of what deals cost.
#[derive(Debug, Object)]
#[oai(rename = "FeePlan")]
struct FeePlanAnswer {
    currency: Wire<Currency>,
    /// Counts the versions of this currency; the first is that of the settings.
    version: u32,
    percentage_bps: u16,
    fixed: Money,
    floor: Money,
    cap: Nullable<Money>,
    provider_cost: Money,
    valid_from: Timestamp,
    published_by: Wire<UserId>,
    published_at: Timestamp,
}

#[derive(ApiResponse)]
enum FoundPage {
    /// One page of versions.
    #[oai(status = 200)]
    Page(Json<PageOf<FeePlanAnswer>>),
}

impl From<PublishedPlan> for FeePlanAnswer {
    fn from(published: PublishedPlan) -> Self {
        let plan = published.plan;
        Self {
            currency: published.currency.into(),
            version: plan.version,
            percentage_bps: plan.percentage_bps,
            fixed: plan.fixed.into(),
            floor: plan.floor.into(),
            cap: Nullable::of(plan.cap),
            provider_cost: plan.provider_cost.into(),
            valid_from: published.valid_from.into(),
            published_by: published.published_by.into(),
            published_at: published.published_at.into(),
        }
    }
}

impl CreateFeePlan {
    fn parse(&self, now: DateTime<Utc>) -> Result<Wanted, ApiError> {
        let currency = self.currency.0;
        let money = |minor: MinorOrNone| money::Money::new(minor.get(), currency);
        let or_nothing =
            |minor: Option<MinorOrNone>| minor.map_or(Ok(money::Money::zero(currency)), money);
        let (floor, cap) = (or_nothing(self.floor_minor)?, self.cap_minor.map(money).transpose()?);
        if cap.is_some_and(|cap| floor.exceeds(cap).unwrap_or(true)) {
            return Err(ApiError::field("/cap_minor", "the cap cannot be below the floor"));
        }
        let now = now.trunc_subsecs(MICROSECONDS);
        let valid_from =
            self.valid_from.as_ref().map_or(now, |at| at.0.0.trunc_subsecs(MICROSECONDS));
        if valid_from < now {
            return Err(ApiError::field("/valid_from", "expected a moment that is still to come"));
        }
        let plan = FeePlan {
            percentage_bps: self.percentage_bps.get_u16(),
            fixed: money(self.fixed_minor)?,
            floor,
            cap,
            provider_cost: or_nothing(self.provider_cost_minor)?,
            // Who bears it is said in each offer, and its version when it is written.
            payer: FeePayer::Seller,
            version: 0,
        };
        Ok(Wanted::PublishFeePlan { plan, valid_from })
    }
}

pub(crate) struct FeePlans;

#[OpenApi(prefix_path = "/v1/operator/fee-plans", tag = "Chapter::Operator")]
impl FeePlans {
    /// Ask to publish a fee plan
    ///
    /// As the next version for its currency, once another operator approves it (`approve_approval`). New offers and
    /// counter-offers take the version that is valid since last; deals keep that of their offer. A plan that was
    /// published is never changed. One request per currency waits at a time. Problems: `already_requested` (409),
    /// `step_up_required`, `forbidden` (403), `invalid_request` (422), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "create_fee_plan")]
    async fn create_fee_plan(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// A text of your own choosing that names this call.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateFeePlan>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let keyed = keyed(operator.caller(), key.0, "create_fee_plan", &body.canonical);
        // A moment that was to come when it was asked for has passed when the call is repeated.
        let check = async { body.value.parse(context.now()) };
        let wanted = match unless_answered(&context, &keyed, check).await? {
            Asked::New(wanted) => wanted,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        ask(&context, (&operator, keyed), (None, wanted, body.value.note.0)).await
    }

    /// List the fee plans of a currency
    ///
    /// The published ones, the newest version first; before them, and below their versions, the settings apply.
    /// Problems: `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_fee_plans")]
    async fn list_fee_plans(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Of which currency; `KES` if left out.
        currency: Query<Option<Wire<Currency>>>,
        /// The `next_cursor` of the page before.
        after: Query<Option<Cursor<u32>>>,
        /// How many items a page has at most; 20 if left out.
        #[oai(name = "limit")]
        size: Query<Option<Limit>>,
    ) -> Result<FoundPage, ApiError> {
        operator.may_read(&context, Resource::FeePlans)?;
        let currency = currency.0.map_or(Currency::Kes, |currency| currency.0);
        let after = after.0.map(|Cursor(version)| version);
        let page = context.store.fee_plans(currency, after, limit(size.0)).await?;
        let cursor = |one: &PublishedPlan| one.plan.version;
        Ok(FoundPage::Page(Json(PageOf::of(page, cursor, FeePlanAnswer::from))))
    }
}
