//! Resolving a payment in review by two operators. The resolution is evidence like any other.

use super::{lock_with_deal, observe};
use crate::error::Error;
use crate::log;
use crate::reconciliation::close_by_hand;
use crate::schema::{payments, suspense_items};
use crate::vault::Vault;
use amana_domain::approval::ApprovalRefusal;
use amana_domain::event::{self, PaymentEvent};
use amana_domain::id::{PaymentId, UserId};
use amana_domain::ledger::Provider;
use amana_domain::payment::{Evidence, Resolution, Unresolved};
use amana_domain::reconciliation::DiscrepancyKind;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

/// Locks the deal and the payment, and returns the resolution as evidence.
async fn evidence(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    resolution: &Resolution,
) -> Result<Evidence, Error> {
    let (_, payment) = lock_with_deal(conn, id).await?;
    let said = payment.resolve(resolution).map_err(|refusal| match refusal {
        Unresolved::State(_) => ApprovalRefusal::NotInReview,
        Unresolved::OtherAmount => ApprovalRefusal::OtherReceipt,
    })?;
    if let Resolution::Paid { receipt } = resolution
        && pays_for_something_else(conn, (payment.provider, receipt), id).await?
    {
        return Err(ApprovalRefusal::OtherReceipt.into());
    }
    Ok(said)
}

/// Tells whether the receipt is in suspense or belongs to another payment, so that money is not
/// credited twice.
async fn pays_for_something_else(
    conn: &mut AsyncPgConnection,
    (provider, receipt): (Provider, &str),
    id: PaymentId,
) -> Result<bool, Error> {
    let other = payments::table
        .filter(payments::provider.eq(provider.as_str()))
        .filter(payments::receipt.eq(receipt))
        .filter(payments::id.ne(id.uuid()));
    let in_suspense = suspense_items::table.find((provider.as_str(), receipt));
    Ok(diesel::select(exists(other)).get_result::<bool>(conn).await?
        || diesel::select(exists(in_suspense)).get_result::<bool>(conn).await?)
}

/// Checks whether the payment can be resolved in this way.
///
/// # Errors
/// [`Error::NotFound`], [`ApprovalRefusal::NotInReview`] or [`ApprovalRefusal::OtherReceipt`].
pub(crate) async fn check_resolution(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    resolution: &Resolution,
) -> Result<(), Error> {
    evidence(conn, id, resolution).await.map(drop)
}

/// Resolves the payment, applies the verdict, and closes the discrepancies about it.
///
/// # Errors
/// As [`check_resolution`].
pub(crate) async fn resolve(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (id, resolution): (PaymentId, &Resolution),
    (by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let said = evidence(conn, id, resolution).await?;
    for kind in [DiscrepancyKind::Review, DiscrepancyKind::AmountDiffers] {
        close_by_hand(conn, (kind, &id.to_string()), (by, note), now).await?;
    }
    if observe(conn, vault, id, &said, now).await?.refused.is_some() {
        return Err(ApprovalRefusal::OtherReceipt.into());
    }
    let receipt = match resolution {
        Resolution::Paid { receipt } => Some(receipt.clone()),
        Resolution::NotPaid => None,
    };
    let (paid, note) = (receipt.is_some(), note.to_owned());
    let resolved = PaymentEvent::Resolved { paid, receipt, note };
    log::append(conn, now, event::Actor::Operator(by), id, resolved).await
}
