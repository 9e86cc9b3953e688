//! Deadlines of a deal, and their reminders.

use super::{Deal, DealState, Role};
use crate::id::MilestoneId;
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

/// A deadline that may pass without action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The other party has to accept the offer.
    Acceptance,
    Funding,
    Delivery(MilestoneId),
    Inspection(MilestoneId),
    /// The other party has to answer the dispute.
    Answer(MilestoneId),
    /// An arbiter has to decide.
    Award(MilestoneId),
}

text_enum! {
    /// The name of a deadline.
    pub enum DeadlineName as "deadline" {
        Acceptance = "acceptance",
        Funding = "funding",
        Delivery = "delivery",
        Inspection = "inspection",
        Answer = "answer",
        Award = "award",
    }
}

/// Times before a deadline at which the awaited party is reminded.
pub const REMINDERS: [TimeDelta; 2] = [TimeDelta::hours(24), TimeDelta::hours(1)];

impl Timer {
    #[must_use]
    pub const fn name(self) -> DeadlineName {
        match self {
            Timer::Acceptance => DeadlineName::Acceptance,
            Timer::Funding => DeadlineName::Funding,
            Timer::Delivery(_) => DeadlineName::Delivery,
            Timer::Inspection(_) => DeadlineName::Inspection,
            Timer::Answer(_) => DeadlineName::Answer,
            Timer::Award(_) => DeadlineName::Award,
        }
    }

    #[must_use]
    pub const fn milestone(self) -> Option<MilestoneId> {
        match self {
            Timer::Acceptance | Timer::Funding => None,
            Timer::Delivery(id) | Timer::Inspection(id) | Timer::Answer(id) | Timer::Award(id) => {
                Some(id)
            }
        }
    }

    /// Returns whether the parties may move the deadline by agreement. They cannot move the arbiter's deadline, and a
    /// new offer restarts the acceptance period.
    #[must_use]
    pub const fn can_be_extended(self) -> bool {
        match self {
            Timer::Acceptance | Timer::Award(_) => false,
            Timer::Funding | Timer::Delivery(_) | Timer::Inspection(_) | Timer::Answer(_) => true,
        }
    }
}

impl Deal {
    /// Returns the running deadlines.
    #[must_use]
    pub fn dues(&self) -> Vec<(Timer, DateTime<Utc>)> {
        let timer = match self.state {
            DealState::Proposed => Some(Timer::Acceptance),
            DealState::Agreed => Some(Timer::Funding),
            DealState::Draft
            | DealState::Funded
            | DealState::Delivered
            | DealState::Disputed
            | DealState::Released
            | DealState::Refunded
            | DealState::Cancelled
            | DealState::Expired => None,
        };
        let own = timer.zip(self.due_at);
        let of_milestones = self.milestones.iter().filter_map(super::Milestone::due);
        own.into_iter().chain(of_milestones).collect()
    }

    /// Returns the time of a deadline, if it is running.
    #[must_use]
    pub fn due(&self, timer: Timer) -> Option<DateTime<Utc>> {
        self.dues().into_iter().find(|(running, _)| *running == timer).map(|(_, due_at)| due_at)
    }

    /// Returns the party that has to act before the deadline; `None` if an arbiter has to decide.
    #[must_use]
    pub fn awaited(&self, timer: Timer) -> Option<Role> {
        match timer {
            Timer::Acceptance => Some(self.offered_by.other()),
            Timer::Funding | Timer::Inspection(_) => Some(Role::Buyer),
            Timer::Delivery(_) => Some(Role::Seller),
            Timer::Answer(id) => {
                let milestone = self.milestone(id)?;
                milestone.dispute.map(|dispute| dispute.opened_by.other())
            }
            Timer::Award(_) => None,
        }
    }
}

/// Returns the times of the reminders that are in the future.
pub fn reminders(due_at: DateTime<Utc>, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    REMINDERS
        .into_iter()
        .filter_map(move |before| due_at.checked_sub_signed(before))
        .filter(move |at| *at > now)
}
