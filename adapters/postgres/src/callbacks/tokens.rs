//! The secret tokens in callback addresses. Only digests are stored, so that a reader of the database cannot forge
//! callbacks.

use super::CallbackKind;
use crate::error::Error;
use crate::pool::Store;
use crate::schema::callback_tokens;
use amana_domain::id::PaymentId;
use amana_domain::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Validity of the former paybill address after a new registration. The provider may switch late.
const PAYBILL_OVERLAP: TimeDelta = TimeDelta::days(7);

const TOKEN_BYTES: usize = 16;
const TOKEN_CHARS: usize = 2 * TOKEN_BYTES;

text_enum! {
    /// The purpose of an address. A token is invalid at addresses of another kind.
    pub(crate) enum TokenKind as "kind of callback address" {
        Collection = "collection",
        Payout = "payout",
        Paybill = "paybill",
    }
}

impl From<CallbackKind> for TokenKind {
    fn from(kind: CallbackKind) -> Self {
        match kind {
            CallbackKind::Collection => Self::Collection,
            CallbackKind::Payout | CallbackKind::PayoutTimeout => Self::Payout,
            CallbackKind::Paybill => Self::Paybill,
        }
    }
}

/// The receiver of callbacks to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOwner {
    Payment(PaymentId),
    Paybill,
}

/// Returns 128 random bits in hexadecimal, because M-Pesa rejects addresses that contain words like `sql`. A random
/// UUID has only 122 bits, so two are hashed.
fn new_token() -> String {
    let digest = Sha256::new().chain_update(Uuid::new_v4()).chain_update(Uuid::new_v4()).finalize();
    hex::encode(digest.get(..TOKEN_BYTES).unwrap_or(&digest))
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token).to_vec()
}

/// Creates a callback token. Earlier tokens of the payment stay valid, because the provider may still use them.
pub(crate) async fn give(
    conn: &mut AsyncPgConnection,
    (kind, payment): (TokenKind, Option<PaymentId>),
    now: DateTime<Utc>,
) -> Result<String, Error> {
    let token = new_token();
    diesel::insert_into(callback_tokens::table)
        .values((
            callback_tokens::digest.eq(digest(&token)),
            callback_tokens::kind.eq(kind.as_str()),
            callback_tokens::payment_id.eq(payment.map(PaymentId::uuid)),
            callback_tokens::made_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(token)
}

impl Store {
    /// Returns the receiver of a token's callbacks; `None` if the token is unknown, expired or of another kind.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn callback_owner(
        &self,
        kind: CallbackKind,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<CallbackOwner>, Error> {
        let is_shaped = token.len() == TOKEN_CHARS && token.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_shaped {
            return Ok(None);
        }
        let mut conn = self.connection().await?;
        let found: Option<Option<Uuid>> = callback_tokens::table
            .find(digest(token))
            .filter(callback_tokens::kind.eq(TokenKind::from(kind).as_str()))
            .filter(callback_tokens::expires_at.is_null().or(callback_tokens::expires_at.gt(now)))
            .select(callback_tokens::payment_id)
            .first(&mut conn)
            .await
            .optional()?;
        let owner = |payment: Option<Uuid>| match payment {
            Some(payment) => CallbackOwner::Payment(PaymentId::new(payment)),
            None => CallbackOwner::Paybill,
        };
        Ok(found.map(owner))
    }

    /// Creates a token for the paybill address, which is valid at once.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn new_paybill_token(&self, now: DateTime<Utc>) -> Result<String, Error> {
        let mut conn = self.connection().await?;
        give(&mut conn, (TokenKind::Paybill, None), now).await
    }

    /// Records that the provider registered the address with this token. Earlier ones expire after seven days.
    ///
    /// # Errors
    /// [`Error::Store`] only.
    pub async fn paybill_registered(&self, token: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let mut conn = self.connection().await?;
        let others = callback_tokens::table
            .filter(callback_tokens::kind.eq(TokenKind::Paybill.as_str()))
            .filter(callback_tokens::digest.ne(digest(token)))
            .filter(callback_tokens::expires_at.is_null());
        diesel::update(others)
            .set(callback_tokens::expires_at.eq(now.checked_add_signed(PAYBILL_OVERLAP)))
            .execute(&mut conn)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_token_is_hexadecimal_and_new_each_time() {
        let token = new_token();
        assert_eq!(token.len(), TOKEN_CHARS);
        assert!(token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        assert_ne!(token, new_token());
    }
}
