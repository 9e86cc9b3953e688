//! Rate limits that all processes share. One Lua script takes from them atomically.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use redis::{RedisError, RedisResult, Script, cmd};

use crate::transport::Transport;

static TAKE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("limiter.lua")));

/// Short, because a caller's request waits for the response.
const PATIENCE: Duration = Duration::from_millis(500);

/// The pause after a failure. Then one caller tries Redis; all others continue without it.
const PAUSE: Duration = Duration::from_secs(1);

/// A rate limit. Windows are fixed and start at the first use. So up to twice the limit is possible within the length
/// of one window, where two windows meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// The name of the limit, for clients and as part of the Redis key.
    pub name: &'static str,
    pub limit: u32,
    pub window: Duration,
}

/// The result of a take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub granted: u32,
    pub left: u32,
    /// The time until the full limit is available again.
    pub reset: Duration,
}

/// Redis is unavailable. The outage is logged once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the shared rate limits are unavailable")]
pub struct Away;

/// Cheap to clone: all clones share the outage state.
#[derive(Clone, Debug)]
pub struct Limiter {
    transport: Transport,
    outage: Arc<Outage>,
}

impl Limiter {
    #[must_use]
    pub fn new(transport: &Transport) -> Self {
        Self { transport: transport.clone(), outage: Arc::new(Outage::new()) }
    }

    /// Takes up to `wanted` from the limits of all subjects: each grants the same number, the least that is available.
    /// `now_ms` is the caller's clock, not that of Redis.
    ///
    /// # Errors
    /// [`Away`]
    pub async fn take(
        &self,
        rule: &RateRule,
        subjects: &[&str],
        wanted: u32,
        now_ms: i64,
    ) -> Result<Taken, Away> {
        let (granted, left, reset_ms) =
            self.change(rule, subjects, i64::from(wanted), now_ms).await?;
        let count = |number: i64| u32::try_from(number).unwrap_or(0);
        let reset = Duration::from_millis(u64::try_from(reset_ms).unwrap_or(0));
        Ok(Taken { granted: count(granted), left: count(left), reset })
    }

    /// Returns one unit.
    ///
    /// # Errors
    /// [`Away`]
    pub async fn give_back(
        &self,
        rule: &RateRule,
        subjects: &[&str],
        now_ms: i64,
    ) -> Result<(), Away> {
        self.change(rule, subjects, -1, now_ms).await.map(|_| ())
    }

    /// Resets a subject's limit.
    ///
    /// # Errors
    /// [`Away`]
    pub async fn clear(&self, rule: &RateRule, subject: &str) -> Result<(), Away> {
        let mut command = cmd("DEL");
        command.arg(self.key(rule, subject));
        let mut manager = self.transport.manager();
        self.guarded(async { command.query_async(&mut manager).await }).await
    }

    async fn change(
        &self,
        rule: &RateRule,
        subjects: &[&str],
        wanted: i64,
        now_ms: i64,
    ) -> Result<(i64, i64, i64), Away> {
        let window_ms = u64::try_from(rule.window.as_millis()).unwrap_or(u64::MAX);
        let mut script = TAKE.prepare_invoke();
        for subject in subjects {
            script.key(self.key(rule, subject));
        }
        script.arg(now_ms).arg(window_ms).arg(rule.limit).arg(wanted);
        let mut manager = self.transport.manager();
        self.guarded(async {
            match script.invoke_async(&mut manager).await {
                // The connection may have died while idle. At worst this take counts twice.
                Err(error) if RedisError::is_connection_dropped(&error) => {
                    script.invoke_async(&mut manager).await
                }
                result => result,
            }
        })
        .await
    }

    async fn guarded<T>(&self, work: impl Future<Output = RedisResult<T>>) -> Result<T, Away> {
        if !self.outage.may_ask() {
            return Err(Away);
        }
        match tokio::time::timeout(PATIENCE, work).await {
            Ok(Ok(value)) => {
                self.outage.over();
                Ok(value)
            }
            Ok(Err(error)) => Err(self.outage.on(&error.to_string())),
            Err(_elapsed) => Err(self.outage.on("no response in time")),
        }
    }

    // The braces are a hash tag: all keys of a script must be in one slot of a cluster.
    fn key(&self, rule: &RateRule, subject: &str) -> String {
        format!("{{{}:limit:{}}}:{subject}", self.transport.namespace(), rule.name)
    }
}

/// Whether Redis is unavailable, and when to try again.
#[derive(Debug)]
struct Outage {
    began: Instant,
    /// Milliseconds after `began`; 0 while Redis is available.
    ask_after_ms: AtomicU64,
}

impl Outage {
    fn new() -> Self {
        Self { began: Instant::now(), ask_after_ms: AtomicU64::new(0) }
    }

    /// Returns true to one caller per pause during an outage; that caller must try Redis.
    fn may_ask(&self) -> bool {
        let after = self.ask_after_ms.load(Ordering::Acquire);
        let claim = || {
            let next = self.pause_ends();
            self.ask_after_ms.compare_exchange(after, next, Ordering::AcqRel, Ordering::Acquire)
        };
        after == 0 || (self.elapsed_ms() >= after && claim().is_ok())
    }

    fn on(&self, why: &str) -> Away {
        if self.ask_after_ms.swap(self.pause_ends(), Ordering::AcqRel) == 0 {
            tracing::warn!(
                "Redis is unavailable, so each process counts rate limits for itself: {why}"
            );
        }
        Away
    }

    fn over(&self) {
        // Reads first: every request passes here, and a write would move the cache line between cores.
        if self.ask_after_ms.load(Ordering::Acquire) != 0
            && self.ask_after_ms.swap(0, Ordering::AcqRel) != 0
        {
            tracing::info!("rate limits are shared through Redis again");
        }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn pause_ends(&self) -> u64 {
        let pause_ms = u64::try_from(PAUSE.as_millis()).unwrap_or(u64::MAX);
        self.elapsed_ms().saturating_add(pause_ms)
    }
}
