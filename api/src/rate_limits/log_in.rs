//! Guessing passwords: few wrong ones for one name or from one address, then nobody is let in for a while, not even
//! with the right one. Here Redis must answer: a guesser must not profit from its absence.

use crate::address::ClientAddress;
use crate::problem::{ApiError, Code};
use amana_redis::{Limiter, RateRule};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub(super) struct LogIns {
    rule: RateRule,
    redis: Option<Limiter>,
}

impl LogIns {
    pub(super) const fn new(rule: RateRule, redis: Option<Limiter>) -> Self {
        Self { rule, redis }
    }

    /// An attempt is counted before the password is looked at and given back unless it was wrong: many at once are
    /// no more than so many one after the other. Success makes the name's budget whole, but not the address's, or
    /// guessers would only have to log in as themselves in between.
    pub(super) async fn guard<T>(
        &self,
        (name, address): (&str, ClientAddress),
        now: DateTime<Utc>,
        check: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        let redis = self.redis.as_ref().ok_or_else(ApiError::unavailable)?;
        let now_ms = now.timestamp_millis();
        let (name, address) = (hashed(name), format!("address:{}", address.network()));
        let taken = redis
            .take(&self.rule, &[&name, &address], 1, now_ms)
            .await
            .map_err(|_| ApiError::unavailable())?;
        if taken.granted == 0 {
            return Err(ApiError::rate_limited("too many failed log-ins", taken.reset));
        }
        let checked = check.await;
        // Should Redis go away in between, the attempt stays counted, which at worst is too strict.
        match &checked {
            Err(error) if error.code == Code::InvalidCredentials => {}
            Ok(_) => {
                let _ = redis.clear(&self.rule, &name).await;
                let _ = redis.give_back(&self.rule, &[&address], now_ms).await;
            }
            Err(_) => {
                let _ = redis.give_back(&self.rule, &[&name, &address], now_ms).await;
            }
        }
        checked
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
