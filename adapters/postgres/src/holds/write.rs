//! Writing a hold and its changes: row, ledger, limits, timer, audit and messages.

use super::rows;
use crate::error::Error;
use crate::job::Job;
use crate::notifications::{Mail, Message};
use crate::{jobs, ledger, limits, log, notifications, users};
use amana_domain::deal::Actor;
use amana_domain::event::HoldEvent;
use amana_domain::hold::{self, Command, Decision, For, Hold, HoldRefusal, State};
use amana_domain::limits::day_of;
use amana_domain::money::Money;
use amana_domain::notice::Template;
use amana_domain::payment::Payment;
use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::json;

/// Writes a new hold, which counts as spent on the day of its creation.
pub(crate) async fn reserve(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    note: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    rows::insert(conn, hold, note).await?;
    // Posting locks the wallet, and counting needs that lock.
    ledger::post(conn, &[hold.reserve()?], now).await?;
    limits::spend(conn, hold.owner, hold.amount, now).await?;
    if let Some(due_at) = hold.expires_at {
        // A call at the deadline itself is still in time, so the timer runs a second later.
        let after = due_at.checked_add_signed(TimeDelta::seconds(1)).unwrap_or(due_at);
        jobs::enqueue(conn, &Job::ExpireHold { hold: hold.id.uuid() }, after, now).await?;
    }
    Ok(())
}

/// Writes the changes of an accepted command. The released part does not count as spent any more.
pub(crate) async fn apply(
    conn: &mut AsyncPgConnection,
    decision: &Decision,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let Decision { hold, entry, returned } = decision;
    rows::save(conn, hold, now).await?;
    ledger::post(conn, entry.as_slice(), now).await?;
    if returned.is_zero() {
        return Ok(());
    }
    limits::give_back(conn, hold.owner, *returned, day_of(hold.made_at), now).await
}

/// Applies the verdict about a locked withdrawal to its hold; repeating it changes nothing. Returns
/// `false` if the withdrawal was paid after the hold had been returned.
pub(crate) async fn apply_to_payment(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(command) = payment.due_of_hold() else { return Ok(true) };
    let hold = rows::lock_of_payment(conn, payment.id).await?;
    match (hold::decide(&hold, command, now), command) {
        (Ok(decision), _) => apply(conn, &decision, now).await.map(|()| true),
        (Err(HoldRefusal::Closed(State::Released | State::Expired)), Command::Settle { .. }) => {
            Ok(false)
        }
        (Err(HoldRefusal::Closed(_)), _) => Ok(true),
        (Err(refusal), _) => Err(refusal.into()),
    }
}

/// Stops the expiry of a hold whose locked withdrawal is on its way.
///
/// # Errors
/// [`HoldRefusal::Closed`] if the hold has expired already.
pub(crate) async fn keep(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let decision = hold::decide(hold, Command::Keep, now)?;
    apply(conn, &decision, now).await
}

pub(super) async fn record(
    conn: &mut AsyncPgConnection,
    (before, decision): (&Hold, &Decision),
    actor: Actor,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let after = &decision.hold;
    log::append(conn, now, actor, after.id, HoldEvent::of(before, decision)).await
}

/// The message for each side of a hold.
pub(super) struct Notices {
    pub(super) owner: Option<Template>,
    pub(super) beneficiary: Option<Template>,
}

pub(super) async fn tell(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    amount: Money,
    notices: &Notices,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    // Withdrawals have messages of their own.
    let For::Person(beneficiary) = hold.purpose else { return Ok(()) };
    let owner = users::load(conn, hold.owner).await?;
    let beneficiary = users::load(conn, beneficiary).await?;
    let deadline = hold.expires_at.map(notifications::deadline_text).unwrap_or_default();
    for (to, other, template) in
        [(&owner, &beneficiary, notices.owner), (&beneficiary, &owner, notices.beneficiary)]
    {
        let Some(template) = template else { continue };
        let params = json!({
            "counterparty": other.name,
            "amount": amount.to_string(),
            "deadline": deadline,
        });
        let message = Message::new(to, template, params).about(amount);
        Mail::of(vec![message]).enqueue(conn, now).await?;
    }
    Ok(())
}
