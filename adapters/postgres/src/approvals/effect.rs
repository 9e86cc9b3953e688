//! What an approval does, each by the one path that it has.

use crate::error::Error;
use crate::reconciliation::close_break;
use crate::row::{money, parse};
use crate::schema::suspense_items;
use crate::users::Standing;
use crate::{factors, ledger, notifications, users};
use amana_domain::approval::{Approval, ApprovalRefusal, Wanted};
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::ledger::{Account, Entry, EntryKind, Provider};
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::reconciliation::BreakKind;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

/// Money that fits no payment of ours.
pub(super) struct Item {
    pub(super) amount: Money,
    is_closed: bool,
}

pub(super) async fn suspense_item(
    conn: &mut AsyncPgConnection,
    provider: Provider,
    receipt: &str,
) -> Result<Item, Error> {
    let is_closed =
        suspense_items::closed_at.is_not_null().or(suspense_items::reversed_at.is_not_null());
    let found: Option<(i64, String, bool)> = suspense_items::table
        .find((provider.as_str(), receipt))
        .select((suspense_items::amount_minor, suspense_items::currency, is_closed))
        .first(conn)
        .await
        .optional()?;
    let (minor, currency, is_closed) = found.ok_or(Error::NotFound("money in suspense"))?;
    Ok(Item { amount: money(minor, parse(&currency)?)?, is_closed })
}

/// What speaks against doing it now.
///
/// # Errors
/// [`Error::NotFound`], [`TransferRefusal::RecipientClosed`], or [`ApprovalRefusal::Moved`].
pub(super) async fn check(
    conn: &mut AsyncPgConnection,
    user: UserId,
    wanted: &Wanted,
) -> Result<(), Error> {
    // The person's row is held until the commit, so the account is not closed meanwhile.
    let standing = users::standing(conn, user).await?;
    if standing == Standing::Closed {
        return Err(TransferRefusal::RecipientClosed.into());
    }
    match wanted {
        Wanted::SetTier { .. } => Ok(()),
        Wanted::MoveSuspense { provider, receipt } => {
            // Nobody knows whose an account without a verified contact is.
            if standing == Standing::Unverified {
                return Err(TransferRefusal::UnknownRecipient.into());
            }
            let is_closed = suspense_item(conn, *provider, receipt).await?.is_closed;
            if is_closed { Err(ApprovalRefusal::Moved.into()) } else { Ok(()) }
        }
        Wanted::RemoveFactor => {
            let factor = factors::active(conn, user).await?;
            factor.map(drop).ok_or(Error::NotFound("second factor"))
        }
    }
}

/// Somebody whose second factor is to be taken away hears of it before it happens.
pub(super) async fn tell_asked(
    conn: &mut AsyncPgConnection,
    user: UserId,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match wanted {
        Wanted::SetTier { .. } | Wanted::MoveSuspense { .. } => Ok(()),
        Wanted::RemoveFactor => {
            let params = json!({ "at": notifications::deadline_text(now) });
            let user = users::load(conn, user).await?;
            notifications::enqueue(conn, &user, Template::FactorRecoveryAsked, params, now).await
        }
    }
}

/// Does what was approved by somebody; `note` is why it was asked for.
pub(super) async fn apply(
    conn: &mut AsyncPgConnection,
    approval: &Approval,
    (by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let user = approval.user;
    check(conn, user, &approval.wanted).await?;
    let (template, params) = match &approval.wanted {
        Wanted::SetTier { tier } => {
            users::put_on_tier(conn, by, user, (tier, note), now).await?;
            (Template::TierChanged, json!({ "tier": tier }))
        }
        Wanted::MoveSuspense { provider, receipt } => {
            let place = (*provider, receipt.as_str());
            let amount = move_suspense(conn, approval.id, user, place, now).await?;
            let params = json!({ "amount": amount.to_string(), "receipt": receipt });
            (Template::PaymentMatched, params)
        }
        Wanted::RemoveFactor => {
            factors::remove_lost(conn, user, by, now).await?;
            (Template::FactorRecovered, json!({ "at": notifications::deadline_text(now) }))
        }
    };
    let user = users::load(conn, user).await?;
    notifications::enqueue(conn, &user, template, params, now).await
}

/// The money was paid in, so no limit applies to it. The entry has one key, whatever leads to it.
async fn move_suspense(
    conn: &mut AsyncPgConnection,
    id: ApprovalId,
    user: UserId,
    (provider, receipt): (Provider, &str),
    now: DateTime<Utc>,
) -> Result<Money, Error> {
    let amount = suspense_item(conn, provider, receipt).await?.amount;
    let open = suspense_items::table.find((provider.as_str(), receipt));
    let open = open
        .filter(suspense_items::closed_at.is_null())
        .filter(suspense_items::reversed_at.is_null());
    let closed = diesel::update(open)
        .set((
            suspense_items::closed_at.eq(Some(now)),
            suspense_items::closed_by.eq(Some(id.uuid())),
        ))
        .execute(conn)
        .await?;
    if closed == 0 {
        return Err(ApprovalRefusal::Moved.into());
    }
    let currency = amount.currency();
    let key = format!("{provider}:{receipt}:suspense_out");
    let (from, to) = (Account::suspense(currency), Account::available(user, currency));
    let entry = Entry::transfer(EntryKind::SuspenseOut, key, amount, from, to)?;
    ledger::post(conn, &[entry], now).await?;
    close_break(conn, BreakKind::Unclaimed, receipt, now).await?;
    Ok(amount)
}
