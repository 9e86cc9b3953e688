//! The actions of approved requests.

use crate::conflicts::Matter;
use crate::error::Error;
use crate::fee_plans;
use crate::payments::{self, WithdrawalDecision};
use crate::reconciliation::{close_discrepancy, leave_suspense, payer_account, suspense_item};
use crate::schema::suspense_items;
use crate::users::Standing;
use crate::vault::Vault;
use crate::{factors, notifications, users};
use amana_domain::approval::{Approval, ApprovalKind, ApprovalRefusal, Wanted};
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::ledger::{Account, Provider};
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::reconciliation::DiscrepancyKind;
use amana_domain::transfer::TransferRefusal;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::{Value, json};

/// Returns the user concerned by a request: the named user, the owner of the payment, or the owner of the number that
/// paid.
///
/// # Errors
/// [`Error::NotFound`] if the action needs a named user and none is given.
pub(super) async fn whose(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    named: Option<UserId>,
    wanted: &Wanted,
) -> Result<Option<UserId>, Error> {
    match wanted {
        Wanted::SetTier { .. }
        | Wanted::MoveSuspense { .. }
        | Wanted::RemoveFactor
        | Wanted::SetRole { .. } => named.map(Some).ok_or(Error::NotFound("user")),
        Wanted::ReturnSuspense { provider, receipt } => {
            payer_account(conn, vault, (*provider, receipt)).await
        }
        Wanted::ReleaseWithdrawal { payment } | Wanted::ResolvePayment { payment, .. } => {
            Ok(payments::load_view(conn, vault, *payment).await?.user)
        }
        Wanted::PublishFeePlan { .. } => Ok(None),
    }
}

/// Returns the matter of a request, for the rules on conflicts of interest.
pub(super) fn matter(named: Option<UserId>, wanted: &Wanted) -> Matter<'_> {
    let person = named.map_or(Matter::Nobody, Matter::Person);
    match wanted {
        Wanted::SetTier { .. } | Wanted::RemoveFactor | Wanted::SetRole { .. } => person,
        Wanted::MoveSuspense { provider, receipt } => {
            named.map_or(Matter::Nobody, |user| Matter::Suspense(user, *provider, receipt))
        }
        Wanted::ReturnSuspense { provider, receipt } => Matter::Return(*provider, receipt),
        Wanted::ReleaseWithdrawal { payment } | Wanted::ResolvePayment { payment, .. } => {
            Matter::Payment(*payment)
        }
        Wanted::PublishFeePlan { .. } => Matter::Nobody,
    }
}

/// Checks whether the action is possible now. Locks the user's row, so that the account is not closed before the
/// commit.
///
/// # Errors
/// [`Error::NotFound`], [`TransferRefusal::RecipientClosed`], or the error of the action's own rules.
pub(super) async fn check(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    (user, wanted): (Option<UserId>, &Wanted),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let standing = match user {
        Some(user) => users::standing(conn, user).await?,
        None => Standing::Active,
    };
    // Returned money goes to a phone number, which needs no open account.
    if standing == Standing::Closed && wanted.kind() != ApprovalKind::ReturnSuspense {
        return Err(TransferRefusal::RecipientClosed.into());
    }
    let named = || user.ok_or_else(|| Error::row("a request is about a person"));
    match wanted {
        Wanted::SetTier { .. } => Ok(()),
        Wanted::MoveSuspense { provider, receipt } => {
            // The owner of an account without a verified contact is unknown.
            if standing == Standing::Unverified {
                return Err(TransferRefusal::UnknownRecipient.into());
            }
            Ok(suspense_item(conn, *provider, receipt).await?.require_free()?)
        }
        Wanted::ReturnSuspense { provider, receipt } => {
            payments::check_return(conn, vault, (*provider, receipt)).await
        }
        Wanted::RemoveFactor => {
            let factor = factors::active(conn, named()?).await?;
            factor.map(drop).ok_or(Error::NotFound("second factor"))
        }
        Wanted::SetRole { role } => {
            let before = users::load(conn, named()?).await?.role;
            if before == *role { Err(ApprovalRefusal::SameRole(*role).into()) } else { Ok(()) }
        }
        Wanted::ReleaseWithdrawal { payment } => {
            payments::lock_held(conn, *payment, now).await.map(drop)
        }
        Wanted::ResolvePayment { payment, resolution } => {
            payments::check_resolution(conn, *payment, resolution).await
        }
        Wanted::PublishFeePlan { plan, .. } => fee_plans::require_sound(plan),
    }
}

/// Warns the user before an approval removes their second factor.
pub(super) async fn tell_asked(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match wanted {
        Wanted::SetTier { .. }
        | Wanted::MoveSuspense { .. }
        | Wanted::ReturnSuspense { .. }
        | Wanted::SetRole { .. }
        | Wanted::ReleaseWithdrawal { .. }
        | Wanted::ResolvePayment { .. }
        | Wanted::PublishFeePlan { .. } => Ok(()),
        Wanted::RemoveFactor => {
            let params = json!({ "at": notifications::deadline_text(now) });
            tell(conn, user, (Template::FactorRecoveryRequested, params), now).await
        }
    }
}

/// Carries an approved action out. `note` is the reason given in the request. Actions that return early notify by
/// themselves, or not at all.
pub(super) async fn apply(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    approval: &Approval,
    (by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let user = approval.user;
    check(conn, vault, (user, &approval.wanted), now).await?;
    let named = || user.ok_or_else(|| Error::row("a request is about a person"));
    let told = match &approval.wanted {
        Wanted::SetTier { tier } => {
            users::put_on_tier(conn, by, named()?, (tier, note), now).await?;
            (Template::TierChanged, json!({ "tier": tier }))
        }
        Wanted::MoveSuspense { provider, receipt } => {
            let place = (*provider, receipt.as_str());
            let amount = move_suspense(conn, approval.id, named()?, place, now).await?;
            let params = json!({ "amount": amount.to_string(), "receipt": receipt });
            (Template::PaymentMatched, params)
        }
        Wanted::ReturnSuspense { provider, receipt } => {
            let place = (*provider, receipt.as_str());
            return payments::start_return(conn, vault, (approval.id, by), place, now).await;
        }
        Wanted::RemoveFactor => {
            factors::remove_lost(conn, named()?, by, now).await?;
            (Template::FactorRecovered, json!({ "at": notifications::deadline_text(now) }))
        }
        Wanted::SetRole { role } => {
            return users::put_in_role(conn, by, named()?, (*role, note), now).await;
        }
        Wanted::ReleaseWithdrawal { payment } => {
            let held = payments::lock_held(conn, *payment, now).await?;
            let decision = (by, WithdrawalDecision::Release, note);
            return payments::decide_held(conn, held, decision, now).await;
        }
        Wanted::ResolvePayment { payment, resolution } => {
            return payments::resolve(conn, vault, (*payment, resolution), (by, note), now).await;
        }
        Wanted::PublishFeePlan { plan, valid_from } => {
            return fee_plans::publish(conn, by, (*plan, *valid_from), now).await;
        }
    };
    tell(conn, user, told, now).await
}

async fn tell(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    (template, params): (Template, Value),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Some(user) = user else { return Ok(()) };
    let user = users::load(conn, user).await?;
    notifications::enqueue(conn, &user, template, params, now).await
}

/// Moves money from suspense to a user. Limits do not apply, because the money was already paid in.
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
        .filter(suspense_items::reversed_at.is_null())
        .filter(suspense_items::return_payment_id.is_null());
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
    let to = Account::available(user, amount.currency());
    leave_suspense(conn, (provider, receipt), (amount, to), now).await?;
    close_discrepancy(conn, DiscrepancyKind::Unclaimed, receipt, now).await?;
    Ok(amount)
}
