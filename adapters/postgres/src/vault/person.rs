//! The key of one person.

use super::seal::{KEY_BYTES, cipher, derive, open, seal};
use super::{Column, Vault, text};
use crate::error::{Error, StoreError};
use crate::schema::{payments, person_keys};
use amana_domain::id::{DocumentId, PaymentId, UserId};
use amana_domain::personal::Personal;
use aws_lc_rs::aead::RandomizedNonceKey;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

pub(crate) struct PersonKey {
    user: UserId,
    bytes: [u8; KEY_BYTES],
    cipher: RandomizedNonceKey,
}

impl PersonKey {
    pub(super) fn new(user: UserId, bytes: [u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let cipher = cipher(&derive(&bytes, &[b"columns"])?)?;
        Ok(Self { user, bytes, cipher })
    }

    fn place(&self, column: Column) -> Vec<u8> {
        [self.user.uuid().as_bytes().as_slice(), column.as_str().as_bytes()].concat()
    }

    pub(crate) fn seal(&self, column: Column, text: &str) -> Result<Vec<u8>, StoreError> {
        Ok(seal(&self.cipher, &self.place(column), text.as_bytes())?)
    }

    pub(crate) fn open(&self, column: Column, sealed: &[u8]) -> Result<String, StoreError> {
        text(open(&self.cipher, &self.place(column), sealed)?)
    }

    pub(crate) fn seal_bytes(&self, column: Column, bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(seal(&self.cipher, &self.place(column), bytes)?)
    }

    pub(crate) fn open_bytes(&self, column: Column, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        Ok(open(&self.cipher, &self.place(column), sealed)?)
    }

    /// The key that a document of the person is sealed with.
    pub(crate) fn of_file(&self, id: DocumentId) -> Result<Personal<[u8; KEY_BYTES]>, StoreError> {
        Ok(Personal::new(derive(&self.bytes, &[b"document ", id.uuid().as_bytes()])?))
    }
}

/// The key of a person; `None` if the person is erased.
pub(crate) async fn key_of(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: UserId,
) -> Result<Option<PersonKey>, Error> {
    let find = person_keys::table.find(user.uuid()).select(person_keys::wrapped);
    let wrapped: Option<Vec<u8>> = find.first(conn).await.optional()?;
    Ok(wrapped.map(|wrapped| vault.key(user, &wrapped)).transpose()?)
}

/// The key of the person whose payment it is.
pub(crate) async fn key_of_payer(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: PaymentId,
) -> Result<Option<PersonKey>, Error> {
    let found: Option<(uuid::Uuid, Vec<u8>)> = payments::table
        .inner_join(person_keys::table.on(person_keys::user_id.eq(payments::user_id)))
        .filter(payments::id.eq(payment.uuid()))
        .select((payments::user_id, person_keys::wrapped))
        .first(conn)
        .await
        .optional()?;
    Ok(found.map(|(user, wrapped)| vault.key(UserId::new(user), &wrapped)).transpose()?)
}
