//! Password hashing: argon2id with bounded concurrency and equal time for unknown accounts.

mod strength;

pub use strength::{KnownWords, WeakPassword, check_password};

use crate::problem::ApiError;
use amana_domain::human;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// One hash takes 19 MiB and one core; more at once would starve other work.
const HASHES_AT_ONCE: usize = 2;

/// Maximum number of waiting calls; further calls are rejected.
const HASHES_WAITING_MAX: usize = 64;

/// Verified for unknown e-mail addresses, so that the response time does not reveal whether an account exists.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$kNIGokTJhqEgLfqbfWjjjg$1q8Sp7psqjOemXfHJUsALjmj/xbSXf8/tAPlBriJTdY";

/// Hashes a password as the API does, for accounts created elsewhere. Blocks for a while; do not call it on the threads
/// of an async runtime.
///
/// # Errors
/// If the password is longer than argon2 accepts.
pub fn hash_password(password: &SecretString) -> Result<String, argon2::password_hash::Error> {
    let hash = Argon2::default().hash_password(composed(password).expose_secret().as_bytes())?;
    Ok(hash.to_string())
}

/// Returns the normalised form that is hashed, because devices encode accented letters in two ways.
fn composed(password: &SecretString) -> SecretString {
    human::composed(password.expose_secret()).into()
}

#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(HASHES_AT_ONCE)),
            waiting: Arc::new(Semaphore::new(HASHES_WAITING_MAX)),
        }
    }
}

impl Passwords {
    /// # Errors
    /// `unavailable` if too many calls are waiting.
    pub(crate) async fn hash(&self, password: SecretString) -> Result<String, ApiError> {
        self.run(move || hash_password(&password)).await?.map_err(|error| {
            tracing::error!("a password could not be hashed: {error}");
            ApiError::internal()
        })
    }

    /// Checks that a new password is strong enough. Runs with the hashes, because it is slow too.
    ///
    /// # Errors
    /// `invalid_request` with the reason if it is too easy to guess, `unavailable` if too many calls are waiting.
    pub(crate) async fn judge(
        &self,
        password: &SecretString,
        known: KnownWords,
    ) -> Result<(), ApiError> {
        let password = password.clone();
        let judged = self.run(move || check_password(&password, &known)).await?;
        judged.map_err(|weak| ApiError::field("/password", weak.to_string()))
    }

    /// Returns whether the password matches the hash; `None` stands for an unknown account.
    ///
    /// # Errors
    /// `unavailable` if too many calls are waiting.
    pub(crate) async fn verify(
        &self,
        password: SecretString,
        hash: Option<String>,
    ) -> Result<bool, ApiError> {
        self.run(move || {
            let somebody = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODYS_HASH.to_owned());
            let password = composed(&password);
            let password = password.expose_secret().as_bytes();
            Argon2::default().verify_password(password, hash.as_str()).is_ok() && somebody
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _waiting = self.waiting.try_acquire().map_err(|_| ApiError::unavailable())?;
        let permit =
            Arc::clone(&self.running).acquire_owned().await.map_err(|_| ApiError::unavailable())?;
        // The task holds the permit, so that a cancelled request does not allow another hash early.
        let hashed = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        hashed.await.map_err(|error| {
            tracing::error!("hashing was cut short: {error}");
            ApiError::internal()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::Params;
    use argon2::password_hash::phc::PasswordHash;
    use std::time::{Duration, Instant};

    #[tokio::test]
    async fn only_the_right_password_fits() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify("correct horse".into(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct house".into(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse".into(), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_fits_in_both_forms_of_its_letters() {
        let passwords = Passwords::default();
        let hash = passwords.hash("kah\u{169}r\u{169} ka maru\u{303}a".into()).await.unwrap();
        for typed in ["kahu\u{303}ru\u{303} ka maru\u{303}a", "kah\u{169}r\u{169} ka mar\u{169}a"] {
            assert!(passwords.verify(typed.into(), Some(hash.clone())).await.unwrap(), "{typed}");
        }
    }

    #[test]
    fn the_hash_for_unknown_accounts_costs_as_much_as_others() {
        let nobody = PasswordHash::new(NOBODYS_HASH).unwrap();
        let params = Params::try_from(&nobody).unwrap();
        assert_eq!(params.m_cost(), Params::DEFAULT_M_COST);
        assert_eq!(params.t_cost(), Params::DEFAULT_T_COST);
        assert_eq!(params.p_cost(), Params::DEFAULT_P_COST);
        assert_eq!(nobody.hash.unwrap().len(), Params::DEFAULT_OUTPUT_LEN);
    }

    #[tokio::test]
    async fn a_stranger_waits_as_long_as_a_member() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        let time = async |hash: Option<String>| {
            let start = Instant::now();
            passwords.verify("wrong".into(), hash).await.unwrap();
            start.elapsed()
        };
        // Takes the fastest of several alternating runs, so that load on the machine affects both equally.
        let (mut member, mut stranger) = (Duration::MAX, Duration::MAX);
        for _ in 0..5 {
            member = member.min(time(Some(hash.clone())).await);
            stranger = stranger.min(time(None).await);
        }
        assert!(stranger * 4 > member, "{stranger:?} against {member:?}");
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away() {
        let passwords = Passwords::default();
        let _all = passwords.waiting.try_acquire_many(64).unwrap();
        let error = passwords.verify("wrong".into(), None).await.unwrap_err();
        assert_eq!(error.code, crate::problem::Code::Unavailable);
    }
}
