//! Guessing passwords and codes. Few wrong passwords for one account from one address, and no more of them is looked at
//! for a while, not even the right one. An account that is guessed at from many addresses, and an address from which
//! many accounts are guessed at, have larger budgets: a stranger shall neither lock the owner out nor everybody who
//! shares an address, as phones of one network do. Here Redis must answer: a guesser must not profit from its absence.

use crate::address::ClientAddress;
use crate::problem::{ApiError, Code};
use amana_domain::id::{TrustedDeviceId, UserId};
use amana_redis::{Limiter, RateRule};
use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// An account may be guessed at so many times as often as from one address.
const ACCOUNT_TIMES: u32 = 4;
/// An address may guess so many times as often as at one account.
const ADDRESS_TIMES: u32 = 10;

#[derive(Debug)]
pub(super) struct Guesses {
    /// Of one account from one address, from one device, or in sessions.
    one: RateRule,
    account: RateRule,
    address: RateRule,
    /// Wrong one-time codes, whoever they are for.
    codes: RateRule,
    redis: Option<Limiter>,
}

/// Whose password is told, and from where.
#[derive(Debug)]
pub(crate) enum Guess<'a> {
    /// A log-in; `name` is the account, or the name that nobody has.
    LogIn { name: &'a str, address: ClientAddress },
    /// A log-in on a device that the account trusts: strangers' guesses do not keep it out.
    OnDevice { name: &'a str, device: TrustedDeviceId },
    /// In a session.
    SignedIn(UserId),
}

/// A budget of which one is taken.
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

    /// An attempt is counted before the password is looked at and given back unless it was wrong: many at once are
    /// no more than so many one after the other. Success makes the budgets of the account whole, but not the address's,
    /// or guessers would only have to log in as themselves in between.
    pub(super) async fn guard<T>(
        &self,
        guess: Guess<'_>,
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let budgets = self.budgets(&guess);
        let redis = self.take(&budgets, "too many wrong passwords", now).await?;
        let checked = check.await;
        // Should Redis go away in between, the attempt stays counted, which at worst is too strict.
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

    /// The same for a one-time code that a stranger tells: each has few tries by itself, and here many codes of many
    /// people are guessed at from one address.
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

    /// Takes one of each budget, or none of any.
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
        // At worst the attempt stays counted.
        let _ = redis.give_back(rule, &[subject.as_str()], now.timestamp_millis()).await;
    }
}

/// Redis does not get to know who tries to log in. Case and space around are nobody's second name.
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
