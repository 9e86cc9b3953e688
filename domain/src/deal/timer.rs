//! Deadlines: which run now, what silence leads to, and when to remind of them.

use super::{Deal, DealState, Role};
use crate::id::MilestoneId;
use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

/// A deadline that may pass in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The other side is to sign the offer.
    Acceptance,
    Funding,
    Delivery(MilestoneId),
    Inspection(MilestoneId),
    /// The other side is to answer the dispute.
    Answer(MilestoneId),
    /// An arbiter is to decide.
    Award(MilestoneId),
}

text_enum! {
    /// What a deadline is for.
    pub enum DeadlineName as "deadline" {
        Acceptance = "acceptance",
        Funding = "funding",
        Delivery = "delivery",
        Inspection = "inspection",
        Answer = "answer",
        Award = "award",
    }
}

/// How long before a deadline those who can still act are reminded.
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

    /// Whether the two sides may agree on another moment. How long an arbiter has is not theirs to say, and
    /// a new offer has a period of its own.
    #[must_use]
    pub const fn can_be_extended(self) -> bool {
        match self {
            Timer::Acceptance | Timer::Award(_) => false,
            Timer::Funding | Timer::Delivery(_) | Timer::Inspection(_) | Timer::Answer(_) => true,
        }
    }
}

impl Deal {
    /// The deadlines that run now.
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

    /// When a deadline is due, if it runs.
    #[must_use]
    pub fn due(&self, timer: Timer) -> Option<DateTime<Utc>> {
        self.dues().into_iter().find(|(running, _)| *running == timer).map(|(_, due_at)| due_at)
    }

    /// Whose silence it would be: who is reminded. Nobody of the two where an arbiter is to decide.
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

/// When to remind of a deadline: those moments that are still to come.
pub fn reminders(due_at: DateTime<Utc>, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    REMINDERS
        .into_iter()
        .filter_map(move |before| due_at.checked_sub_signed(before))
        .filter(move |at| *at > now)
}
