//! Versions of fee plans. A published plan never changes. A deal keeps the plan of its offer.

use crate::error::Error;
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::row::{money, parse};
use crate::schema::fee_plans;
use amana_domain::event::{self, OperationEvent};
use amana_domain::fee::{FeePayer, FeePlan};
use amana_domain::id::UserId;
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

/// The version of the plan in the service's configuration, for every currency.
pub const CONFIGURED_VERSION: u32 = 1;

/// Serialises publishing, so that version numbers have no conflict. Publishing is rare.
const PUBLISH_ALONE: &str = "lock table fee_plans in share row exclusive mode";

/// A published plan. Each offer names the party that pays the fee, so `plan.payer` has no meaning here.
#[derive(Debug, Clone, Copy)]
pub struct PublishedPlan {
    pub currency: Currency,
    pub plan: FeePlan,
    pub valid_from: DateTime<Utc>,
    pub published_by: UserId,
    pub published_at: DateTime<Utc>,
}

#[derive(HasQuery)]
#[diesel(table_name = fee_plans)]
struct Row {
    currency: String,
    version: i32,
    percentage_bps: i32,
    fixed_minor: i64,
    floor_minor: i64,
    cap_minor: Option<i64>,
    provider_cost_minor: i64,
    valid_from: DateTime<Utc>,
    published_by: Uuid,
    published_at: DateTime<Utc>,
}

impl Row {
    fn plan(&self, payer: FeePayer) -> Result<FeePlan, Error> {
        let currency = parse(&self.currency)?;
        Ok(FeePlan {
            version: u32::try_from(self.version).map_err(Error::row)?,
            percentage_bps: u16::try_from(self.percentage_bps).map_err(Error::row)?,
            fixed: money(self.fixed_minor, currency)?,
            floor: money(self.floor_minor, currency)?,
            cap: self.cap_minor.map(|minor| money(minor, currency)).transpose()?,
            provider_cost: money(self.provider_cost_minor, currency)?,
            payer,
        })
    }

    fn published(self) -> Result<PublishedPlan, Error> {
        Ok(PublishedPlan {
            currency: parse(&self.currency)?,
            plan: self.plan(FeePayer::Seller)?,
            valid_from: self.valid_from,
            published_by: UserId::new(self.published_by),
            published_at: self.published_at,
        })
    }
}

/// Returns the plan for a new offer: the published plan with the latest `valid_from` that has passed, or else the
/// configured one.
pub(crate) async fn in_force(
    mut conn: &AsyncPgConnection,
    configured: FeePlan,
    now: DateTime<Utc>,
) -> Result<FeePlan, Error> {
    let row: Option<Row> = Row::query()
        .filter(fee_plans::currency.eq(configured.fixed.currency().as_str()))
        .filter(fee_plans::valid_from.le(now))
        .order((fee_plans::valid_from.desc(), fee_plans::version.desc()))
        .first(&mut conn)
        .await
        .optional()?;
    row.map_or(Ok(configured), |row| row.plan(configured.payer))
}

impl Store {
    /// Returns the plan for a new offer.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn fee_plan(
        &self,
        configured: FeePlan,
        now: DateTime<Utc>,
    ) -> Result<FeePlan, Error> {
        in_force(&*self.connection().await?, configured, now).await
    }

    /// Returns the published plans of a currency, newest version first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn fee_plans(
        &self,
        currency: Currency,
        after: Option<u32>,
        limit: i64,
    ) -> Result<Page<PublishedPlan>, Error> {
        let mut conn = self.connection().await?;
        let before = after.map_or(Ok(i32::MAX), i32::try_from).unwrap_or(i32::MAX);
        let rows: Vec<Row> = Row::query()
            .filter(fee_plans::currency.eq(currency.as_str()))
            .filter(fee_plans::version.lt(before))
            .order(fee_plans::version.desc())
            .limit(Page::<Row>::fetch(limit))
            .load(&mut conn)
            .await?;
        Page::cut(rows, limit).try_map(Row::published)
    }
}

/// Rejects an inconsistent plan, such as a cap below the floor, before a deal fails because of it.
///
/// # Errors
/// [`Error::Refused`] with the inconsistency.
pub(crate) fn require_sound(plan: &FeePlan) -> Result<(), Error> {
    let nothing = Money::zero(plan.fixed.currency());
    plan.platform(nothing).map_err(amana_domain::deal::Refusal::Fee)?;
    Ok(())
}

/// Publishes the next version of a currency's plan. It is valid from `valid_from`, or from now if that has passed.
///
/// # Errors
/// [`Error::Refused`] if the plan is inconsistent.
pub(crate) async fn publish(
    conn: &mut AsyncPgConnection,
    by: UserId,
    (plan, valid_from): (FeePlan, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    require_sound(&plan)?;
    let currency = plan.fixed.currency();
    conn.batch_execute(PUBLISH_ALONE).await?;
    let newest: Option<i32> = fee_plans::table
        .filter(fee_plans::currency.eq(currency.as_str()))
        .select(max(fee_plans::version))
        .first(conn)
        .await?;
    let newest = newest.map_or(Ok(CONFIGURED_VERSION), u32::try_from).map_err(Error::row)?;
    let plan = FeePlan { version: newest.saturating_add(1), ..plan };
    let valid_from = valid_from.max(now);
    insert(conn, &plan, (by, valid_from), now).await?;
    let published = OperationEvent::FeePlanPublished {
        version: plan.version,
        percentage_bps: plan.percentage_bps,
        fixed_minor: plan.fixed.minor(),
        floor_minor: plan.floor.minor(),
        cap_minor: plan.cap.map(Money::minor),
        provider_cost_minor: plan.provider_cost.minor(),
        valid_from,
    };
    log::append(conn, now, event::Actor::Operator(by), currency, published).await
}

async fn insert(
    conn: &mut AsyncPgConnection,
    plan: &FeePlan,
    (operator, valid_from): (UserId, DateTime<Utc>),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(fee_plans::table)
        .values((
            fee_plans::currency.eq(plan.fixed.currency().as_str()),
            fee_plans::version.eq(i32::try_from(plan.version).map_err(Error::row)?),
            fee_plans::percentage_bps.eq(i32::from(plan.percentage_bps)),
            fee_plans::fixed_minor.eq(plan.fixed.minor()),
            fee_plans::floor_minor.eq(plan.floor.minor()),
            fee_plans::cap_minor.eq(plan.cap.map(Money::minor)),
            fee_plans::provider_cost_minor.eq(plan.provider_cost.minor()),
            fee_plans::valid_from.eq(valid_from),
            fee_plans::published_by.eq(operator.uuid()),
            fee_plans::published_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
