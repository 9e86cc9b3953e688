//! Guessing passwords: few wrong ones for one account or from one address, then none is looked at for a while, not even
//! the right one. Here Redis must answer: a guesser must not profit from its absence.

use crate::address::ClientAddress;
use crate::problem::{ApiError, Code};
use amana_redis::{Limiter, RateRule};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(super) struct Guesses {
    rule: RateRule,
    redis: Option<Limiter>,
}

impl Guesses {
    pub(super) const fn new(rule: RateRule, redis: Option<Limiter>) -> Self {
        Self { rule, redis }
    }

    /// An attempt is counted before the password is looked at and given back unless it was wrong: many at once are
    /// no more than so many one after the other. Success makes the account's budget whole, but not the address's, or
    /// guessers would only have to log in as themselves in between.
    pub(super) async fn guard<T>(
        &self,
        (account, address): (String, Option<ClientAddress>),
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let redis = self.redis.as_ref().ok_or_else(ApiError::unavailable)?;
        let now_ms = now.timestamp_millis();
        let address = address.map(|address| format!("address:{}", address.network()));
        let both: Vec<&str> =
            [Some(&account), address.as_ref()].into_iter().flatten().map(String::as_str).collect();
        let taken =
            redis.take(&self.rule, &both, 1, now_ms).await.map_err(|_| ApiError::unavailable())?;
        if taken.granted == 0 {
            return Err(ApiError::rate_limited("too many wrong passwords", taken.reset));
        }
        let checked = check.await;
        // Should Redis go away in between, the attempt stays counted, which at worst is too strict.
        match &checked {
            Err(error) if matches!(error.code, Code::InvalidCredentials | Code::PasswordWrong) => {}
            Ok(_) => {
                let others = both.get(1..).unwrap_or_default();
                let cleared = redis.clear(&self.rule, &account);
                let _ = tokio::join!(cleared, redis.give_back(&self.rule, others, now_ms));
            }
            Err(_) => {
                let _ = redis.give_back(&self.rule, &both, now_ms).await;
            }
        }
        checked
    }
}

/// Redis does not get to know who tries to log in. Case and space around are nobody's second name.
pub(super) fn hashed(name: &str) -> String {
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
