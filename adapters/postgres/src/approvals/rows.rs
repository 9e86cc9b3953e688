//! Rows of requests, to the domain and back.

use crate::error::Error;
use crate::page::Page;
use crate::row::{money, parse};
use crate::schema::{approvals, suspense_items};
use amana_domain::approval::{APPROVAL_TTL, Approval, ApprovalKind, ApprovalState, Wanted};
use amana_domain::id::{ApprovalId, UserId};
use amana_domain::money::Money;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// A request, in the state that it has at the time of asking, with what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    pub approval: Approval,
    /// Of the money that is to be moved.
    pub amount: Option<Money>,
    pub note: String,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_note: Option<String>,
}

#[derive(HasQuery)]
#[diesel(table_name = approvals)]
struct Row {
    id: Uuid,
    kind: String,
    user_id: Uuid,
    tier: Option<String>,
    provider: Option<String>,
    receipt: Option<String>,
    note: String,
    state: String,
    asked_by: Uuid,
    asked_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    decision_note: Option<String>,
}

impl Row {
    fn wanted(&self) -> Result<Wanted, Error> {
        let incomplete = || Error::row("a request does not say what is wanted");
        match parse(&self.kind)? {
            ApprovalKind::SetTier => {
                Ok(Wanted::SetTier { tier: self.tier.clone().ok_or_else(incomplete)? })
            }
            ApprovalKind::MoveSuspense => Ok(Wanted::MoveSuspense {
                provider: parse(self.provider.as_deref().ok_or_else(incomplete)?)?,
                receipt: self.receipt.clone().ok_or_else(incomplete)?,
            }),
            ApprovalKind::RemoveFactor => Ok(Wanted::RemoveFactor),
        }
    }

    fn approval(&self) -> Result<Approval, Error> {
        Ok(Approval {
            id: ApprovalId::new(self.id),
            wanted: self.wanted()?,
            user: UserId::new(self.user_id),
            state: parse(&self.state)?,
            asked_by: UserId::new(self.asked_by),
            asked_at: self.asked_at,
            expires_at: self.expires_at,
        })
    }

    fn view(
        self,
        amount: Option<(i64, String)>,
        now: DateTime<Utc>,
    ) -> Result<ApprovalView, Error> {
        let found = self.approval()?;
        let amount = amount.map(|(minor, currency)| money(minor, parse(&currency)?)).transpose()?;
        Ok(ApprovalView {
            approval: Approval { state: found.state_at(now), ..found },
            amount,
            note: self.note,
            decided_by: self.decided_by.map(UserId::new),
            decided_at: self.decided_at,
            decision_note: self.decision_note,
        })
    }
}

/// With the amount that lies in suspense, if it is about that.
macro_rules! with_amount {
    () => {
        approvals::table
            .left_join(
                suspense_items::table.on(approvals::provider
                    .eq(suspense_items::provider.nullable())
                    .and(approvals::receipt.eq(suspense_items::receipt.nullable()))),
            )
            .select((
                Row::as_select(),
                (suspense_items::amount_minor, suspense_items::currency).nullable(),
            ))
    };
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    (id, user, wanted): (ApprovalId, UserId, &Wanted),
    (asked_by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (tier, suspense) = match wanted {
        Wanted::SetTier { tier } => (Some(tier), None),
        Wanted::MoveSuspense { provider, receipt } => (None, Some((provider.as_str(), receipt))),
        Wanted::RemoveFactor => (None, None),
    };
    diesel::insert_into(approvals::table)
        .values((
            approvals::id.eq(id.uuid()),
            approvals::kind.eq(wanted.kind().as_str()),
            approvals::user_id.eq(user.uuid()),
            approvals::tier.eq(tier),
            approvals::provider.eq(suspense.map(|(provider, _)| provider)),
            approvals::receipt.eq(suspense.map(|(_, receipt)| receipt)),
            approvals::note.eq(note),
            approvals::asked_by.eq(asked_by.uuid()),
            approvals::asked_at.eq(now),
            approvals::expires_at.eq(now.checked_add_signed(APPROVAL_TTL).unwrap_or(now)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A request, locked, with what was said when it was asked.
pub(super) async fn lock(
    conn: &mut AsyncPgConnection,
    id: ApprovalId,
) -> Result<(Approval, String), Error> {
    let row: Option<Row> = Row::query()
        .filter(approvals::id.eq(id.uuid()))
        .for_no_key_update()
        .first(conn)
        .await
        .optional()?;
    let row = row.ok_or(Error::NotFound("request"))?;
    Ok((row.approval()?, row.note))
}

pub(super) async fn set_state(
    conn: &mut AsyncPgConnection,
    id: ApprovalId,
    state: ApprovalState,
) -> Result<(), Error> {
    diesel::update(approvals::table.find(id.uuid()))
        .set(approvals::state.eq(state.as_str()))
        .execute(conn)
        .await?;
    Ok(())
}

/// Requests for the same that are over and do not say so, locked: one at most.
pub(super) async fn overdue(
    conn: &mut AsyncPgConnection,
    user: UserId,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Vec<ApprovalId>, Error> {
    let late = approvals::table
        .filter(approvals::kind.eq(wanted.kind().as_str()))
        .filter(approvals::state.eq(ApprovalState::Asked.as_str()))
        .filter(approvals::expires_at.le(now))
        .select(approvals::id)
        .for_no_key_update();
    let found: Vec<Uuid> = match wanted {
        Wanted::SetTier { .. } | Wanted::RemoveFactor => {
            late.filter(approvals::user_id.eq(user.uuid())).load(conn).await?
        }
        Wanted::MoveSuspense { provider, receipt } => {
            late.filter(approvals::provider.eq(provider.as_str()))
                .filter(approvals::receipt.eq(receipt))
                .load(conn)
                .await?
        }
    };
    Ok(found.into_iter().map(ApprovalId::new).collect())
}

pub(super) async fn view(
    conn: &mut AsyncPgConnection,
    id: ApprovalId,
    now: DateTime<Utc>,
) -> Result<ApprovalView, Error> {
    let found: Option<(Row, Option<(i64, String)>)> =
        with_amount!().filter(approvals::id.eq(id.uuid())).first(conn).await.optional()?;
    let (row, amount) = found.ok_or(Error::NotFound("request"))?;
    row.view(amount, now)
}

pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    state: ApprovalState,
    (after, limit): (Option<ApprovalId>, i64),
    now: DateTime<Utc>,
) -> Result<Page<ApprovalView>, Error> {
    let mut query = with_amount!()
        .order(approvals::id.desc())
        .limit(Page::<ApprovalView>::fetch(limit))
        .into_boxed();
    let said = approvals::state.eq(state.as_str());
    let asked = approvals::state.eq(ApprovalState::Asked.as_str());
    query = match state {
        ApprovalState::Asked => query.filter(said.and(approvals::expires_at.gt(now))),
        ApprovalState::Expired => query.filter(said.or(asked.and(approvals::expires_at.le(now)))),
        ApprovalState::Approved | ApprovalState::Rejected | ApprovalState::Withdrawn => {
            query.filter(said)
        }
    };
    if let Some(after) = after {
        query = query.filter(approvals::id.lt(after.uuid()));
    }
    let found: Vec<(Row, Option<(i64, String)>)> = query.load(conn).await?;
    Page::cut(found, limit).try_map(|(row, amount)| row.view(amount, now))
}
