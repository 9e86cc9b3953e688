//! Rows of requests, to the domain and back.

use super::subject::Subject;
use crate::error::Error;
use crate::page::Page;
use crate::row::{money, parse};
use crate::schema::{approvals, payments, suspense_items};
use crate::users;
use amana_domain::approval::{APPROVAL_TTL, Approval, ApprovalState, Wanted};
use amana_domain::id::{ApprovalId, PaymentId, UserId};
use amana_domain::money::{Currency, Money};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A request with its notes, in its state at the time of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalView {
    pub approval: Approval,
    /// The amount of money that the action moves.
    pub amount: Option<Money>,
    /// The payment that the request concerns or that its action started.
    pub payment: Option<PaymentId>,
    pub note: String,
    pub decided_by: Option<UserId>,
    pub decided_at: Option<DateTime<Utc>>,
    pub decision_note: Option<String>,
    /// The names of requester, decider and user concerned.
    pub names: BTreeMap<UserId, String>,
}

impl ApprovalView {
    fn people(&self) -> impl Iterator<Item = UserId> {
        [Some(self.approval.asked_by), self.approval.user, self.decided_by].into_iter().flatten()
    }

    #[must_use]
    pub fn name(&self, user: UserId) -> Option<&str> {
        self.names.get(&user).map(String::as_str)
    }
}

#[derive(HasQuery)]
#[diesel(table_name = approvals)]
struct Row {
    id: Uuid,
    kind: String,
    user_id: Option<Uuid>,
    #[diesel(embed)]
    subject: Subject,
    note: String,
    state: String,
    asked_by: Uuid,
    asked_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    decided_by: Option<Uuid>,
    decided_at: Option<DateTime<Utc>>,
    decision_note: Option<String>,
}

/// Minor units and currency.
type Amount = Option<(i64, String)>;
type Found = (Row, Amount, Amount);

fn approval(row: Row) -> Result<Approval, Error> {
    Ok(Approval {
        id: ApprovalId::new(row.id),
        wanted: row.subject.wanted(parse(&row.kind)?)?,
        user: row.user_id.map(UserId::new),
        state: parse(&row.state)?,
        asked_by: UserId::new(row.asked_by),
        asked_at: row.asked_at,
        expires_at: row.expires_at,
    })
}

fn into_view(found: Found, now: DateTime<Utc>) -> Result<ApprovalView, Error> {
    let (mut row, in_suspense, of_payment) = found;
    let amount = in_suspense.or(of_payment);
    let amount = amount.map(|(minor, currency)| money(minor, parse(&currency)?)).transpose()?;
    let note = std::mem::take(&mut row.note);
    let payment = row.subject.payment_id.map(PaymentId::new);
    let (decided_by, decided_at) = (row.decided_by.map(UserId::new), row.decided_at);
    let decision_note = row.decision_note.take();
    let found = approval(row)?;
    let approval = Approval { state: found.state_at(now), ..found };
    let names = BTreeMap::new();
    Ok(ApprovalView {
        approval,
        amount,
        payment,
        note,
        decided_by,
        decided_at,
        decision_note,
        names,
    })
}

/// Selects requests together with the amounts of their suspense item and payment.
macro_rules! with_amount {
    () => {
        approvals::table
            .left_join(
                suspense_items::table.on(approvals::provider
                    .eq(suspense_items::provider.nullable())
                    .and(approvals::receipt.eq(suspense_items::receipt.nullable()))),
            )
            .left_join(payments::table)
            .select((
                Row::as_select(),
                (suspense_items::amount_minor, suspense_items::currency).nullable(),
                (payments::amount_minor, payments::currency).nullable(),
            ))
    };
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    (id, user, wanted): (ApprovalId, Option<UserId>, &Wanted),
    (asked_by, note): (UserId, &str),
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::insert_into(approvals::table)
        .values((
            approvals::id.eq(id.uuid()),
            approvals::kind.eq(wanted.kind().as_str()),
            approvals::user_id.eq(user.map(UserId::uuid)),
            Subject::of(wanted)?,
            approvals::note.eq(note),
            approvals::asked_by.eq(asked_by.uuid()),
            approvals::asked_at.eq(now),
            approvals::expires_at.eq(now.checked_add_signed(APPROVAL_TTL).unwrap_or(now)),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Locks a request and returns it with the requester's note.
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
    let mut row = row.ok_or(Error::NotFound("request"))?;
    let note = std::mem::take(&mut row.note);
    Ok((approval(row)?, note))
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

/// Locks and returns the requests for the same action that expired and are still stored as open.
pub(super) async fn overdue(
    conn: &mut AsyncPgConnection,
    user: Option<UserId>,
    wanted: &Wanted,
    now: DateTime<Utc>,
) -> Result<Vec<ApprovalId>, Error> {
    let late = approvals::table
        .filter(approvals::kind.eq(wanted.kind().as_str()))
        .filter(approvals::state.eq(ApprovalState::Asked.as_str()))
        .filter(approvals::expires_at.le(now))
        .select((approvals::id, Row::as_select()))
        .for_no_key_update();
    let found: Vec<(Uuid, Row)> = match wanted {
        Wanted::SetTier { .. } | Wanted::RemoveFactor | Wanted::SetRole { .. } => {
            late.filter(approvals::user_id.eq(user.map(UserId::uuid))).load(conn).await?
        }
        Wanted::MoveSuspense { provider, receipt }
        | Wanted::ReturnSuspense { provider, receipt } => {
            late.filter(approvals::provider.eq(provider.as_str()))
                .filter(approvals::receipt.eq(receipt))
                .load(conn)
                .await?
        }
        Wanted::ReleaseWithdrawal { payment } | Wanted::ResolvePayment { payment, .. } => {
            late.filter(approvals::payment_id.eq(payment.uuid())).load(conn).await?
        }
        Wanted::PublishFeePlan { plan, .. } => {
            let all: Vec<(Uuid, Row)> = late.load(conn).await?;
            return of_currency(all, plan.fixed.currency());
        }
    };
    Ok(found.into_iter().map(|(id, _)| ApprovalId::new(id)).collect())
}

/// Returns the requests for a fee plan of this currency. A currency has at most one open request.
fn of_currency(all: Vec<(Uuid, Row)>, wanted: Currency) -> Result<Vec<ApprovalId>, Error> {
    let mut found = vec![];
    for (id, row) in all {
        if let Wanted::PublishFeePlan { plan, .. } = approval(row)?.wanted
            && plan.fixed.currency() == wanted
        {
            found.push(ApprovalId::new(id));
        }
    }
    Ok(found)
}

pub(super) async fn view(
    conn: &mut AsyncPgConnection,
    id: ApprovalId,
    now: DateTime<Utc>,
) -> Result<ApprovalView, Error> {
    let found: Option<Found> =
        with_amount!().filter(approvals::id.eq(id.uuid())).first(conn).await.optional()?;
    let view = into_view(found.ok_or(Error::NotFound("request"))?, now)?;
    named(conn, vec![view]).await?.pop().ok_or(Error::NotFound("request"))
}

/// Returns requests that do not concern the caller, newest first.
pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    (caller, state): (UserId, ApprovalState),
    (after, limit): (Option<ApprovalId>, i64),
    now: DateTime<Utc>,
) -> Result<Page<ApprovalView>, Error> {
    let of_another = approvals::user_id.is_distinct_from(caller.uuid());
    let mut query = with_amount!()
        .filter(of_another)
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
    let found: Vec<Found> = query.load(conn).await?;
    let Page { items, more } = Page::cut(found, limit).try_map(|row| into_view(row, now))?;
    Ok(Page { items: named(conn, items).await?, more })
}

/// Adds the names of the people in the requests.
async fn named(
    conn: &mut AsyncPgConnection,
    mut views: Vec<ApprovalView>,
) -> Result<Vec<ApprovalView>, Error> {
    let ids: BTreeSet<UserId> = views.iter().flat_map(ApprovalView::people).collect();
    let people = users::people(conn, &ids).await?;
    for view in &mut views {
        let of_view: Vec<UserId> = view.people().collect();
        let name = |id: UserId| people.get(&id).map(|person| (id, person.name.clone()));
        view.names = of_view.into_iter().filter_map(name).collect();
    }
    Ok(views)
}
