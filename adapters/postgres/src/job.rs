//! Kinds of background jobs, as the outbox stores them.

use amana_domain::deal::Timer;
use amana_domain::id::MilestoneId;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The deadline of a deal that a timer job enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimerKind {
    Acceptance,
    Funding,
    Delivery { milestone: Uuid },
    Inspection { milestone: Uuid },
    Answer { milestone: Uuid },
    Award { milestone: Uuid },
}

impl From<Timer> for TimerKind {
    fn from(timer: Timer) -> Self {
        match timer {
            Timer::Acceptance => TimerKind::Acceptance,
            Timer::Funding => TimerKind::Funding,
            Timer::Delivery(id) => TimerKind::Delivery { milestone: id.uuid() },
            Timer::Inspection(id) => TimerKind::Inspection { milestone: id.uuid() },
            Timer::Answer(id) => TimerKind::Answer { milestone: id.uuid() },
            Timer::Award(id) => TimerKind::Award { milestone: id.uuid() },
        }
    }
}

impl From<TimerKind> for Timer {
    fn from(kind: TimerKind) -> Self {
        match kind {
            TimerKind::Acceptance => Timer::Acceptance,
            TimerKind::Funding => Timer::Funding,
            TimerKind::Delivery { milestone } => Timer::Delivery(MilestoneId::new(milestone)),
            TimerKind::Inspection { milestone } => Timer::Inspection(MilestoneId::new(milestone)),
            TimerKind::Answer { milestone } => Timer::Answer(MilestoneId::new(milestone)),
            TimerKind::Award { milestone } => Timer::Award(MilestoneId::new(milestone)),
        }
    }
}

text_enum! {
    /// The queue of a job. Separate queues keep payments from waiting behind messages.
    pub enum Queue as "queue" {
        Payments = "payments",
        Callbacks = "callbacks",
        Timers = "timers",
        Fraud = "fraud",
        Notifications = "notifications",
        Reconciliation = "reconciliation",
        Housekeeping = "housekeeping",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    SubmitCollection {
        payment: Uuid,
    },
    /// `round` counts the polls of a payment, so that each job has its own key.
    PollCollection {
        payment: Uuid,
        round: u32,
    },
    SubmitPayout {
        payment: Uuid,
    },
    ApplyCallback {
        callback: Uuid,
    },
    /// A deadline may run again (goods sent back, time extended). `due_at` makes each run a job of its own.
    ExpireDeal {
        deal: Uuid,
        timer: TimerKind,
        due_at: DateTime<Utc>,
    },
    /// `before_s` is the time between reminder and deadline in seconds.
    RemindDeal {
        deal: Uuid,
        timer: TimerKind,
        due_at: DateTime<Utc>,
        before_s: i64,
    },
    ScreenWithdrawal {
        payment: Uuid,
    },
    ExpireHold {
        hold: Uuid,
    },
    SendNotification {
        notification: Uuid,
    },
    Reconcile {
        tick: i64,
    },
    Housekeep {
        tick: i64,
    },
    CheckLedger {
        tick: i64,
    },
}

impl Job {
    #[must_use]
    pub const fn queue(&self) -> Queue {
        match self {
            Job::SubmitCollection { .. }
            | Job::PollCollection { .. }
            | Job::SubmitPayout { .. } => Queue::Payments,
            Job::ApplyCallback { .. } => Queue::Callbacks,
            Job::ExpireDeal { .. } | Job::ExpireHold { .. } => Queue::Timers,
            Job::ScreenWithdrawal { .. } => Queue::Fraud,
            Job::SendNotification { .. } | Job::RemindDeal { .. } => Queue::Notifications,
            Job::Reconcile { .. } => Queue::Reconciliation,
            // A full check of the ledger may take long and must not delay reconciliation.
            Job::Housekeep { .. } | Job::CheckLedger { .. } => Queue::Housekeeping,
        }
    }

    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Job::SubmitCollection { .. } => "submit_collection",
            Job::PollCollection { .. } => "poll_collection",
            Job::SubmitPayout { .. } => "submit_payout",
            Job::ApplyCallback { .. } => "apply_callback",
            Job::ExpireDeal { .. } => "expire_deal",
            Job::RemindDeal { .. } => "remind_deal",
            Job::ScreenWithdrawal { .. } => "screen_withdrawal",
            Job::ExpireHold { .. } => "expire_hold",
            Job::SendNotification { .. } => "send_notification",
            Job::Reconcile { .. } => "reconcile",
            Job::Housekeep { .. } => "housekeep",
            Job::CheckLedger { .. } => "check_ledger",
        }
    }

    /// Returns the key that deduplicates jobs: the same work enqueued twice is one row.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Job::SubmitCollection { payment } => format!("submit_collection:{payment}"),
            Job::PollCollection { payment, round } => format!("poll_collection:{payment}:{round}"),
            Job::SubmitPayout { payment } => format!("submit_payout:{payment}"),
            Job::ApplyCallback { callback } => format!("apply_callback:{callback}"),
            Job::ExpireDeal { deal, timer, due_at } => {
                format!("expire_deal:{deal}:{}", deadline(*timer, *due_at))
            }
            Job::RemindDeal { deal, timer, due_at, before_s } => {
                format!("remind_deal:{deal}:{}:{before_s}", deadline(*timer, *due_at))
            }
            Job::ScreenWithdrawal { payment } => format!("screen_withdrawal:{payment}"),
            Job::ExpireHold { hold } => format!("expire_hold:{hold}"),
            Job::SendNotification { notification } => format!("send_notification:{notification}"),
            Job::Reconcile { tick } => format!("reconcile:{tick}"),
            Job::Housekeep { tick } => format!("housekeep:{tick}"),
            Job::CheckLedger { tick } => format!("check_ledger:{tick}"),
        }
    }

    /// Returns the number of attempts before the job is dead. Operators can list and replay dead jobs. Retries of
    /// payments cover about nine hours of provider outage, those of messages four hours. Scheduled jobs are retried for
    /// a minute, because the next tick replaces them.
    #[must_use]
    pub const fn attempts_max(&self) -> i32 {
        match self {
            Job::SubmitCollection { .. } | Job::SubmitPayout { .. } => 60,
            Job::ApplyCallback { .. }
            | Job::ExpireDeal { .. }
            | Job::ScreenWithdrawal { .. }
            | Job::ExpireHold { .. } => 30,
            Job::PollCollection { .. } => 5,
            Job::SendNotification { .. } | Job::RemindDeal { .. } => 30,
            // The next tick is a day away.
            Job::CheckLedger { .. } => 30,
            Job::Reconcile { .. } | Job::Housekeep { .. } => 8,
        }
    }
}

/// Returns the part of the key that identifies one run of a deadline in its deal.
fn deadline(timer: TimerKind, due_at: DateTime<Utc>) -> String {
    let timer = Timer::from(timer);
    let of = timer.milestone().map(|id| format!(":{}", id.uuid())).unwrap_or_default();
    format!("{}{of}:{}", timer.name(), due_at.timestamp_micros())
}
