//! Withdrawals before they are sent: screening, holding, and an operator's decision.

use super::{PaymentView, lock, owner, rows};
use crate::conflicts::{self, Matter};
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::job::Job;
use crate::jobs::{self, Claim};
use crate::pool::Store;
use crate::schema::payments;
use crate::users::Standing;
use crate::{holds, log, notifications, risk, users};
use amana_domain::deal::Actor;
use amana_domain::event::{self, PaymentEvent};
use amana_domain::hold::{self, Hold};
use amana_domain::id::{PaymentId, UserId};
use amana_domain::notice::Template;
use amana_domain::payment::{Payment, Purpose, Stage, State};
use amana_domain::permission::{Action, Resource, Staff};
use amana_domain::threshold::ONE_PERSON;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

/// Risk reason of a frozen user's withdrawal.
pub(super) const FROZEN: &str = "account_frozen";

/// Note of a withdrawal that was refused after its deadline.
const UNDECIDED: &str = "no decision was made in time";

/// An operator's decision about a held withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithdrawalDecision {
    Release,
    Reject,
}

impl Store {
    /// Scores a withdrawal, and either queues or holds it.
    ///
    /// # Errors
    /// [`Error::LeaseLost`] if another worker has taken the job over.
    pub async fn screen_withdrawal(
        &self,
        job: &Claim,
        id: PaymentId,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            let payment = lock(conn, id).await?;
            if payment.stage == Stage::Screening {
                let hold = holds::lock_of_payment(conn, id).await?;
                if hold.is_overdue(now) {
                    refuse_undecided(conn, payment, &hold, now).await?;
                } else {
                    screen(conn, payment, &hold, now).await?;
                }
            }
            jobs::finish(conn, job, now).await
        })
        .await
    }

    /// Releases or refuses a held withdrawal, with a note. A large one needs two operators for its
    /// release.
    ///
    /// # Errors
    /// [`Error::Denied`] by the table of rights, [`Error::NotFound`], [`Conflict::ApprovalRequired`], or
    /// [`Conflict::NotOnHold`] if it is not waiting for a decision.
    pub async fn decide_withdrawal(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        id: PaymentId,
        (decision, note): (WithdrawalDecision, &str),
        render: fn(&PaymentView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let right = (Resource::HeldWithdrawals, Action::Decide);
            conflicts::permit(conn, vault, staff, right, Matter::Payment(id), now).await?;
            let held = lock_held(conn, id, now).await?;
            if decision == WithdrawalDecision::Release && ONE_PERSON.exceeds(held.0.amount) {
                return Err(Error::Conflict(Conflict::ApprovalRequired));
            }
            decide(conn, held, (keyed.user, decision, note), now).await?;
            let view = rows::view(conn, vault, id).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }
}

/// Locks a withdrawal that waits for a decision, with its hold.
///
/// # Errors
/// [`Error::NotFound`], or [`Conflict::NotOnHold`].
pub(crate) async fn lock_held(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    now: DateTime<Utc>,
) -> Result<(Payment, Hold), Error> {
    let payment = lock(conn, id).await?;
    if payment.stage != Stage::Held {
        return Err(Error::Conflict(Conflict::NotOnHold));
    }
    let hold = holds::lock_of_payment(conn, id).await?;
    // After its deadline it counts as refused, whether or not the timer has run.
    if hold.is_overdue(now) {
        Err(Error::Conflict(Conflict::NotOnHold))
    } else {
        Ok((payment, hold))
    }
}

/// Carries out a decision about a held withdrawal. The caller has checked the permission.
pub(crate) async fn decide(
    conn: &mut AsyncPgConnection,
    (mut payment, hold): (Payment, Hold),
    (by, decision, note): (UserId, WithdrawalDecision, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if decision == WithdrawalDecision::Release {
        users::require_thawed(conn, owner(&payment)?).await?;
    }
    let stage = match decision {
        WithdrawalDecision::Release => Stage::Ready,
        WithdrawalDecision::Reject => Stage::Refused,
    };
    let before = payment.state();
    payment.stage = stage;
    diesel::update(payments::table.find(payment.id.uuid()))
        .set((payments::decided_by.eq(Some(by.uuid())), payments::decision_note.eq(Some(note))))
        .execute(conn)
        .await?;
    rows::save(conn, &payment, now).await?;
    match payment.due_of_hold() {
        Some(_) => holds::apply_to_payment(conn, &payment, now).await.map(drop)?,
        None => holds::keep(conn, &hold, now).await?,
    }
    let (from, to, said) = (before, payment.state(), note.to_owned());
    let decided = match decision {
        WithdrawalDecision::Release => PaymentEvent::WithdrawalReleased { from, to, note: said },
        WithdrawalDecision::Reject => PaymentEvent::WithdrawalRejected { from, to, note: said },
    };
    log::append(conn, now, event::Actor::Operator(by), payment.id, decided).await?;
    go_on(conn, &payment, note, now).await
}

async fn screen(
    conn: &mut AsyncPgConnection,
    mut payment: Payment,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let before = payment.state();
    let mut assessment = risk::assess(conn, &payment, now).await?;
    let is_frozen = users::standing(conn, owner(&payment)?).await? == Standing::Frozen;
    if is_frozen {
        assessment.reasons.push(FROZEN.to_owned());
    }
    let is_held = is_frozen || assessment.is_hold();
    payment.stage = if is_held { Stage::Held } else { Stage::Ready };
    diesel::update(payments::table.find(payment.id.uuid()))
        .set((
            payments::risk_score.eq(Some(assessment.score)),
            payments::risk_reasons.eq(&assessment.reasons),
        ))
        .execute(conn)
        .await?;
    rows::save(conn, &payment, now).await?;
    if payment.stage == Stage::Ready {
        holds::keep(conn, hold, now).await?;
    }
    let screened = PaymentEvent::WithdrawalScreened {
        from: before,
        to: payment.state(),
        score: assessment.score,
        reasons: assessment.reasons,
    };
    log::append(conn, now, Actor::System, payment.id, screened).await?;
    go_on(conn, &payment, "", now).await
}

/// Expires a withdrawal that waits for a decision. Leaves one that is on its way, or that has
/// evidence from a provider.
///
/// # Errors
/// [`HoldRefusal::TooEarly`](amana_domain::hold::HoldRefusal::TooEarly).
pub(crate) async fn expire(
    conn: &mut AsyncPgConnection,
    id: PaymentId,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let payment = lock(conn, id).await?;
    let hold = holds::lock_of_payment(conn, id).await?;
    match payment.state() {
        State::Screening | State::Held => refuse_undecided(conn, payment, &hold, now).await,
        State::Queued
        | State::Submitting
        | State::Pending
        | State::Confirming
        | State::Unknown
        | State::Review
        | State::Succeeded
        | State::Failed => Ok(()),
    }
}

async fn refuse_undecided(
    conn: &mut AsyncPgConnection,
    mut payment: Payment,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let decision = hold::decide(hold, hold::Command::Expire, now)?;
    let before = payment.state();
    payment.stage = Stage::Refused;
    diesel::update(payments::table.find(payment.id.uuid()))
        .set(payments::decision_note.eq(Some(UNDECIDED)))
        .execute(conn)
        .await?;
    rows::save(conn, &payment, now).await?;
    holds::apply(conn, &decision, now).await?;
    let (from, to, note) = (before, payment.state(), UNDECIDED.to_owned());
    let expired = PaymentEvent::WithdrawalExpired { from, to, note };
    log::append(conn, now, Actor::System, payment.id, expired).await?;
    let user = users::load(conn, owner(&payment)?).await?;
    let params = json!({ "amount": payment.amount.to_string() });
    notifications::enqueue(conn, &user, Template::WithdrawalExpired, params, now).await
}

/// Schedules the next step for the stage that a withdrawal has reached.
async fn go_on(
    conn: &mut AsyncPgConnection,
    payment: &Payment,
    note: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let template = match payment.stage {
        Stage::Ready => {
            let job = Job::SubmitPayout { payment: payment.id.uuid() };
            if !jobs::enqueue(conn, &job, now, now).await? {
                // It was stopped after it was queued, so its job exists and is done.
                jobs::enqueue_again(conn, &job, now).await?;
            }
            return Ok(());
        }
        Stage::Held => Template::WithdrawalHeld,
        Stage::Refused => Template::WithdrawalRejected,
        Stage::Screening | Stage::Sent => return Ok(()),
    };
    let user = users::load(conn, owner(payment)?).await?;
    let params = json!({ "amount": payment.amount.to_string(), "reason": note });
    notifications::enqueue(conn, &user, template, params, now).await
}

/// Holds a queued withdrawal of a frozen user again. Returns `true` if it did.
pub(super) async fn stop_if_frozen(
    conn: &mut AsyncPgConnection,
    payment: &mut Payment,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let waits = payment.purpose == Purpose::Withdrawal && payment.stage == Stage::Ready;
    if !waits || users::standing(conn, owner(payment)?).await? != Standing::Frozen {
        return Ok(false);
    }
    payment.stage = Stage::Held;
    rows::save(conn, payment, now).await?;
    let (from, to, reasons) = (State::Queued, State::Held, vec![FROZEN.to_owned()]);
    let stopped = PaymentEvent::WithdrawalHeld { from, to, reasons };
    log::append(conn, now, Actor::System, payment.id, stopped).await?;
    go_on(conn, payment, "", now).await?;
    Ok(true)
}
