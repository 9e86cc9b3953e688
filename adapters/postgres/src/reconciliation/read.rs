//! Reading runs, discrepancies and suspense items.

use crate::error::Error;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::{breaks, reconciliation_runs, suspense_items};
use amana_domain::id::{DiscrepancyId, RunId};
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = breaks)]
pub struct DiscrepancyView {
    pub id: Uuid,
    pub kind: String,
    pub subject: String,
    pub detail: String,
    pub opened_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
    /// The operator who closed it; `None` if it closed by itself.
    pub closed_by: Option<Uuid>,
    /// The operator's reason.
    pub note: Option<String>,
}

text_enum! {
    /// State by which discrepancies are listed.
    pub enum DiscrepancyState as "state of a discrepancy" {
        Open = "open",
        Closed = "closed",
    }
}

#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = reconciliation_runs)]
pub struct RunView {
    pub id: Uuid,
    pub started_at: DateTime<Utc>,
    pub covered_from: DateTime<Utc>,
    pub covered_to: DateTime<Utc>,
    pub lines: i64,
    pub matched: i64,
    pub healed: i64,
    pub unclaimed: i64,
    pub open_breaks: i64,
    pub provider_balance_minor: Option<i64>,
    pub clearing_minor: i64,
}

#[derive(Debug, Clone, HasQuery)]
#[diesel(table_name = suspense_items)]
pub struct SuspenseItem {
    pub provider: String,
    pub receipt: String,
    pub amount_minor: i64,
    pub currency: String,
    pub reference: Option<String>,
    pub paid_at: DateTime<Utc>,
    pub found_at: DateTime<Utc>,
    /// When the money was assigned to its owner, or returned to its payer.
    pub closed_at: Option<DateTime<Utc>>,
    /// The approval that closed it.
    pub closed_by: Option<Uuid>,
    /// When a statement showed that the money belongs to a payment.
    pub reversed_at: Option<DateTime<Utc>>,
    /// The pending or completed payout that returns the money to its payer.
    pub return_payment_id: Option<Uuid>,
}

impl Store {
    /// Lists discrepancies in one state, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn breaks(
        &self,
        state: DiscrepancyState,
        after: Option<DiscrepancyId>,
        limit: i64,
    ) -> Result<Page<DiscrepancyView>, Error> {
        let mut query = DiscrepancyView::query()
            .order(breaks::id.desc())
            .limit(Page::<DiscrepancyView>::fetch(limit))
            .into_boxed();
        query = match state {
            DiscrepancyState::Open => query.filter(breaks::closed_at.is_null()),
            DiscrepancyState::Closed => query.filter(breaks::closed_at.is_not_null()),
        };
        if let Some(after) = after {
            query = query.filter(breaks::id.lt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }

    /// Lists runs, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn reconciliation_runs(
        &self,
        after: Option<RunId>,
        limit: i64,
    ) -> Result<Page<RunView>, Error> {
        let mut query = RunView::query()
            .order(reconciliation_runs::id.desc())
            .limit(Page::<RunView>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(reconciliation_runs::id.lt(after.uuid()));
        }
        let mut conn = self.connection().await?;
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }

    /// Returns the time until which statements have been compared with our books.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn reconciled_until(&self) -> Result<Option<DateTime<Utc>>, Error> {
        let mut conn = self.connection().await?;
        let newest = reconciliation_runs::table
            .order(reconciliation_runs::id.desc())
            .select(reconciliation_runs::covered_to);
        Ok(newest.first(&mut conn).await.optional()?)
    }

    /// Lists money in suspense, newest receipt first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn suspense_items(
        &self,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Page<SuspenseItem>, Error> {
        let mut query = SuspenseItem::query()
            .order(suspense_items::receipt.desc())
            .limit(Page::<SuspenseItem>::fetch(limit))
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(suspense_items::receipt.lt(after.to_owned()));
        }
        let mut conn = self.connection().await?;
        Ok(Page::cut(query.load(&mut conn).await?, limit))
    }
}
