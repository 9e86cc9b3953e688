//! Limits on guessing passwords and codes. After a few wrong passwords for one account from one address, all further
//! ones are rejected for a while, even the right one. Larger limits apply to an account guessed at from many addresses,
//! and to an address that guesses at many accounts: an attacker must not lock out the user, nor everyone behind a
//! shared address, as in mobile networks. Without Redis all attempts are rejected, so that an outage does not help an
//! attacker.

use crate::address::ClientAddress;
use crate::problem::{ApiError, Code};
use amana_domain::id::{TrustedDeviceId, UserId};
use amana_redis::{Limiter, RateRule};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Limit of one account from all addresses, as a multiple of the limit for one address.
const ACCOUNT_TIMES: u32 = 4;
/// Limit of one address for all accounts, as a multiple of the limit for one account.
const ADDRESS_TIMES: u32 = 10;

#[derive(Debug)]
pub(super) struct Guesses {
    /// Limit for one account from one address or trusted device, or in its sessions.
    one: RateRule,
    account: RateRule,
    address: RateRule,
    /// Limit of wrong one-time codes for any accounts.
    codes: RateRule,
    redis: Option<Limiter>,
}

/// The account whose password is given, and the origin of the attempt.
#[derive(Debug)]
pub(crate) enum Guess<'a> {
    /// A log-in; `name` is the id of the account, or the given login if there is none.
    LogIn { name: &'a str, address: ClientAddress },
    /// A log-in on a trusted device, which attacks from elsewhere do not lock out.
    OnDevice { name: &'a str, device: TrustedDeviceId },
    /// A password check within a session.
    SignedIn(UserId),
}

/// A limit and the subject that it counts.
type Budget = (RateRule, String);

impl Guesses {
    pub(super) fn new(one: RateRule, redis: Option<Limiter>) -> Self {
        let times =
            |name, times: u32| RateRule { name, limit: one.limit.saturating_mul(times), ..one };
        Self {
            one,
            account: times("password_account", ACCOUNT_TIMES),
            address: times("password_address", ADDRESS_TIMES),
            codes: times("code_address", ADDRESS_TIMES),
            redis,
        }
    }

    fn budgets(&self, guess: &Guess<'_>) -> Vec<Budget> {
        match guess {
            Guess::LogIn { name, address } => {
                let (name, network) = (hashed(name), address.network());
                vec![
                    (self.one, format!("{name}@{network}")),
                    (self.account, name),
                    (self.address, format!("address:{network}")),
                ]
            }
            Guess::OnDevice { name, device } => {
                vec![(self.one, format!("{}@{device}", hashed(name)))]
            }
            Guess::SignedIn(user) => vec![(self.one, format!("user:{user}"))],
        }
    }

    /// Counts an attempt before checking the password and uncounts it unless the password was wrong, so that concurrent
    /// attempts gain nothing. Success resets the limits of the account but not of the address; otherwise an attacker
    /// could reset them by logging in to their own account.
    pub(super) async fn guard<T>(
        &self,
        guess: Guess<'_>,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let budgets = self.budgets(&guess);
        let redis = self.take(&budgets, "too many wrong passwords", now).await?;
        let checked = check.await;
        // If Redis fails in between, the attempt stays counted, which is too strict at worst.
        match &checked {
            Err(error)
                if matches!(error.code, Code::InvalidCredentials | Code::IncorrectPassword) => {}
            Ok(_) => {
                let (address, account): (Vec<Budget>, Vec<Budget>) =
                    budgets.into_iter().partition(|(rule, _)| rule.name == self.address.name);
                for (rule, subject) in &account {
                    let _ = redis.clear(rule, subject).await;
                }
                give_back(redis, &address, now).await;
            }
            Err(_) => give_back(redis, &budgets, now).await,
        }
        checked
    }

    /// Like [`Guesses::guard`], for one-time codes. Each code has few attempts itself; this limits guessing at codes of
    /// many users from one address.
    pub(super) async fn guard_code<T>(
        &self,
        address: ClientAddress,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let budgets = [(self.codes, format!("address:{}", address.network()))];
        let redis = self.take(&budgets, "too many wrong codes", now).await?;
        let checked = check.await;
        let is_wrong = |error: &ApiError| error.code == Code::InvalidCode;
        if !checked.as_ref().is_err_and(is_wrong) {
            give_back(redis, &budgets, now).await;
        }
        checked
    }

    /// Counts one attempt in all limits, or in none.
    async fn take(
        &self,
        budgets: &[Budget],
        why: &'static str,
        now: DateTime<Utc>,
    ) -> Result<&Limiter, ApiError> {
        let redis = self.redis.as_ref().ok_or_else(ApiError::unavailable)?;
        let now_ms = now.timestamp_millis();
        let takes = budgets.iter().map(|(rule, subject)| async move {
            redis.take(rule, &[subject.as_str()], 1, now_ms).await
        });
        let taken = join_all(takes).await;
        let is_granted = |taken: &Result<amana_redis::Taken, _>| {
            taken.as_ref().is_ok_and(|taken| taken.granted > 0)
        };
        if taken.iter().all(is_granted) {
            return Ok(redis);
        }
        let granted = budgets.iter().zip(&taken).filter(|(_, taken)| is_granted(taken));
        let granted: Vec<Budget> = granted.map(|(budget, _)| budget.clone()).collect();
        give_back(redis, &granted, now).await;
        let spent = taken.into_iter().collect::<Result<Vec<_>, _>>();
        let spent = spent.map_err(|_away| ApiError::unavailable())?;
        let waits = spent.iter().filter(|taken| taken.granted == 0).map(|taken| taken.reset);
        Err(ApiError::rate_limited(why, waits.max().unwrap_or(Duration::ZERO)))
    }
}

async fn give_back(redis: &Limiter, budgets: &[Budget], now: DateTime<Utc>) {
    for (rule, subject) in budgets {
        // On failure the attempt stays counted, which is too strict at worst.
        let _ = redis.give_back(rule, &[subject.as_str()], now.timestamp_millis()).await;
    }
}

/// Hashes the login, so that Redis does not contain it. Case and surrounding spaces do not matter.
fn hashed(name: &str) -> String {
    let digest = Sha256::digest(name.trim().to_lowercase());
    digest.iter().fold("name:".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_written_and_cannot_be_read() {
        let amina = hashed("amina@example.com");
        assert_eq!(amina.len(), "name:".len() + 64);
        assert_eq!(hashed(" Amina@Example.COM "), amina);
        assert_ne!(hashed("amina@example.org"), amina);
    }
}
