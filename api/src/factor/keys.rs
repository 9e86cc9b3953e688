//! Encryption and digests of second factors, with keys derived from the server secret, one per purpose.

use super::app;
use crate::problem::ApiError;
use crate::secret::ServerSecret;
use amana_domain::code::Code;
use amana_domain::factor::{BACKUP_CHARS, BACKUP_CODES, ShownCode, accept, backup_code};
use amana_domain::id::UserId;
use amana_postgres::{CodeKey, Shown, Unreadable};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{hmac, rand};
use chrono::{DateTime, Utc};

/// The purpose is part of the derivation, so that no key serves two purposes.
const SEALING: &[u8] = b"second factor: secrets of authenticator apps";
const DIGESTS: &[u8] = b"second factor: digests of backup codes";

#[derive(Debug, Clone)]
pub(crate) struct FactorKeys {
    secret: ServerSecret,
}

fn failed(_: Unspecified) -> ApiError {
    tracing::error!("a second factor could not be encrypted");
    ApiError::internal()
}

impl FactorKeys {
    pub(crate) const fn new(secret: ServerSecret) -> Self {
        Self { secret }
    }

    /// Encrypts a secret for one user. It cannot be decrypted for another user.
    ///
    /// # Errors
    /// `internal` if encryption fails.
    pub(crate) fn seal(&self, user: UserId, secret: &[u8]) -> Result<Vec<u8>, ApiError> {
        self.secret.seal(SEALING, user.uuid().as_bytes(), secret).map_err(failed)
    }

    fn open(&self, user: UserId, sealed: &[u8]) -> Result<Vec<u8>, Unspecified> {
        self.secret.open(SEALING, user.uuid().as_bytes(), sealed)
    }

    /// A fast digest is enough, because a code has 50 random bits.
    fn digest(&self, user: UserId, code: &str) -> Vec<u8> {
        let key = self.secret.hmac(DIGESTS);
        let text = [user.uuid().as_bytes().as_slice(), code.as_bytes()].concat();
        hmac::sign(&key, &text).as_ref().to_vec()
    }

    /// Creates backup codes and their digests.
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
            let digest = self.digest(user, &code);
            Ok((code, digest))
        };
        (0..BACKUP_CODES).map(one).collect::<Result<_, _>>().map_err(failed)
    }

    /// Converts an entered code to a form that can be compared with stored data. `key` derives the codes that were sent
    /// by message.
    ///
    /// # Errors
    /// `invalid_request` if the digits are not a code.
    pub(crate) fn shown(
        &self,
        user: UserId,
        (code, key): (ShownCode, &CodeKey),
        now: DateTime<Utc>,
    ) -> Result<Shown, ApiError> {
        let keys = self.clone();
        match code {
            ShownCode::Backup(code) => Ok(Shown::Backup(self.digest(user, &code))),
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

    fn server(secret: &str) -> FactorKeys {
        FactorKeys::new(ServerSecret::new(secret.into()))
    }

    #[test]
    fn a_secret_is_opened_for_the_same_person_only() {
        let keys = server("secret");
        let sealed = keys.seal(user(1), &[7; 20]).unwrap();
        assert_eq!(keys.open(user(1), &sealed).unwrap(), [7; 20]);
        assert!(keys.open(user(2), &sealed).is_err());
    }

    #[test]
    fn a_digest_depends_on_code_person_and_secret() {
        let keys = server("secret");
        let digest = keys.digest(user(1), "0123456789");
        assert_eq!(keys.digest(user(1), "0123456789"), digest);
        assert_ne!(keys.digest(user(1), "0123456780"), digest);
        assert_ne!(keys.digest(user(2), "0123456789"), digest);
        let other = server("other");
        assert_ne!(other.digest(user(1), "0123456789"), digest);
    }

    #[test]
    fn backup_codes_differ() {
        let (codes, digests) = server("secret").backup_codes(user(1)).unwrap();
        let codes: std::collections::BTreeSet<_> = codes.into_iter().collect();
        let digests: std::collections::BTreeSet<_> = digests.into_iter().collect();
        assert_eq!((codes.len(), digests.len()), (BACKUP_CODES, BACKUP_CODES));
    }
}
