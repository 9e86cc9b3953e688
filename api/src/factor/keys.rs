//! What keeps second factors secret in the database: keys derived from the server's secret, one per purpose.

use super::app;
use crate::problem::ApiError;
use amana_domain::code::Code;
use amana_domain::factor::{BACKUP_CHARS, BACKUP_CODES, ShownCode, accept, backup_code};
use amana_domain::id::UserId;
use amana_postgres::{CodeKey, Shown, Unreadable};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hkdf, hmac, rand};
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};

const SALT: &[u8] = b"amana";
/// What a key is for is part of how it is made: one is never used for the other.
const SEALING: &[u8] = b"second factor: secrets of authenticator apps";
const DIGESTS: &[u8] = b"second factor: digests of backup codes";
const KEY_BYTES: usize = 32;

/// Keys are derived when they are needed: that is two hashes, and nothing lies around.
#[derive(Debug, Clone)]
pub(crate) struct FactorKeys {
    secret: SecretString,
}

fn failed(_: Unspecified) -> ApiError {
    tracing::error!("a second factor could not be encrypted or hashed");
    ApiError::internal()
}

impl FactorKeys {
    pub(crate) const fn new(secret: SecretString) -> Self {
        Self { secret }
    }

    fn derive(&self, purpose: &[u8]) -> Result<[u8; KEY_BYTES], Unspecified> {
        let secret = self.secret.expose_secret().as_bytes();
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(secret);
        let mut key = [0; KEY_BYTES];
        extracted.expand(&[purpose], hkdf::HKDF_SHA256)?.fill(&mut key)?;
        Ok(key)
    }

    fn sealing(&self) -> Result<RandomizedNonceKey, Unspecified> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.derive(SEALING)?)
    }

    /// Encrypts; put at another person's place in the table, it cannot be opened.
    ///
    /// # Errors
    /// `internal` if encrypting fails.
    pub(crate) fn seal(&self, user: UserId, secret: &[u8]) -> Result<Vec<u8>, ApiError> {
        let sealed = || {
            let mut text = secret.to_vec();
            let person = Aad::from(user.uuid().into_bytes());
            let nonce = self.sealing()?.seal_in_place_append_tag(person, &mut text)?;
            Ok([nonce.as_ref().as_slice(), &text].concat())
        };
        sealed().map_err(failed)
    }

    fn open(&self, user: UserId, sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let (person, mut text) = (Aad::from(user.uuid().into_bytes()), text.to_vec());
        Ok(self.sealing()?.open_in_place(nonce, person, &mut text)?.to_vec())
    }

    /// A fast digest is right for codes of 50 random bits: nobody tries them all, with the key or without.
    fn digest(&self, user: UserId, code: &str) -> Result<Vec<u8>, Unspecified> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.derive(DIGESTS)?);
        let text = [user.uuid().as_bytes().as_slice(), code.as_bytes()].concat();
        Ok(hmac::sign(&key, &text).as_ref().to_vec())
    }

    /// New backup codes, and what is kept of them.
    ///
    /// # Errors
    /// `internal` if there is no randomness.
    pub(crate) fn backup_codes(
        &self,
        user: UserId,
    ) -> Result<(Vec<String>, Vec<Vec<u8>>), ApiError> {
        let one = |_| {
            let mut random = [0; BACKUP_CHARS];
            rand::fill(&mut random)?;
            let code = backup_code(random);
            let digest = self.digest(user, &code)?;
            Ok((code, digest))
        };
        (0..BACKUP_CODES).map(one).collect::<Result<_, _>>().map_err(failed)
    }

    /// What is shown, in the form in which it can be held against what is kept; `key` makes the codes that are sent.
    ///
    /// # Errors
    /// `internal` if hashing fails.
    pub(crate) fn shown(
        &self,
        user: UserId,
        (code, key): (ShownCode, &CodeKey),
        now: DateTime<Utc>,
    ) -> Result<Shown, ApiError> {
        let keys = self.clone();
        match code {
            ShownCode::Backup(code) => Ok(Shown::Backup(self.digest(user, &code).map_err(failed)?)),
            ShownCode::Digits(code) => {
                let told =
                    Code::parse(&code).map_err(|e| ApiError::field("/code", e.to_string()))?;
                let read = Box::new(move |sealed: &[u8], last_step| {
                    let secret = keys.open(user, sealed).map_err(|_| Unreadable)?;
                    let app = app::of(secret).ok_or(Unreadable)?;
                    Ok(accept(last_step, now, |step| app::fits(&app, &code, step)))
                });
                Ok(Shown::Digits { read, told, key: Box::new(key.clone()) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    #[test]
    fn what_was_sealed_is_opened_for_the_same_person_with_the_same_secret() {
        let keys = FactorKeys::new("secret".into());
        let sealed = keys.seal(user(1), &[7; 20]).unwrap();
        assert_eq!(sealed.len(), 48);
        assert_eq!(keys.open(user(1), &sealed).unwrap(), [7; 20]);
        assert!(keys.open(user(2), &sealed).is_err());
        assert!(FactorKeys::new("other".into()).open(user(1), &sealed).is_err());
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert!(keys.open(user(1), &bent).is_err(), "byte {place}");
            assert!(keys.open(user(1), &sealed[..place]).is_err(), "{place} bytes");
        }
        // Twice the same secret does not look the same.
        assert_ne!(keys.seal(user(1), &[7; 20]).unwrap(), sealed);
    }

    #[test]
    fn a_digest_depends_on_code_person_and_secret() {
        let keys = FactorKeys::new("secret".into());
        let digest = keys.digest(user(1), "0123456789").unwrap();
        assert_eq!(keys.digest(user(1), "0123456789").unwrap(), digest);
        assert_ne!(keys.digest(user(1), "0123456780").unwrap(), digest);
        assert_ne!(keys.digest(user(2), "0123456789").unwrap(), digest);
        let other = FactorKeys::new("other".into());
        assert_ne!(other.digest(user(1), "0123456789").unwrap(), digest);
        assert_ne!(keys.derive(SEALING).unwrap(), keys.derive(DIGESTS).unwrap());
    }

    #[test]
    fn backup_codes_differ() {
        let (codes, digests) = FactorKeys::new("secret".into()).backup_codes(user(1)).unwrap();
        let codes: std::collections::BTreeSet<_> = codes.into_iter().collect();
        let digests: std::collections::BTreeSet<_> = digests.into_iter().collect();
        assert_eq!((codes.len(), digests.len()), (BACKUP_CODES, BACKUP_CODES));
    }
}
