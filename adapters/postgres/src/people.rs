//! Search for counterparties and payees. Finds no closed or unverified accounts, no operators and not the caller.

use crate::error::Error;
use crate::handles;
use crate::page::Page;
use crate::pool::Store;
use crate::schema::users;
use crate::statement::statement;
use crate::users::find_payee;
use amana_domain::handle::Handle;
use amana_domain::id::UserId;
use amana_domain::payee::Payee;
use amana_domain::permission::UserRole;
use amana_domain::phone::Msisdn;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

/// The key of a search for users.
#[derive(Clone)]
pub enum PeopleQuery {
    /// The prefix of a name or of a handle.
    Beginning(String),
    /// The prefix of a handle, without the `@`.
    Handle(String),
    Phone(Msisdn),
    Email(String),
}

/// Masked, because phone numbers and addresses are personal data.
impl std::fmt::Debug for PeopleQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PeopleQuery")
    }
}

/// The public view of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    pub id: UserId,
    pub name: String,
    pub handle: Option<Handle>,
}

#[derive(Queryable, QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<Text>)]
    handle: Option<String>,
}

impl TryFrom<Row> for PersonView {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let handle = handles::read(row.handle)?;
        Ok(Self { id: UserId::new(row.id), name: row.name, handle })
    }
}

/// PostgreSQL cannot estimate how many users share a prefix; a wrong estimate makes it read and sort all of them. With
/// these settings it scans the index, which has the right order, and stops early.
const IN_INDEX_ORDER: &str = "set local enable_bitmapscan = off; set local enable_seqscan = off";

// A prefix is a range of the index, so that no character acts as a wildcard. Each side reads at most 200 rows of its
// index, however many users there are.
statement! {
    FindPeople(
        handle_from: Text = String,
        handle_below: Text = String,
        name_from: Text = String,
        name_below: Text = String,
        after: Nullable<SqlUuid> = Option<Uuid>,
        caller: SqlUuid = Uuid,
        count: BigInt = i64,
    ) "with people as (
            (select id, name, handle, lower(name) collate \"C\" as place from users
            where handle ~>=~ $1 and handle ~<~ $2 and role = 'user' and closed_at is null and is_verified
            order by handle using ~<~ limit 200)
            union
            (select id, name, handle, lower(name) collate \"C\" from users
            where lower(name) ~>=~ lower($3) and lower(name) ~<~ lower($4)
                and role = 'user' and closed_at is null and is_verified
            order by lower(name) using ~<~, id limit 200)
        )
        select p.id, p.name, p.handle from people p cross join (select $5::uuid as id) after
        where (after.id is null
                or (p.place, p.id) > (select last.place, last.id from people last where last.id = after.id))
            and p.id <> $6
        order by p.place, p.id limit $7"
}

async fn walk(conn: &mut AsyncPgConnection, find: FindPeople) -> Result<Vec<Row>, Error> {
    conn.transaction(async |conn| {
        conn.batch_execute(IN_INDEX_ORDER).await?;
        Ok(find.load(conn).await?)
    })
    .await
}

impl Store {
    /// Returns users by name, then id; at most 200 by handle and 200 by name. `after` is the last user of the previous
    /// page.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn people(
        &self,
        caller: UserId,
        query: &PeopleQuery,
        after: Option<UserId>,
        limit: i64,
    ) -> Result<Page<PersonView>, Error> {
        let mut conn = self.connection().await?;
        let rows: Vec<Row> = match query {
            PeopleQuery::Beginning(text) => {
                walk(&mut conn, find((text, text), (caller, after), limit)).await?
            }
            PeopleQuery::Handle(text) => {
                walk(&mut conn, find((text, ""), (caller, after), limit)).await?
            }
            // A contact belongs to at most one user, so there is no second page.
            PeopleQuery::Phone(_) | PeopleQuery::Email(_) if after.is_some() => vec![],
            PeopleQuery::Phone(phone) => {
                let payee = Payee::Phone(phone.clone());
                let found = find_payee(&mut conn, self.vault()?, &payee).await?;
                others(caller, found).load(&mut conn).await?
            }
            PeopleQuery::Email(email) => {
                let payee = Payee::Email(email.to_lowercase());
                let found = find_payee(&mut conn, self.vault()?, &payee).await?;
                others(caller, found).load(&mut conn).await?
            }
        };
        Page::cut(rows, limit).try_map(PersonView::try_from)
    }
}

/// An empty name prefix matches no user.
fn find(
    (handle, name): (&str, &str),
    (caller, after): (UserId, Option<UserId>),
    limit: i64,
) -> FindPeople {
    let below = |text: &str| match text {
        "" => String::new(),
        _ => format!("{text}{}", char::MAX),
    };
    let handle = handle.to_ascii_lowercase();
    FindPeople {
        handle_below: below(&handle),
        handle_from: handle,
        name_from: name.to_owned(),
        name_below: below(name),
        after: after.map(UserId::uuid),
        caller: caller.uuid(),
        count: Page::<Row>::fetch(limit),
    }
}

/// Returns the user who was found by a contact, unless the search excludes them.
fn others<'a>(
    caller: UserId,
    found: Option<UserId>,
) -> users::BoxedQuery<'a, Pg, (SqlUuid, Text, Nullable<Text>)> {
    users::table
        .select((users::id, users::name, users::handle))
        .filter(users::role.eq(UserRole::User.as_str()))
        .filter(users::closed_at.is_null())
        .filter(users::id.ne(caller.uuid()))
        .filter(users::id.eq_any(found.map(UserId::uuid)))
        .into_boxed()
}
