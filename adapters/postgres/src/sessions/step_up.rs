//! Step-up authentication: a logged-in user authenticates again within a session.

use crate::error::Error;
use crate::factors::{self, Shown, Stage};
use crate::log;
use crate::pool::Store;
use crate::schema::{person_keys, second_factors, sessions, users};
use crate::users::load;
use crate::vault::Column;
use amana_domain::contact::{Contact, ContactKind};
use amana_domain::deal::Actor;
use amana_domain::event::AccessEvent;
use amana_domain::factor::{FactorRefusal, Standing};
use amana_domain::id::{SessionId, UserId};
use amana_domain::phone::Msisdn;
use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

impl Store {
    /// Marks the session as stepped up. The password was verified before; the second factor is required if one is
    /// active.
    ///
    /// # Errors
    /// [`Error::Factor`], or [`Error::NotFound`] if the session has ended.
    pub async fn step_up(
        &self,
        (user, session): (UserId, SessionId),
        shown: Option<Shown>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let proven = conn
            .transaction(async |conn| {
                let proven = match shown {
                    Some(shown) => factors::present(conn, user, shown, Stage::Active, now).await?,
                    None if factors::active(conn, user).await?.is_some() => {
                        Err(FactorRefusal::CodeWanted)
                    }
                    None => Ok(()),
                };
                if proven.is_err() {
                    // The attempt counts, so this transaction commits.
                    return Ok::<_, Error>(proven);
                }
                let own =
                    sessions::table.find(session.uuid()).filter(sessions::user_id.eq(user.uuid()));
                let marked = diesel::update(own.filter(sessions::ended_at.is_null()))
                    .set(sessions::stepped_up_at.eq(Some(now)))
                    .execute(conn)
                    .await?;
                if marked == 0 {
                    return Err(Error::NotFound("session"));
                }
                let stepped_up = AccessEvent::SessionSteppedUp {};
                log::append(conn, now, Actor::User(user), session, stepped_up).await?;
                Ok(proven)
            })
            .await?;
        proven.map_err(Error::Factor)
    }

    /// Returns the step-up state of the session and the user's verified phone number.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such session.
    pub async fn standing(&self, session: SessionId) -> Result<(Standing, Option<Msisdn>), Error> {
        let mut conn = self.connection().await?;
        let factor = second_factors::table
            .filter(second_factors::user_id.eq(users::id))
            .filter(second_factors::confirmed_at.is_not_null());
        type Phone = (Option<DateTime<Utc>>, Option<Vec<u8>>);
        type Found = (Option<DateTime<Utc>>, bool, Uuid, Phone, Vec<u8>);
        let found: Option<Found> = sessions::table
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .inner_join(person_keys::table.on(person_keys::user_id.eq(users::id)))
            .filter(sessions::id.eq(session.uuid()))
            .select((
                sessions::stepped_up_at,
                exists(factor),
                users::id,
                (users::phone_verified_at, users::phone_sealed),
                person_keys::wrapped,
            ))
            .first(&mut conn)
            .await
            .optional()?;
        let (stepped_up_at, has_factor, user, phone, wrapped) =
            found.ok_or(Error::NotFound("session"))?;
        let phone = match phone {
            (Some(_), Some(sealed)) => {
                let key = self.vault()?.key(UserId::new(user), &wrapped)?;
                let phone = key.open(Column::UserPhone, &sealed)?;
                Some(Msisdn::parse(&phone).map_err(Error::row)?)
            }
            (None, _) | (_, None) => None,
        };
        Ok((Standing { stepped_up_at, has_factor }, phone))
    }

    /// Returns the same for a call with an API key, which is never stepped up.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such user.
    pub async fn standing_of_machine(
        &self,
        user: UserId,
    ) -> Result<(Standing, Option<Msisdn>), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        let person = load(&mut conn, user).await?;
        let has_factor = factors::active(&mut conn, user).await?.is_some();
        let phone = match person.verified_contact(vault, ContactKind::Phone)? {
            Some(Contact::Phone(number)) => Some(number),
            Some(Contact::Email(_)) | None => None,
        };
        Ok((Standing { stepped_up_at: None, has_factor }, phone))
    }
}
