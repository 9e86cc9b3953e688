//! Waits for servers that start later than this process.

use anyhow::{Result, anyhow};
use std::time::{Duration, Instant};

const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A failed attempt.
pub(crate) enum Failed {
    /// A later attempt may succeed. The reason is one sentence.
    Passing(String),
    /// Waiting does not help.
    Final(anyhow::Error),
}

/// Retries until `attempt` succeeds, fails for good, or `wait_max` is over. Logs each failed attempt.
pub(crate) async fn until_there<T>(
    server: &str,
    wait_max: Duration,
    mut attempt: impl AsyncFnMut() -> Result<T, Failed>,
) -> Result<T> {
    let began = Instant::now();
    let mut pause = PAUSE_MIN;
    loop {
        let why = match attempt().await {
            Ok(there) => return Ok(there),
            Err(Failed::Final(error)) => return Err(error),
            Err(Failed::Passing(why)) => why,
        };
        let left = wait_max.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(anyhow!("{why} (gave up after {} s)", wait_max.as_secs()));
        }
        let pause_s = pause.min(left).as_secs_f32();
        tracing::warn!("{server} is not available yet; next attempt in {pause_s:.1} s: {why}");
        tokio::time::sleep(pause.min(left)).await;
        pause = pause.saturating_mul(2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_that_comes_late_is_waited_for() {
        let mut tries = 0;
        let there = until_there("PostgreSQL", Duration::from_secs(60), async || {
            tries += 1;
            if tries < 2 { Err(Failed::Passing("refused".to_owned())) } else { Ok(tries) }
        });
        assert_eq!(there.await.unwrap(), 2);
    }

    #[tokio::test]
    async fn waiting_ends() {
        let never = async || Err::<(), _>(Failed::Passing("refused".to_owned()));
        let said = until_there("PostgreSQL", Duration::ZERO, never).await.unwrap_err();
        assert_eq!(said.to_string(), "refused (gave up after 0 s)");
        let wrong = async || Err::<(), _>(Failed::Final(anyhow!("wrong password")));
        let said = until_there("PostgreSQL", Duration::from_secs(60), wrong).await.unwrap_err();
        assert_eq!(said.to_string(), "wrong password");
    }
}
