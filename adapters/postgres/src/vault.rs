//! Personal data at rest. Each user has a key that seals their data; erasing the user destroys the key. User keys are
//! stored in the database, wrapped by the master key, which is stored elsewhere.
//!
//! Values that must be searchable (an e-mail address, a phone number) also have a digest: an HMAC with a separate key
//! per column. These keys derive from one random look-up key, which the master key wraps. So digests stay the same when
//! the master key is replaced.

mod master;
mod person;
mod rewrap;
mod seal;

/// Sealing with a given key.
pub mod sealing {
    pub use super::seal::{open, seal};
}

pub use master::{MasterKey, MasterKeys};
pub(crate) use person::{PersonKey, key_of, key_of_payer, key_of_stranger};

use crate::error::StoreError;
use crate::schema::{look_up_key, person_keys};
use amana_domain::id::UserId;
use amana_domain::text_enum;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use chrono::Utc;
use diesel::dsl::exists;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use master::{Master, look_up_place, payer_place, person_place};
use seal::{KEY_BYTES, derive, random_key, unusable};
use uuid::Uuid;

text_enum! {
    /// The place of a sealed or digested value. Moved to another place, it cannot be opened.
    pub(crate) enum Column as "sealed column" {
        UserEmail = "users.email",
        UserPhone = "users.phone",
        CodeTarget = "codes.target",
        NotificationAddress = "notifications.address",
        InvitationEmail = "invitations.email",
        DealInvitationContact = "deal_invitations.contact",
        PaymentNumber = "payments.msisdn",
        PaymentAskedFrom = "payments.asked_from",
        ProviderReference = "payments.provider_reference",
        ExchangeRequest = "exchanges.request",
        ExchangeBody = "exchanges.body",
        CallbackBody = "callbacks.body",
        Payer = "suspense_items.payer",
    }
}

/// The table has one row, with the key for all digests.
const LOOK_UP_ROW: i16 = 1;

/// Opens sealed personal data and computes digests for look-ups.
pub(crate) struct Vault {
    current: Master,
    previous: Option<Master>,
    emails: hmac::Key,
    phones: hmac::Key,
    targets: hmac::Key,
    numbers: hmac::Key,
    references: hmac::Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Reads the look-up key, which fails at once if the master key is wrong. Creates it in an empty database.
    ///
    /// # Errors
    /// [`StoreError::MasterKey`] if the database was sealed with another master key.
    pub(crate) async fn open(
        conn: &mut AsyncPgConnection,
        keys: &MasterKeys,
    ) -> Result<Self, StoreError> {
        let current = Master::new(&keys.current)?;
        let previous = keys.previous.as_ref().map(Master::new).transpose()?;
        let find = look_up_key::table.find(LOOK_UP_ROW).select(look_up_key::wrapped);
        let mut wrapped: Option<Vec<u8>> = find.first(conn).await.optional()?;
        if wrapped.is_none() {
            // A new look-up key would make all existing users unfindable.
            let people = diesel::select(exists(person_keys::table.select(person_keys::user_id)));
            if people.get_result::<bool>(conn).await? {
                return Err(unusable());
            }
            let new = current.wrap(&random_key()?, &look_up_place())?;
            diesel::insert_into(look_up_key::table)
                .values((
                    look_up_key::id.eq(LOOK_UP_ROW),
                    look_up_key::wrapped.eq(new),
                    look_up_key::created_at.eq(Utc::now()),
                ))
                .on_conflict_do_nothing()
                .execute(conn)
                .await?;
            wrapped = find.first(conn).await.optional()?;
        }
        let masters = (&current, previous.as_ref());
        let key = master::unwrap(masters, &wrapped.unwrap_or_default(), &look_up_place())?;
        Self::new(&key, current, previous)
    }

    fn new(
        look_up: &[u8; KEY_BYTES],
        current: Master,
        previous: Option<Master>,
    ) -> Result<Self, StoreError> {
        let key = |column: Column| -> Result<_, StoreError> {
            let key = derive(look_up, &[b"digests of ", column.as_str().as_bytes()])?;
            Ok(hmac::Key::new(HMAC_SHA256, &key))
        };
        Ok(Self {
            current,
            previous,
            emails: key(Column::UserEmail)?,
            phones: key(Column::UserPhone)?,
            targets: key(Column::CodeTarget)?,
            numbers: key(Column::PaymentNumber)?,
            references: key(Column::ProviderReference)?,
        })
    }

    /// Returns the look-up digest of an e-mail address in lower case.
    pub(crate) fn email(&self, address: &str) -> Vec<u8> {
        digest(&self.emails, &[address.as_bytes()])
    }

    /// Returns the look-up digest of a phone number.
    pub(crate) fn phone(&self, number: &str) -> Vec<u8> {
        digest(&self.phones, &[number.as_bytes()])
    }

    /// Returns the digest by which a user's codes to one contact are counted.
    pub(crate) fn target(&self, user: UserId, target: &str) -> Vec<u8> {
        digest(&self.targets, &[user.uuid().as_bytes(), target.as_bytes()])
    }

    /// Returns the digest that tells apart the numbers that a user pays to. Digests of different users cannot be
    /// compared.
    pub(crate) fn number(&self, user: UserId, number: &str) -> Vec<u8> {
        digest(&self.numbers, &[user.uuid().as_bytes(), number.as_bytes()])
    }

    /// Returns the digest by which a provider's reference of a payment is recognized.
    pub(crate) fn reference(&self, name: &str) -> Vec<u8> {
        digest(&self.references, &[name.as_bytes()])
    }

    /// Returns a new key for a user, plain and wrapped.
    pub(crate) fn new_key(&self, user: UserId) -> Result<(PersonKey, Vec<u8>), StoreError> {
        let key = random_key()?;
        let wrapped = self.current.wrap(&key, &person_place(user))?;
        Ok((PersonKey::new(user.uuid(), key)?, wrapped))
    }

    /// Returns a new key for a payer without an account, plain and wrapped.
    pub(crate) fn new_payer_key(&self, payer: Uuid) -> Result<(PersonKey, Vec<u8>), StoreError> {
        let key = random_key()?;
        let wrapped = self.current.wrap(&key, &payer_place(payer))?;
        Ok((PersonKey::new(payer, key)?, wrapped))
    }

    pub(crate) fn payer_key(&self, payer: Uuid, wrapped: &[u8]) -> Result<PersonKey, StoreError> {
        let masters = (&self.current, self.previous.as_ref());
        PersonKey::new(payer, master::unwrap(masters, wrapped, &payer_place(payer))?)
    }

    pub(crate) fn key(&self, user: UserId, wrapped: &[u8]) -> Result<PersonKey, StoreError> {
        let masters = (&self.current, self.previous.as_ref());
        PersonKey::new(user.uuid(), master::unwrap(masters, wrapped, &person_place(user))?)
    }
}

fn digest(key: &hmac::Key, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    parts.iter().for_each(|part| context.update(part));
    context.sign().as_ref().to_vec()
}

/// Converts opened data to text.
pub(crate) fn text(opened: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(opened).map_err(|_| unusable())
}

#[cfg(test)]
mod tests;
