//! Conversion between rows and holds.

use crate::error::Error;
use crate::page::Page;
use crate::people::PersonView;
use crate::row::{money, parse};
use crate::schema::holds;
use crate::users;
use amana_domain::hold::{For, Hold, State};
use amana_domain::id::{HoldId, PaymentId, UserId};
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

text_enum! {
    /// The user's side of a hold.
    pub enum HoldRole as "hold role" {
        Owner = "owner",
        Beneficiary = "beneficiary",
    }
}

/// Filter of a list of holds; `None` does not restrict it.
#[derive(Debug, Clone, Copy, Default)]
pub struct HoldFilter {
    pub role: Option<HoldRole>,
    pub state: Option<State>,
}

/// A hold between people as both of them see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldView {
    pub hold: Hold,
    pub owner: PersonView,
    pub beneficiary: PersonView,
    pub note: Option<String>,
    pub updated_at: DateTime<Utc>,
}

#[derive(HasQuery, Insertable)]
#[diesel(table_name = holds)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    beneficiary_id: Option<Uuid>,
    payment_id: Option<Uuid>,
    amount_minor: i64,
    settled_minor: i64,
    currency: String,
    state: String,
    note: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn purpose_of(beneficiary: Option<Uuid>, payment: Option<Uuid>) -> Result<For, Error> {
    match (beneficiary, payment) {
        (Some(user), None) => Ok(For::Person(UserId::new(user))),
        (None, Some(payment)) => Ok(For::Withdrawal(PaymentId::new(payment))),
        (None, None) | (Some(_), Some(_)) => Err(Error::row("a hold needs exactly one purpose")),
    }
}

impl TryFrom<&Row> for Hold {
    type Error = Error;

    fn try_from(row: &Row) -> Result<Self, Error> {
        let currency = parse(&row.currency)?;
        Ok(Hold {
            id: HoldId::new(row.id),
            owner: UserId::new(row.user_id),
            purpose: purpose_of(row.beneficiary_id, row.payment_id)?,
            amount: money(row.amount_minor, currency)?,
            settled: money(row.settled_minor, currency)?,
            state: parse(&row.state)?,
            made_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    note: Option<&str>,
) -> Result<(), Error> {
    let (beneficiary_id, payment_id) = match hold.purpose {
        For::Person(user) => (Some(user.uuid()), None),
        For::Withdrawal(payment) => (None, Some(payment.uuid())),
    };
    let row = Row {
        id: hold.id.uuid(),
        user_id: hold.owner.uuid(),
        beneficiary_id,
        payment_id,
        amount_minor: hold.amount.minor(),
        settled_minor: hold.settled.minor(),
        currency: hold.amount.currency().to_string(),
        state: hold.state.to_string(),
        note: note.map(str::to_owned),
        expires_at: hold.expires_at,
        created_at: hold.made_at,
        updated_at: hold.made_at,
    };
    diesel::insert_into(holds::table).values(row).execute(conn).await?;
    Ok(())
}

pub(super) async fn save(
    conn: &mut AsyncPgConnection,
    hold: &Hold,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    diesel::update(holds::table.find(hold.id.uuid()))
        .set((
            holds::settled_minor.eq(hold.settled.minor()),
            holds::state.eq(hold.state.as_str()),
            holds::expires_at.eq(hold.expires_at),
            holds::updated_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Reads the immutable purpose of a hold, which determines what has to be locked before it.
pub(super) async fn purpose(conn: &mut AsyncPgConnection, id: HoldId) -> Result<For, Error> {
    let found: Option<(Option<Uuid>, Option<Uuid>)> = holds::table
        .find(id.uuid())
        .select((holds::beneficiary_id, holds::payment_id))
        .first(conn)
        .await
        .optional()?;
    let (beneficiary, payment) = found.ok_or(Error::NotFound("hold"))?;
    purpose_of(beneficiary, payment)
}

/// Locks a hold, so that concurrent settlements run one after the other and each sees the
/// remainder.
pub(super) async fn lock(conn: &mut AsyncPgConnection, id: HoldId) -> Result<Hold, Error> {
    let found = Row::query().filter(holds::id.eq(id.uuid())).for_update();
    let row: Option<Row> = found.first(conn).await.optional()?;
    Hold::try_from(&row.ok_or(Error::NotFound("hold"))?)
}

/// Locks a hold between people of which the caller is a party.
pub(super) async fn lock_as_party(
    conn: &mut AsyncPgConnection,
    user: UserId,
    id: HoldId,
) -> Result<Hold, Error> {
    let hold = lock(conn, id).await?;
    match hold.purpose {
        For::Person(beneficiary) if [hold.owner, beneficiary].contains(&user) => Ok(hold),
        For::Person(_) | For::Withdrawal(_) => Err(Error::NotFound("hold")),
    }
}

/// Locks the hold of a withdrawal that the caller has locked already.
pub(crate) async fn lock_of_payment(
    conn: &mut AsyncPgConnection,
    payment: PaymentId,
) -> Result<Hold, Error> {
    let found = Row::query().filter(holds::payment_id.eq(payment.uuid())).for_update();
    let row: Option<Row> = found.first(conn).await.optional()?;
    Hold::try_from(&row.ok_or_else(|| Error::row("a withdrawal has no hold"))?)
}

pub(super) async fn view(conn: &mut AsyncPgConnection, id: HoldId) -> Result<HoldView, Error> {
    let row: Option<Row> =
        Row::query().filter(holds::id.eq(id.uuid())).first(conn).await.optional()?;
    let row = row.filter(|row| row.beneficiary_id.is_some()).ok_or(Error::NotFound("hold"))?;
    let people = people(conn, std::slice::from_ref(&row)).await?;
    seen(row, &people)
}

pub(super) async fn list(
    conn: &mut AsyncPgConnection,
    user: UserId,
    filter: HoldFilter,
    after: Option<HoldId>,
    limit: i64,
) -> Result<Page<HoldView>, Error> {
    let mine = user.uuid();
    let mut query = Row::query()
        .filter(holds::beneficiary_id.is_not_null())
        .filter(holds::id.lt(after.map_or(Uuid::max(), HoldId::uuid)))
        .order(holds::id.desc())
        .limit(Page::<HoldView>::fetch(limit))
        .into_boxed();
    query = match filter.role {
        None => query.filter(holds::user_id.eq(mine).or(holds::beneficiary_id.eq(mine))),
        Some(HoldRole::Owner) => query.filter(holds::user_id.eq(mine)),
        Some(HoldRole::Beneficiary) => query.filter(holds::beneficiary_id.eq(mine)),
    };
    if let Some(state) = filter.state {
        query = query.filter(holds::state.eq(state.as_str()));
    }
    let page = Page::cut(query.load(conn).await?, limit);
    let people = people(conn, &page.items).await?;
    page.try_map(|row| seen(row, &people))
}

async fn people(
    conn: &mut AsyncPgConnection,
    rows: &[Row],
) -> Result<BTreeMap<UserId, PersonView>, Error> {
    let ids = rows.iter().flat_map(|row| [Some(row.user_id), row.beneficiary_id]).flatten();
    users::people(conn, &ids.map(UserId::new).collect::<BTreeSet<_>>()).await
}

fn seen(row: Row, people: &BTreeMap<UserId, PersonView>) -> Result<HoldView, Error> {
    let person = |id: Option<Uuid>| {
        let found = id.and_then(|id| people.get(&UserId::new(id)));
        found.cloned().ok_or_else(|| Error::row("a party of a hold is missing"))
    };
    Ok(HoldView {
        hold: Hold::try_from(&row)?,
        owner: person(Some(row.user_id))?,
        beneficiary: person(row.beneficiary_id)?,
        note: row.note,
        updated_at: row.updated_at,
    })
}
