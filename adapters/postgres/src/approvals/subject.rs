//! Conversion of requested actions to columns and back.

use crate::error::Error;
use crate::row::{money, parse};
use crate::schema::approvals;
use amana_domain::approval::{ApprovalKind, Wanted};
use amana_domain::fee::{FeePayer, FeePlan};
use amana_domain::id::PaymentId;
use amana_domain::money::{Currency, Money};
use amana_domain::payment::Resolution;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Default, Queryable, Selectable, Insertable)]
#[diesel(table_name = approvals, check_for_backend(diesel::pg::Pg))]
pub(super) struct Subject {
    tier: Option<String>,
    provider: Option<String>,
    receipt: Option<String>,
    role: Option<String>,
    /// The payment that the request concerns or that its action started.
    pub(super) payment_id: Option<Uuid>,
    paid_receipt: Option<String>,
    plan: Option<Value>,
}

/// A requested fee plan, as stored with its request.
#[derive(Serialize, Deserialize)]
struct PlanRow {
    currency: String,
    percentage_bps: u16,
    fixed_minor: i64,
    floor_minor: i64,
    cap_minor: Option<i64>,
    provider_cost_minor: i64,
    valid_from: DateTime<Utc>,
}

impl PlanRow {
    fn of(plan: &FeePlan, valid_from: DateTime<Utc>) -> Self {
        Self {
            currency: plan.fixed.currency().to_string(),
            percentage_bps: plan.percentage_bps,
            fixed_minor: plan.fixed.minor(),
            floor_minor: plan.floor.minor(),
            cap_minor: plan.cap.map(Money::minor),
            provider_cost_minor: plan.provider_cost.minor(),
            valid_from,
        }
    }

    fn wanted(self) -> Result<Wanted, Error> {
        let currency: Currency = parse(&self.currency)?;
        let plan = FeePlan {
            // Assigned when the plan is published.
            version: 0,
            percentage_bps: self.percentage_bps,
            fixed: money(self.fixed_minor, currency)?,
            floor: money(self.floor_minor, currency)?,
            cap: self.cap_minor.map(|minor| money(minor, currency)).transpose()?,
            provider_cost: money(self.provider_cost_minor, currency)?,
            payer: FeePayer::Seller,
        };
        Ok(Wanted::PublishFeePlan { plan, valid_from: self.valid_from })
    }
}

impl Subject {
    pub(super) fn of(wanted: &Wanted) -> Result<Self, Error> {
        let none = Self::default();
        Ok(match wanted {
            Wanted::SetTier { tier } => Self { tier: Some(tier.clone()), ..none },
            Wanted::MoveSuspense { provider, receipt }
            | Wanted::ReturnSuspense { provider, receipt } => Self {
                provider: Some(provider.to_string()),
                receipt: Some(receipt.clone()),
                ..none
            },
            Wanted::RemoveFactor => none,
            Wanted::SetRole { role } => Self { role: Some(role.to_string()), ..none },
            Wanted::ReleaseWithdrawal { payment } => {
                Self { payment_id: Some(payment.uuid()), ..none }
            }
            Wanted::ResolvePayment { payment, resolution } => Self {
                payment_id: Some(payment.uuid()),
                paid_receipt: match resolution {
                    Resolution::Paid { receipt } => Some(receipt.clone()),
                    Resolution::NotPaid => None,
                },
                ..none
            },
            Wanted::PublishFeePlan { plan, valid_from } => {
                let plan = serde_json::to_value(PlanRow::of(plan, *valid_from));
                Self { plan: Some(plan.map_err(Error::row)?), ..none }
            }
        })
    }

    pub(super) fn wanted(self, kind: ApprovalKind) -> Result<Wanted, Error> {
        let incomplete = || Error::row("an approval request lacks a column of its kind");
        let payment = self.payment_id.map(PaymentId::new).ok_or_else(incomplete);
        Ok(match kind {
            ApprovalKind::SetTier => Wanted::SetTier { tier: self.tier.ok_or_else(incomplete)? },
            ApprovalKind::MoveSuspense => Wanted::MoveSuspense {
                provider: parse(self.provider.as_deref().ok_or_else(incomplete)?)?,
                receipt: self.receipt.ok_or_else(incomplete)?,
            },
            ApprovalKind::ReturnSuspense => Wanted::ReturnSuspense {
                provider: parse(self.provider.as_deref().ok_or_else(incomplete)?)?,
                receipt: self.receipt.ok_or_else(incomplete)?,
            },
            ApprovalKind::RemoveFactor => Wanted::RemoveFactor,
            ApprovalKind::SetRole => {
                Wanted::SetRole { role: parse(self.role.as_deref().ok_or_else(incomplete)?)? }
            }
            ApprovalKind::ReleaseWithdrawal => Wanted::ReleaseWithdrawal { payment: payment? },
            ApprovalKind::ResolvePayment => Wanted::ResolvePayment {
                payment: payment?,
                resolution: match self.paid_receipt {
                    Some(receipt) => Resolution::Paid { receipt },
                    None => Resolution::NotPaid,
                },
            },
            ApprovalKind::PublishFeePlan => {
                let plan = serde_json::from_value::<PlanRow>(self.plan.ok_or_else(incomplete)?);
                plan.map_err(Error::row)?.wanted()?
            }
        })
    }
}
