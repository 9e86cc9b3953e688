//! Versions of the fee plan.

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

/// Precision of timestamps in PostgreSQL.
const MICROSECONDS: u16 = 6;

/// A new version of a fee plan.
#[derive(Object, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[oai(deny_unknown_fields)]
struct CreateFeePlan {
    currency: Wire<Currency>,
    /// Percentage of the milestones' amounts, in basis points (hundredths of a percent).
    percentage_bps: BasisPoints,
    /// Fixed fee in minor units, added to the percentage.
    fixed_minor: MinorOrNone,
    /// Minimum of percentage plus fixed fee, in minor units; zero by default.
    floor_minor: Option<MinorOrNone>,
    /// Maximum of percentage plus fixed fee, in minor units; unlimited by default.
    cap_minor: Option<MinorOrNone>,
    /// Provider charges of a deal in minor units, passed on to the users; zero by default.
    provider_cost_minor: Option<MinorOrNone>,
    /// Time from which new offers use the plan; from its approval by default.
    valid_from: Option<Wire<Moment>>,
    /// Reason, stored with the request.
    note: Wire<Note>,
}

/// A published version of a fee plan.
#[derive(Debug, Object)]
#[oai(rename = "FeePlan")]
struct FeePlanAnswer {
    currency: Wire<Currency>,
    /// Number of the version within the currency; version 1 comes from the service's settings.
    version: u32,
    /// Percentage of the milestones' amounts, in basis points (hundredths of a percent).
    percentage_bps: u16,
    /// Fixed fee, added to the percentage.
    fixed: Money,
    /// Minimum of percentage plus fixed fee.
    floor: Money,
    /// Maximum of percentage plus fixed fee; `null` if there is none.
    cap: Nullable<Money>,
    /// Provider charges of a deal, passed on to the users.
    provider_cost: Money,
    /// Time from which new offers use the plan.
    valid_from: Timestamp,
    /// Operator who approved the plan.
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
            return Err(ApiError::field("/cap_minor", "expected at least `floor_minor`"));
        }
        let now = now.trunc_subsecs(MICROSECONDS);
        let valid_from =
            self.valid_from.as_ref().map_or(now, |at| at.0.0.trunc_subsecs(MICROSECONDS));
        if valid_from < now {
            return Err(ApiError::field("/valid_from", "expected a time in the future"));
        }
        let plan = FeePlan {
            percentage_bps: self.percentage_bps.get_u16(),
            fixed: money(self.fixed_minor)?,
            floor,
            cap,
            provider_cost: or_nothing(self.provider_cost_minor)?,
            // Each offer sets its payer, and the store assigns the version.
            payer: FeePayer::Seller,
            version: 0,
        };
        Ok(Wanted::PublishFeePlan { plan, valid_from })
    }
}

pub(crate) struct FeePlans;

#[OpenApi(prefix_path = "/v1/operator/fee-plans", tag = "Chapter::Operator")]
impl FeePlans {
    /// Request a new fee plan
    ///
    /// Requests the next version for its currency, published once another operator approves (`approve_approval`). New
    /// offers use the plan with the latest `valid_from` that is not in the future; deals keep the plan of their offer.
    /// A published plan never changes. Only one request per currency can be open. Problems: `already_requested` (409),
    /// `step_up_required`, `forbidden` (403), `invalid_request` (422), `idempotency_key_required` (400),
    /// `idempotency_key_reused` (422).
    #[oai(path = "/", method = "post", operation_id = "create_fee_plan")]
    async fn create_fee_plan(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Unique text of your choice for this call. A repeat returns the first response.
        #[oai(name = "Idempotency-Key")]
        key: Header<Wire<Key>>,
        body: Body<CreateFeePlan>,
    ) -> Result<Made<ApprovalAnswer>, ApiError> {
        let keyed = keyed(operator.caller(), key.0, "create_fee_plan", &body.canonical);
        // `valid_from` may have passed when the call is repeated.
        let check = async { body.value.parse(context.now()) };
        let wanted = match unless_answered(&context, &keyed, check).await? {
            Asked::New(wanted) => wanted,
            Asked::Answered(outcome) => return Ok(outcome.into()),
        };
        ask(&context, (&operator, keyed), (None, wanted, body.value.note.0)).await
    }

    /// List the fee plans of a currency
    ///
    /// Published versions, newest first. Before the first one, the service's settings apply as version 1. Problems:
    /// `forbidden` (403).
    #[oai(path = "/", method = "get", operation_id = "list_fee_plans")]
    async fn list_fee_plans(
        &self,
        context: Data<&Arc<Context>>,
        operator: Operator,
        /// Currency of the plans; `KES` by default.
        currency: Query<Option<Wire<Currency>>>,
        /// `next_cursor` of the previous page.
        after: Query<Option<Cursor<u32>>>,
        /// Maximum number of items per page; 20 by default.
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
