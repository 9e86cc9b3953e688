//! Four eyes: one member of staff requests a sensitive action, another one approves it.
//!
//! The action runs in the transaction of its approval, by the rules of that moment. If it fails, so does the approval.

mod effect;
mod rows;
mod subject;

pub use rows::ApprovalView;

use crate::conflicts;
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::log;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::approvals;
use crate::users;
use crate::vault::Vault;
use amana_domain::approval::{self, Approval, ApprovalState, Command, Wanted};
use amana_domain::deal::Actor;
use amana_domain::event::{self, ApprovalEvent};
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::permission::{self, Action, Resource, Staff, UserRole};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

impl Store {
    /// Requests an action. `named` is the user concerned, unless the action itself determines them.
    ///
    /// # Errors
    /// [`Error::Denied`], [`Error::Approval`], [`Conflict::AlreadyRequested`] if the action has an open request, or the
    /// error with which the action would fail now.
    pub async fn request_approval(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        (named, wanted, note): (Option<UserId>, &Wanted, &str),
        render: fn(&ApprovalView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let right = (wanted.kind().resource(), Action::Ask);
            let matter = effect::matter(named, wanted);
            conflicts::permit(conn, vault, staff, right, matter, now).await?;
            let user = effect::whose(conn, vault, named, wanted).await?;
            approval::ask(keyed.user, user)?;
            effect::check(conn, vault, (user, wanted), now).await?;
            expire(conn, user, wanted, now).await?;
            let id = ApprovalId::new(Uuid::now_v7());
            rows::insert(conn, (id, user, wanted), (keyed.user, note), now).await.map_err(taken)?;
            let requested = ApprovalEvent::Requested {
                kind: wanted.kind().as_str().to_owned(),
                user,
                note: note.to_owned(),
            };
            log::append(conn, now, event::Actor::Operator(keyed.user), id, requested).await?;
            effect::tell_asked(conn, user, wanted, now).await?;
            let view = rows::view(conn, id, now).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Approves a request and carries its action out, or rejects it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`], [`Error::Approval`], for example if the request is decided already, or
    /// the error of the action.
    pub async fn decide_approval(
        &self,
        (keyed, staff): (&Keyed, &Staff),
        id: ApprovalId,
        (command, note): (Command, &str),
        render: fn(&ApprovalView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            // The role is checked first, so that a refusal does not reveal which requests exist.
            permission::reaches(staff.role, (Resource::Approvals, Action::Read))?;
            let (before, asked_for) = rows::lock(conn, id).await?;
            let right = (before.wanted.kind().resource(), Action::Decide);
            let matter = effect::matter(before.user, &before.wanted);
            conflicts::permit(conn, vault, staff, right, matter, now).await?;
            let next = before.decide(command, keyed.user, now)?;
            diesel::update(approvals::table.find(id.uuid()))
                .set((
                    approvals::state.eq(next.as_str()),
                    approvals::decided_by.eq(Some(keyed.user.uuid())),
                    approvals::decided_at.eq(Some(now)),
                    approvals::decision_note.eq(Some(note)),
                ))
                .execute(conn)
                .await?;
            note_change(conn, &before, (next, keyed.user, note), now).await?;
            if next == ApprovalState::Approved {
                require_asker(conn, vault, &before).await?;
                effect::apply(conn, vault, &before, (keyed.user, &asked_for), now).await?;
            }
            let view = rows::view(conn, id, now).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Withdraws a request.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Approval`] by the rules.
    pub async fn withdraw_approval(
        &self,
        asker: UserId,
        id: ApprovalId,
        now: DateTime<Utc>,
    ) -> Result<ApprovalView, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            users::require_active(conn, asker).await?;
            let (before, _) = rows::lock(conn, id).await?;
            let next = before.decide(Command::Withdraw, asker, now)?;
            rows::set_state(conn, id, next).await?;
            note_change(conn, &before, (next, asker, ""), now).await?;
            rows::view(conn, id, now).await
        })
        .await
    }

    /// # Errors
    /// [`Error::NotFound`].
    pub async fn approval(
        &self,
        id: ApprovalId,
        now: DateTime<Utc>,
    ) -> Result<ApprovalView, Error> {
        let mut conn = self.connection().await?;
        rows::view(&mut conn, id, now).await
    }

    /// Returns the requests in one state that do not concern the caller, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn approvals(
        &self,
        (caller, state): (UserId, ApprovalState),
        after: Option<ApprovalId>,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Page<ApprovalView>, Error> {
        let mut conn = self.connection().await?;
        rows::list(&mut conn, (caller, state), (after, limit), now).await
    }
}

/// Marks expired requests for the same action as expired: they would block a new one.
async fn expire(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for id in rows::overdue(conn, user, wanted, now).await? {
        rows::set_state(conn, id, ApprovalState::Expired).await?;
        log::append(conn, now, Actor::System, id, ApprovalEvent::Expired {}).await?;
    }
    Ok(())
}

/// Checks that the requester may still make this request.
async fn require_asker(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    approval: &Approval,
) -> Result<(), Error> {
    let asker = users::load(conn, approval.asked_by).await?;
    // A closed account keeps its role in the row, and has no rights.
    let role = asker.closed_at.map_or(asker.role, |_| UserRole::User);
    let matter = effect::matter(approval.user, &approval.wanted);
    let stakes = conflicts::stakes(conn, vault, asker.id, matter).await?;
    Ok(approval.still_asked(role, stakes)?)
}

async fn note_change(
    conn: &mut AsyncPgConnection,
    before: &Approval,
    (next, actor, note): (ApprovalState, UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (kind, user) = (before.wanted.kind().as_str().to_owned(), before.user);
    let note = note.to_owned();
    let decided = match next {
        ApprovalState::Asked => ApprovalEvent::Requested { kind, user, note },
        ApprovalState::Approved => ApprovalEvent::Approved { kind, user, note },
        ApprovalState::Rejected => ApprovalEvent::Rejected { kind, user, note },
        ApprovalState::Withdrawn => ApprovalEvent::Withdrawn { kind, user, note },
        ApprovalState::Expired => ApprovalEvent::Expired {},
    };
    log::append(conn, now, event::Actor::Operator(actor), before.id, decided).await
}

fn taken(error: Error) -> Error {
    error
        .on_constraint("approvals_open_unique", Conflict::AlreadyRequested)
        .on_constraint("approvals_open_receipt_unique", Conflict::AlreadyRequested)
        .on_constraint("approvals_open_payment_unique", Conflict::AlreadyRequested)
        .on_constraint("approvals_open_plan_unique", Conflict::AlreadyRequested)
        .on_constraint("approvals_tier_fkey", Conflict::UnknownTier)
}
