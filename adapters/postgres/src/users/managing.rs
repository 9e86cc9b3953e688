//! Users for operators: search and views, each recorded in the audit log.

use super::{Row, User, find_payee, load};
use crate::conflicts::{self, Matter};
use crate::error::Error;
use crate::log;
use crate::payments::{EvidenceView, PaymentView, load_view, said_about};
use crate::pool::Store;
use crate::schema::{payments, users};
use amana_domain::event::{self, PaymentEvent, UserEvent};
use amana_domain::id::{PaymentId, UserId};
use amana_domain::payee::Payee;
use amana_domain::permission::{Action, Resource, Staff};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

/// Maximum number of users per search. Payments of several users may have the same receipt.
const FOUND_MAX: i64 = 20;

const READ: (Resource, Action) = (Resource::Accounts, Action::Read);

/// The key of a search for users.
#[derive(Clone)]
pub enum UserQuery {
    /// A phone number, e-mail address, handle or id.
    Named(Payee),
    /// The provider's receipt number of a payment.
    Receipt(String),
}

impl UserQuery {
    /// Returns the kind for the audit log, which must not contain the number or address.
    const fn kind(&self) -> &'static str {
        match self {
            UserQuery::Named(Payee::Phone(_)) => "phone",
            UserQuery::Named(Payee::Email(_)) => "email",
            UserQuery::Named(Payee::Handle(_)) => "handle",
            UserQuery::Named(Payee::User(_)) => "id",
            UserQuery::Receipt(_) => "receipt",
        }
    }
}

/// Masked, because phone numbers and addresses are personal data.
impl std::fmt::Debug for UserQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Store {
    /// Returns the users that match. The search is recorded for each of them.
    ///
    /// # Errors
    /// [`Error::Denied`].
    pub async fn find_users(
        &self,
        staff: &Staff,
        query: &UserQuery,
        now: DateTime<Utc>,
    ) -> Result<Vec<User>, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, READ, Matter::Nobody, now).await?;
            let ids = match query {
                UserQuery::Named(payee) => {
                    find_payee(conn, vault, payee).await?.map(UserId::uuid).into_iter().collect()
                }
                UserQuery::Receipt(receipt) => payers_of(conn, receipt).await?,
            };
            let rows: Vec<Row> =
                Row::query().filter(users::id.eq_any(ids)).order(users::id).load(conn).await?;
            let found: Vec<User> =
                rows.into_iter().map(User::try_from).collect::<Result<_, _>>()?;
            for user in &found {
                let searched = UserEvent::Searched { by: query.kind().to_owned() };
                log::append(conn, now, event::Actor::Operator(staff.user), user.id, searched)
                    .await?;
            }
            Ok(found)
        })
        .await
    }

    /// Returns a user, and records the view.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn managed_user(
        &self,
        staff: &Staff,
        id: UserId,
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let right = (Resource::Users, Action::Read);
        self.look_at_user(staff, right, (id, UserEvent::Viewed {}), now).await
    }

    /// Records a view of a user's payments, deals or wallet, before they are shown.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn look_at_account(
        &self,
        staff: &Staff,
        (id, look): (UserId, UserEvent),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        self.look_at_user(staff, READ, (id, look), now).await
    }

    async fn look_at_user(
        &self,
        staff: &Staff,
        right: (Resource, Action),
        (id, look): (UserId, UserEvent),
        now: DateTime<Utc>,
    ) -> Result<User, Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, right, Matter::Nobody, now).await?;
            let user = load(conn, id).await?;
            log::append(conn, now, event::Actor::Operator(staff.user), id, look).await?;
            Ok(user)
        })
        .await
    }

    /// Returns a payment of any user with all its evidence, oldest first. The view is recorded.
    ///
    /// # Errors
    /// [`Error::Denied`] or [`Error::NotFound`].
    pub async fn managed_payment(
        &self,
        staff: &Staff,
        id: PaymentId,
        now: DateTime<Utc>,
    ) -> Result<(PaymentView, Vec<EvidenceView>), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            conflicts::permit(conn, vault, staff, READ, Matter::Nobody, now).await?;
            let payment = load_view(conn, vault, id).await?;
            let viewed = PaymentEvent::Viewed { user: payment.user };
            log::append(conn, now, event::Actor::Operator(staff.user), id, viewed).await?;
            Ok((payment, said_about(conn, id).await?))
        })
        .await
    }
}

async fn payers_of(conn: &mut AsyncPgConnection, receipt: &str) -> Result<Vec<Uuid>, Error> {
    let of_receipt = payments::table.filter(payments::receipt.eq(receipt));
    let found: Vec<Option<Uuid>> =
        of_receipt.select(payments::user_id).limit(FOUND_MAX).load(conn).await?;
    Ok(found.into_iter().flatten().collect())
}
