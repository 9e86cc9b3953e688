//! The kinds of work that are done outside a request, as the outbox stores them.

use amana_domain::deal::Timer;
use amana_domain::id::MilestoneId;
use amana_domain::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which deadline of a deal a timer job watches.
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
    /// The queue that a job waits in. Money does not wait behind messages.
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
    /// `round` counts the polls of one payment, so that each has a key of its own.
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
    /// The same deadline may run again (sent back, extended): each time is a job of its own.
    ExpireDeal {
        deal: Uuid,
        timer: TimerKind,
        due_at: DateTime<Utc>,
    },
    /// `before_s`: how long before the deadline.
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
            // Not where reconciliation waits: reading everything may take long.
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

    /// Names the work: the same work enqueued again is the same row.
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

    /// After so many attempts the job is dead: listed, explained, replayable. What moves money is tried
    /// through about nine hours of provider outage, a message for four; a scheduled job, tried for a minute,
    /// is superseded by its next tick.
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
            // Its next tick is a day away.
            Job::CheckLedger { .. } => 30,
            Job::Reconcile { .. } | Job::Housekeep { .. } => 8,
        }
    }
}

/// Names one run of one deadline within its deal.
fn deadline(timer: TimerKind, due_at: DateTime<Utc>) -> String {
    let timer = Timer::from(timer);
    let of = timer.milestone().map(|id| format!(":{}", id.uuid())).unwrap_or_default();
    format!("{}{of}:{}", timer.name(), due_at.timestamp_micros())
}
