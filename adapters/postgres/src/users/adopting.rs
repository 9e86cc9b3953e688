//! Users who were inserted by SQL instead of registration: their contacts are sealed afterwards.

use super::{Contacts, taken};
use crate::error::Error;
use crate::pool::Store;
use crate::statement::statement;
use crate::vault::Column;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Binary, Nullable, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

/// Maximum number of users per statement.
const AT_ONCE: usize = 5_000;

statement! {
    #[derive(Default)]
    Adopt(
        ids: Array<SqlUuid> = Vec<Uuid>,
        keys: Array<Binary> = Vec<Vec<u8>>,
        emails: Array<Nullable<Binary>> = Vec<Option<Vec<u8>>>,
        email_digests: Array<Nullable<Binary>> = Vec<Option<Vec<u8>>>,
        phones: Array<Nullable<Binary>> = Vec<Option<Vec<u8>>>,
        phone_digests: Array<Nullable<Binary>> = Vec<Option<Vec<u8>>>,
        at: Timestamptz = DateTime<Utc>,
    ) "with keys as (
            insert into person_keys (user_id, wrapped, created_at) select *, $7 from unnest($1, $2)
        )
        update users u set email_sealed = p.email, email_digest = p.email_digest,
            phone_sealed = p.phone, phone_digest = p.phone_digest,
            email_verified_at = case when p.email is not null then $7 end,
            phone_verified_at = case when p.phone is not null then $7 end
        from unnest($1, $3, $4, $5, $6) as p (id, email, email_digest, phone, phone_digest) where u.id = p.id"
}

impl Store {
    /// Adds a key and contacts to users that have a row and no key. The contacts count as verified: the importer
    /// vouches for them.
    ///
    /// # Errors
    /// [`Error::Conflict`] if an account has the e-mail address or phone number already.
    pub async fn adopt(
        &self,
        people: &[(UserId, Contacts)],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let (vault, mut conn) = (self.vault()?, self.connection().await?);
        conn.transaction(async |conn| {
            for some in people.chunks(AT_ONCE) {
                let mut adopt = Adopt { at: now, ..Adopt::default() };
                for (id, Contacts { email, phone }) in some {
                    let (key, wrapped) = vault.new_key(*id)?;
                    let email = email.as_ref().map(|email| email.expose().as_str());
                    let phone = phone.as_ref().map(|phone| phone.as_str());
                    let sealed = |column, text: Option<&str>| {
                        text.map(|text| key.seal(column, text)).transpose()
                    };
                    adopt.ids.push(id.uuid());
                    adopt.keys.push(wrapped);
                    adopt.emails.push(sealed(Column::UserEmail, email)?);
                    adopt.email_digests.push(email.map(|email| vault.email(email)));
                    adopt.phones.push(sealed(Column::UserPhone, phone)?);
                    adopt.phone_digests.push(phone.map(|phone| vault.phone(phone)));
                }
                adopt.execute(conn).await.map_err(taken)?;
            }
            Ok(())
        })
        .await
    }
}
