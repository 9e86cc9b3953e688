//! API keys: machines call in a person's name, each as far as its key reaches and as long as it is good.
//!
//! A key has one secret, or two for a while: after a rotation the one before stays good for the overlap, so that
//! machines can be given the new one in turn. A further rotation ends the older one at once: two are good at most.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// So many keys that are not over a person may have.
pub const KEYS_MAX: i64 = 20;

pub const NAME_CHARS_MAX: usize = 60;

/// A secret is good for so many days at most; a rotation begins them anew.
pub const LIFE_DAYS_MAX: i64 = 365;

pub const OVERLAP_DEFAULT: TimeDelta = TimeDelta::hours(24);
pub const OVERLAP_MAX: TimeDelta = TimeDelta::days(7);

/// When a key was used last is written down no more often than that.
pub const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

text_enum! {
    /// What a key is for. A service moves real money or play money, and takes keys of its own kind only.
    pub enum KeyMode as "key mode" {
        Test = "test",
        Live = "live",
    }
}

text_enum! {
    /// How far a key reaches: what it reads or changes. None includes another.
    pub enum Scope as "scope" {
        WalletRead = "wallet:read",
        TransfersWrite = "transfers:write",
        DealsRead = "deals:read",
        DealsWrite = "deals:write",
        PaymentsRead = "payments:read",
        PaymentsWrite = "payments:write",
        HoldsRead = "holds:read",
        HoldsWrite = "holds:write",
        PeopleRead = "people:read",
        OperationsRead = "operations:read",
    }
}

impl Scope {
    /// Whether a key of an organisation may have it. Such a key reaches the deals of the organisation; everything else
    /// is its maker's own.
    #[must_use]
    pub const fn is_of_organisations(self) -> bool {
        match self {
            Self::DealsRead | Self::DealsWrite => true,
            Self::WalletRead
            | Self::TransfersWrite
            | Self::PaymentsRead
            | Self::PaymentsWrite
            | Self::HoldsRead
            | Self::HoldsWrite
            | Self::PeopleRead
            | Self::OperationsRead => false,
        }
    }
}

text_enum! {
    pub enum KeyState as "key state" {
        Active = "active",
        Expired = "expired",
        Revoked = "revoked",
    }
}

/// Why a key whose secret was right is not taken, or cannot be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    #[error("this API key was revoked")]
    Revoked,
    #[error("this API key has expired")]
    Expired,
    #[error("this secret of the API key was replaced by another one")]
    Replaced,
}

/// Which of its secrets somebody has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Newest,
    /// The one before the last rotation.
    Previous,
}

/// When a key is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// When its newest secret was made.
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// Until when the secret before is good too.
    pub previous_until: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Life {
    /// Of a key that is made now.
    #[must_use]
    pub fn begin(lasts: TimeDelta, now: DateTime<Utc>) -> Self {
        let expires_at = now.checked_add_signed(lasts).unwrap_or(now);
        Self { issued_at: now, expires_at, previous_until: None, revoked_at: None }
    }

    #[must_use]
    pub fn state(&self, now: DateTime<Utc>) -> KeyState {
        match self.revoked_at {
            Some(_) => KeyState::Revoked,
            None if now < self.expires_at => KeyState::Active,
            None => KeyState::Expired,
        }
    }

    fn require_active(&self, now: DateTime<Utc>) -> Result<(), KeyRefusal> {
        match self.state(now) {
            KeyState::Active => Ok(()),
            KeyState::Expired => Err(KeyRefusal::Expired),
            KeyState::Revoked => Err(KeyRefusal::Revoked),
        }
    }

    /// Whether the key is good for whoever has shown this secret of it.
    ///
    /// # Errors
    /// [`KeyRefusal`].
    pub fn admits(&self, secret: Secret, now: DateTime<Utc>) -> Result<(), KeyRefusal> {
        self.require_active(now)?;
        match (secret, self.previous_until) {
            (Secret::Newest, _) => Ok(()),
            (Secret::Previous, Some(until)) if now < until => Ok(()),
            (Secret::Previous, _) => Err(KeyRefusal::Replaced),
        }
    }

    /// With a new secret, which is good for as long as the one before was made for. That one stays good for
    /// `overlap`, but no longer than it would have been.
    ///
    /// # Errors
    /// [`KeyRefusal`] if the key is over.
    pub fn rotated(&self, overlap: TimeDelta, now: DateTime<Utc>) -> Result<Self, KeyRefusal> {
        self.require_active(now)?;
        let lasts = self.expires_at.signed_duration_since(self.issued_at);
        let until = now.checked_add_signed(overlap).unwrap_or(now).min(self.expires_at);
        let previous_until = (until > now).then_some(until);
        Ok(Self { previous_until, ..Self::begin(lasts, now) })
    }
}

/// Whether it is time to write down that the key was used.
#[must_use]
pub fn is_use_due(last_used_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_used_at.is_none_or(|at| now.signed_duration_since(at) >= USE_NOTED_EVERY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    /// Made at hour 0 for 100 hours.
    fn life() -> Life {
        Life::begin(TimeDelta::hours(100), at(0))
    }

    fn rotated(overlap: i64, hour: i64) -> Life {
        life().rotated(TimeDelta::hours(overlap), at(hour)).unwrap()
    }

    #[test]
    fn a_secret_is_good_in_its_time() {
        use KeyRefusal::{Expired, Replaced, Revoked};
        use Secret::{Newest, Previous};
        let revoked = Life { revoked_at: Some(at(5)), ..rotated(24, 4) };
        for (life, secret, hour, expected) in [
            (life(), Newest, 0, Ok(())),
            (life(), Newest, 99, Ok(())),
            (life(), Newest, 100, Err(Expired)),
            (life(), Previous, 0, Err(Replaced)),
            (rotated(24, 10), Newest, 10, Ok(())),
            (rotated(24, 10), Previous, 10, Ok(())),
            (rotated(24, 10), Previous, 33, Ok(())),
            (rotated(24, 10), Previous, 34, Err(Replaced)),
            (rotated(24, 10), Newest, 109, Ok(())),
            (rotated(24, 10), Newest, 110, Err(Expired)),
            (rotated(0, 10), Previous, 10, Err(Replaced)),
            // The old secret does not outlive the day on which it would have ended anyway.
            (rotated(24, 90), Previous, 99, Ok(())),
            (rotated(24, 90), Previous, 100, Err(Replaced)),
            (revoked, Newest, 5, Err(Revoked)),
            (revoked, Previous, 5, Err(Revoked)),
            // Whichever came first: that it was revoked is what its owner did.
            (revoked, Newest, 200, Err(Revoked)),
        ] {
            assert_eq!(life.admits(secret, at(hour)), expected, "{life:?} {secret:?} at {hour}");
        }
    }

    #[test]
    fn a_rotation_begins_the_same_life_anew() {
        let once = rotated(24, 10);
        assert_eq!((once.issued_at, once.expires_at), (at(10), at(110)));
        assert_eq!(once.previous_until, Some(at(34)));
        // Again, within the overlap: what was the newest is the previous one now.
        let twice = once.rotated(TimeDelta::hours(1), at(11)).unwrap();
        assert_eq!((twice.expires_at, twice.previous_until), (at(111), Some(at(12))));
        assert_eq!(twice.rotated(TimeDelta::zero(), at(12)).unwrap().previous_until, None);
    }

    #[test]
    fn what_is_over_is_not_rotated() {
        let overlap = OVERLAP_DEFAULT;
        assert_eq!(life().rotated(overlap, at(100)), Err(KeyRefusal::Expired));
        let revoked = Life { revoked_at: Some(at(1)), ..life() };
        assert_eq!(revoked.rotated(overlap, at(2)), Err(KeyRefusal::Revoked));
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let seconds = |s| at(0) + TimeDelta::seconds(s);
        assert!(is_use_due(None, at(0)));
        assert!(!is_use_due(Some(at(0)), seconds(59)));
        assert!(is_use_due(Some(at(0)), seconds(60)));
    }
}
