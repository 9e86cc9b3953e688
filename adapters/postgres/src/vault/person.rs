//! The key of a user or of a payer without an account.

use super::seal::{KEY_BYTES, cipher, derive, open, seal};
use super::{Column, Vault, text};
use crate::error::{Error, StoreError};
use crate::schema::{payer_keys, payments, person_keys};
use amana_domain::id::{DocumentId, PaymentId, UserId};
use amana_domain::personal::Personal;
use aws_lc_rs::aead::RandomizedNonceKey;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

pub(crate) struct PersonKey {
    owner: Uuid,
    bytes: [u8; KEY_BYTES],
    cipher: RandomizedNonceKey,
}

impl PersonKey {
    pub(super) fn new(owner: Uuid, bytes: [u8; KEY_BYTES]) -> Result<Self, StoreError> {
        let cipher = cipher(&derive(&bytes, &[b"columns"])?)?;
        Ok(Self { owner, bytes, cipher })
    }

    fn place(&self, column: Column) -> Vec<u8> {
        [self.owner.as_bytes().as_slice(), column.as_str().as_bytes()].concat()
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

    /// Returns the key that seals a document of this person.
    pub(crate) fn of_file(&self, id: DocumentId) -> Result<Personal<[u8; KEY_BYTES]>, StoreError> {
        Ok(Personal::new(derive(&self.bytes, &[b"document ", id.uuid().as_bytes()])?))
    }
}

/// Returns the key of a user; `None` if the user is erased.
pub(crate) async fn key_of(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    user: UserId,
) -> Result<Option<PersonKey>, Error> {
    let find = person_keys::table.find(user.uuid()).select(person_keys::wrapped);
    let wrapped: Option<Vec<u8>> = find.first(conn).await.optional()?;
    Ok(wrapped.map(|wrapped| vault.key(user, &wrapped)).transpose()?)
}

/// Returns the key of a payer without an account; `None` once the payer is erased.
pub(crate) async fn key_of_stranger(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payer: Uuid,
) -> Result<Option<PersonKey>, Error> {
    let find = payer_keys::table.find(payer).select(payer_keys::wrapped);
    let wrapped: Option<Vec<u8>> = find.first(conn).await.optional()?;
    Ok(wrapped.map(|wrapped| vault.payer_key(payer, &wrapped)).transpose()?)
}

type Owner = (Option<Uuid>, Option<Vec<u8>>);

/// Returns the key of a payment's user or payer; `None` once it is destroyed.
pub(crate) async fn key_of_payer(
    conn: &mut AsyncPgConnection,
    vault: &Vault,
    payment: PaymentId,
) -> Result<Option<PersonKey>, Error> {
    let of_user = person_keys::user_id.nullable().eq(payments::user_id);
    let of_stranger = payer_keys::payer_id.nullable().eq(payments::payer_id);
    let found: Option<(Owner, Owner)> = payments::table
        .left_join(person_keys::table.on(of_user))
        .left_join(payer_keys::table.on(of_stranger))
        .filter(payments::id.eq(payment.uuid()))
        .select((
            (payments::user_id, person_keys::wrapped.nullable()),
            (payments::payer_id, payer_keys::wrapped.nullable()),
        ))
        .first(conn)
        .await
        .optional()?;
    Ok(match found {
        Some(((Some(user), Some(wrapped)), _)) => Some(vault.key(UserId::new(user), &wrapped)?),
        Some((_, (Some(payer), Some(wrapped)))) => Some(vault.payer_key(payer, &wrapped)?),
        Some(_) | None => None,
    })
}
