//! The access token. The whole process shares one, because a new token invalidates the previous one.

use reqwest::header::HeaderValue;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::MpesaError;

/// A token is not used in its last minute, because it could expire before the request arrives.
const REFRESH_AHEAD: Duration = Duration::from_secs(60);
const LIFETIME_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// The `Authorization` header, and the generation of its token.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) header: HeaderValue,
    generation: u64,
}

/// The response of the token endpoint.
pub(crate) struct Grant {
    pub(crate) header: HeaderValue,
    pub(crate) lifetime: Duration,
}

#[derive(Default)]
struct State {
    current: Option<(Token, Instant)>,
    generation: u64,
    failed_at: Option<Instant>,
}

/// The holder of the lock fetches a token; all others wait for the lock and use that token.
#[derive(Default)]
pub(crate) struct Tokens(Mutex<State>);

impl Tokens {
    /// Returns a valid token other than the rejected one, perhaps one that another caller has fetched since.
    pub(crate) async fn get(
        &self,
        rejected: Option<&Token>,
        fetch: impl AsyncFnOnce() -> Result<Grant, MpesaError>,
    ) -> Result<Token, MpesaError> {
        let asked_at = Instant::now();
        let mut state = self.0.lock().await;
        if let Some((token, good_until)) = &state.current {
            let fresh = rejected.is_none_or(|rejected| rejected.generation < token.generation);
            if fresh && Instant::now() < *good_until {
                return Ok(token.clone());
            }
        }
        // Callers that waited during a failed fetch share its failure. Otherwise each would repeat it, one timeout
        // after the other.
        if state.failed_at.is_some_and(|failed_at| failed_at > asked_at) {
            return Err(MpesaError::unavailable("cannot fetch an access token"));
        }
        state.current = None;
        let grant = match fetch().await {
            Ok(grant) => grant,
            Err(error) => {
                state.failed_at = Some(Instant::now());
                return Err(error);
            }
        };
        state.generation = state.generation.saturating_add(1);
        let token = Token { header: grant.header, generation: state.generation };
        let good_until = Instant::now().checked_add(usable(grant.lifetime)).unwrap_or(asked_at);
        state.current = Some((token.clone(), good_until));
        Ok(token)
    }
}

/// A token with less than two minutes is used for half of its lifetime; otherwise every request would fetch one.
fn usable(lifetime: Duration) -> Duration {
    let lifetime = lifetime.min(LIFETIME_MAX);
    lifetime.saturating_sub(REFRESH_AHEAD).max(lifetime.checked_div(2).unwrap_or_default())
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn grant(n: u32) -> Grant {
        let header = HeaderValue::from_str(&format!("Bearer {n}")).unwrap();
        Grant { header, lifetime: Duration::from_secs(3_599) }
    }

    #[tokio::test]
    async fn a_stale_holder_does_not_throw_away_a_fresh_token() {
        let (tokens, fetches) = (Tokens::default(), AtomicU32::new(0));
        let fetch = async || Ok(grant(fetches.fetch_add(1, Ordering::SeqCst)));
        let first = tokens.get(None, fetch).await.unwrap();
        let second = tokens.get(Some(&first), fetch).await.unwrap();
        assert_eq!(second.header, "Bearer 1");
        // Another caller was rejected with the first token too, and reports it later.
        let third = tokens.get(Some(&first), fetch).await.unwrap();
        assert_eq!(third.header, "Bearer 1");
        assert_eq!(fetches.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn those_who_wait_share_one_failure() {
        let (tokens, fetches) = (Tokens::default(), AtomicU32::new(0));
        let fetch = async || {
            fetches.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(MpesaError::unavailable("down"))
        };
        let (a, b, c) =
            tokio::join!(tokens.get(None, fetch), tokens.get(None, fetch), tokens.get(None, fetch));
        assert!(a.is_err() && b.is_err() && c.is_err());
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert!(tokens.get(None, async || Ok(grant(7))).await.is_ok(), "the next one tries again");
    }

    #[test]
    fn tokens_are_renewed_ahead_of_their_end() {
        let seconds = Duration::from_secs;
        assert_eq!(usable(seconds(3_599)), seconds(3_539));
        assert_eq!(usable(seconds(60)), seconds(30));
        assert_eq!(usable(seconds(0)), seconds(0));
        assert_eq!(usable(Duration::MAX), LIFETIME_MAX - REFRESH_AHEAD);
    }
}
