//! Four eyes: what one person who works here asks for and another one decides about. What is approved happens in
//! the transaction of the approval, by the rules of that moment, or the approval does not happen either.

mod effect;
mod rows;

pub use rows::ApprovalView;

use crate::audit;
use crate::error::{Conflict, Error};
use crate::idempotency::{self, Answer, Keyed, Outcome};
use crate::page::Page;
use crate::pool::Store;
use crate::schema::approvals;
use crate::users;
use amana_domain::approval::{self, Approval, ApprovalState, Command, Wanted};
use amana_domain::deal::Actor;
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::money::Money;
use amana_domain::permission::UserRole;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use serde_json::json;
use uuid::Uuid;

impl Store {
    /// What is at stake, if it is money.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such money.
    pub async fn amount_wanted(&self, wanted: &Wanted) -> Result<Option<Money>, Error> {
        let mut conn = self.connection().await?;
        match wanted {
            Wanted::SetTier { .. } | Wanted::RemoveFactor => Ok(None),
            Wanted::MoveSuspense { provider, receipt } => {
                Ok(Some(effect::suspense_item(&mut conn, *provider, receipt).await?.amount))
            }
        }
    }

    /// Asks for something that is about a person.
    ///
    /// # Errors
    /// [`Error::Approval`], [`Conflict::AlreadyAsked`] if the same waits for a decision already, or whatever speaks
    /// against doing it now.
    pub async fn ask_approval(
        &self,
        keyed: &Keyed,
        (user, wanted, note): (UserId, &Wanted, &str),
        render: fn(&ApprovalView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            approval::ask(keyed.user, user)?;
            effect::check(conn, user, wanted).await?;
            expire(conn, user, wanted, now).await?;
            let id = ApprovalId::new(Uuid::now_v7());
            rows::insert(conn, (id, user, wanted), (keyed.user, note), now).await.map_err(taken)?;
            let data =
                json!({ "kind": wanted.kind().as_str(), "user": user.to_string(), "note": note });
            let actor = Actor::User(keyed.user);
            audit::record(conn, now, actor, "approval.asked", id, data).await?;
            effect::tell_asked(conn, user, wanted, now).await?;
            let view = rows::view(conn, id, now).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Approves, and does what was asked for, or rejects.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Approval`] by the rules: who comes second finds it decided.
    pub async fn decide_approval(
        &self,
        keyed: &Keyed,
        id: ApprovalId,
        (command, note): (Command, &str),
        render: fn(&ApprovalView) -> Answer,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let mut conn = self.connection().await?;
        conn.transaction(async |conn| {
            if let Some(replay) = idempotency::begin(conn, keyed, now).await? {
                return Ok(replay);
            }
            let (before, asked_for) = rows::lock(conn, id).await?;
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
                require_asker(conn, &before).await?;
                effect::apply(conn, &before, (keyed.user, &asked_for), now).await?;
            }
            let view = rows::view(conn, id, now).await?;
            idempotency::complete(conn, keyed, render(&view)).await
        })
        .await
    }

    /// Takes a request back.
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

    /// Requests in one state, newest first.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn approvals(
        &self,
        state: ApprovalState,
        after: Option<ApprovalId>,
        limit: i64,
        now: DateTime<Utc>,
    ) -> Result<Page<ApprovalView>, Error> {
        let mut conn = self.connection().await?;
        rows::list(&mut conn, state, (after, limit), now).await
    }
}

/// What is over and was not noted so far makes room for the same request.
async fn expire(
    conn: &mut AsyncPgConnection,
    user: UserId,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    for id in rows::overdue(conn, user, wanted, now).await? {
        rows::set_state(conn, id, ApprovalState::Expired).await?;
        audit::record(conn, now, Actor::System, "approval.expired", id, json!({})).await?;
    }
    Ok(())
}

/// Whoever asked has to be somebody who might ask for it today as well.
async fn require_asker(conn: &mut AsyncPgConnection, approval: &Approval) -> Result<(), Error> {
    let asker = users::load(conn, approval.asked_by).await?;
    // A closed account has no rights, whatever role it had.
    let role = asker.closed_at.map_or(asker.role, |_| UserRole::User);
    let amount = match &approval.wanted {
        Wanted::SetTier { .. } | Wanted::RemoveFactor => None,
        Wanted::MoveSuspense { provider, receipt } => {
            Some(effect::suspense_item(conn, *provider, receipt).await?.amount)
        }
    };
    Ok(approval.still_asked(role, amount)?)
}

async fn note_change(
    conn: &mut AsyncPgConnection,
    before: &Approval,
    (next, actor, note): (ApprovalState, UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let data = json!({
        "kind": before.wanted.kind().as_str(), "user": before.user.to_string(), "note": note,
    });
    let action = format!("approval.{next}");
    audit::record(conn, now, Actor::User(actor), &action, before.id, data).await
}

fn taken(error: Error) -> Error {
    error
        .on_constraint("approvals_open_unique", Conflict::AlreadyAsked)
        .on_constraint("approvals_open_receipt_unique", Conflict::AlreadyAsked)
        .on_constraint("approvals_tier_fkey", Conflict::UnknownTier)
}
