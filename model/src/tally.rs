//! Counts of what occurred in an exploration. A law is only checked if the events that it is about occur.

use amana_domain::deal::{Command, DealState, Timer};
use std::sync::atomic::{AtomicU64, Ordering};

/// All events that must occur in some world: commands and deadlines by their names, ends of deals, and payments by
/// phone.
pub const SIGHTS: [&str; 29] = [
    "join",
    "propose",
    "counter",
    "agree",
    "add_payer",
    "fund",
    "deliver",
    "reject",
    "release",
    "refund",
    "offer_split",
    "accept_split",
    "dispute",
    "answer",
    "award",
    "extend",
    "cancel",
    "mutual_cancel",
    "acceptance expires",
    "funding expires",
    "delivery expires",
    "inspection expires",
    "answer expires",
    "award expires",
    "a deal is released",
    "a deal is refunded",
    "a deal is cancelled",
    "a deal expires",
    "money arrives",
];

#[derive(Debug)]
pub struct Tally([AtomicU64; SIGHTS.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Tally {
    pub fn command(&self, command: &Command) {
        self.count(match command {
            Command::Expire(Timer::Acceptance) => "acceptance expires",
            Command::Expire(Timer::Funding) => "funding expires",
            Command::Expire(Timer::Delivery(_)) => "delivery expires",
            Command::Expire(Timer::Inspection(_)) => "inspection expires",
            Command::Expire(Timer::Answer(_)) => "answer expires",
            Command::Expire(Timer::Award(_)) => "award expires",
            other => other.name(),
        });
    }

    pub fn end(&self, before: DealState, after: DealState) {
        if before == after {
            return;
        }
        match after {
            DealState::Released => self.count("a deal is released"),
            DealState::Refunded => self.count("a deal is refunded"),
            DealState::Cancelled => self.count("a deal is cancelled"),
            DealState::Expired => self.count("a deal expires"),
            DealState::Draft
            | DealState::Proposed
            | DealState::Agreed
            | DealState::Funded
            | DealState::Delivered
            | DealState::Disputed => {}
        }
    }

    pub fn arrived(&self) {
        self.count("money arrives");
    }

    fn count(&self, sight: &str) {
        let place = SIGHTS.iter().position(|known| *known == sight);
        if let Some(counter) = place.and_then(|place| self.0.get(place)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the number of occurrences, in the order of [`SIGHTS`].
    #[must_use]
    pub fn counts(&self) -> [u64; SIGHTS.len()] {
        std::array::from_fn(|n| self.0.get(n).map_or(0, |counter| counter.load(Ordering::Relaxed)))
    }
}
