//! Budgets that all processes share: one script takes from them, so that two can never take the same.

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

/// A caller waits for this answer before anything is done for them.
const PATIENCE: Duration = Duration::from_millis(500);

/// After a failure nobody waits for Redis for so long; then one caller tries, and the others still do not wait.
const PAUSE: Duration = Duration::from_secs(1);

/// How much may be done how often. Windows are fixed and begin with the first use, so that twice the limit is
/// possible within one window's length, around the moment where two of them meet, and never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateRule {
    /// Names the budget to clients, and in Redis.
    pub name: &'static str,
    pub limit: u32,
    pub window: Duration,
}

/// What came of taking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    pub granted: u32,
    pub left: u32,
    /// Until the budget is whole again.
    pub reset: Duration,
}

/// Redis did not answer, or is known not to. That was logged, once per outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the budgets cannot be reached")]
pub struct Away;

/// Cheap to clone: all clones know alike whether Redis is away.
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

    /// Takes as many as there are of `wanted` from the budgets of all subjects alike: what one of them does not
    /// have, none of them gives. `now_ms` is the clock of whoever asks, not that of Redis.
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

    /// Undoes a take of one.
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

    /// Makes the budget of a subject whole.
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
                // The connection may have died while nobody used it. At worst this counts twice.
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
            Err(_elapsed) => Err(self.outage.on("no answer in time")),
        }
    }

    // The braces are a hash tag: a script may only touch keys of one slot of a cluster.
    fn key(&self, rule: &RateRule, subject: &str) -> String {
        format!("{{{}:limit:{}}}:{subject}", self.transport.namespace(), rule.name)
    }
}

/// Whether Redis is away, and when it is worth asking again.
#[derive(Debug)]
struct Outage {
    began: Instant,
    /// Milliseconds after `began`; 0 while Redis is there.
    ask_after_ms: AtomicU64,
}

impl Outage {
    fn new() -> Self {
        Self { began: Instant::now(), ask_after_ms: AtomicU64::new(0) }
    }

    /// Whoever is told yes during an outage has to ask: everybody else is told no meanwhile.
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
                "rate limits cannot be asked for in Redis, each process counts by itself: {why}"
            );
        }
        Away
    }

    fn over(&self) {
        // Read first: this is on the way of every call, and writing would pass the line between the cores.
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
