//! People who came here otherwise than by registering: what was written by SQL is sealed afterwards.

use super::{Contacts, taken};
use crate::error::Error;
use crate::pool::Store;
use crate::statement::statement;
use crate::vault::Column;
use amana_domain::id::UserId;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, Binary, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncConnection, RunQueryDsl};
use uuid::Uuid;

/// So many people are written by one statement.
const AT_ONCE: usize = 5_000;

statement! {
    #[derive(Default)]
    Adopt(
        ids: Array<SqlUuid> = Vec<Uuid>,
        keys: Array<Binary> = Vec<Vec<u8>>,
        emails: Array<Binary> = Vec<Vec<u8>>,
        email_digests: Array<Binary> = Vec<Vec<u8>>,
        phones: Array<Binary> = Vec<Vec<u8>>,
        phone_digests: Array<Binary> = Vec<Vec<u8>>,
        at: Timestamptz = DateTime<Utc>,
    ) "with keys as (
            insert into person_keys (user_id, wrapped, created_at) select *, $7 from unnest($1, $2)
        )
        update users u set email_sealed = p.email, email_digest = p.email_digest,
            phone_sealed = p.phone, phone_digest = p.phone_digest
        from unnest($1, $3, $4, $5, $6) as p (id, email, email_digest, phone, phone_digest) where u.id = p.id"
}

impl Store {
    /// Gives a key, an address and a number to people who have a row and no key.
    ///
    /// # Errors
    /// [`Error::Conflict`] if somebody has the address or number already.
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
                    let (email, phone) = (email.expose(), phone.as_str());
                    adopt.ids.push(id.uuid());
                    adopt.keys.push(wrapped);
                    adopt.emails.push(key.seal(Column::UserEmail, email)?);
                    adopt.email_digests.push(vault.email(email));
                    adopt.phones.push(key.seal(Column::UserPhone, phone)?);
                    adopt.phone_digests.push(vault.phone(phone));
                }
                adopt.execute(conn).await.map_err(taken)?;
            }
            Ok(())
        })
        .await
    }
}
