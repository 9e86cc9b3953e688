//! API keys: programs act for a user within the scopes and the validity of a key.
//!
//! After a rotation the previous secret stays valid for the overlap, so that machines can be updated one by one.
//! Another rotation invalidates the older secret at once: at most two secrets are valid.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

/// Maximum number of active keys per user.
pub const KEYS_MAX: i64 = 20;

pub const NAME_CHARS_MAX: usize = 60;

/// Maximum validity of a secret in days. A rotation starts the validity again.
pub const LIFE_DAYS_MAX: i64 = 365;

pub const OVERLAP_DEFAULT: TimeDelta = TimeDelta::hours(24);
pub const OVERLAP_MAX: TimeDelta = TimeDelta::days(7);

/// Minimum time between two updates of a key's last use: not every call writes a row.
pub const USE_NOTED_EVERY: TimeDelta = TimeDelta::minutes(1);

text_enum! {
    /// The kind of money that a key moves. A service accepts only keys of its own mode.
    pub enum KeyMode as "key mode" {
        Test = "test",
        Live = "live",
    }
}

text_enum! {
    /// A permission of a key. No scope includes another.
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
    /// Returns whether a key of an organisation may have this scope. Such a key reads and changes only the deals of
    /// the organisation; everything else belongs to the user who created the key.
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

/// The reason for which a key with a correct secret is rejected, or cannot be rotated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyRefusal {
    #[error("this API key was revoked; use another key")]
    Revoked,
    #[error("this API key has expired; create a new key")]
    Expired,
    #[error("this secret was replaced by a rotation of the API key; use the newest secret")]
    Replaced,
}

/// The secret that a caller presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Newest,
    /// The secret before the last rotation.
    Previous,
}

/// The validity of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Creation time of the newest secret.
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    /// End of the overlap, in which the previous secret is valid too.
    pub previous_until: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Life {
    /// Returns the validity of a key that is created now.
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

    /// Checks that the key can be used with this secret.
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

    /// Returns the validity after a rotation. The new secret gets the same lifetime as the previous one, which stays
    /// valid for `overlap`, at most until its own expiry.
    ///
    /// # Errors
    /// [`KeyRefusal`] if the key is revoked or expired.
    pub fn rotated(&self, overlap: TimeDelta, now: DateTime<Utc>) -> Result<Self, KeyRefusal> {
        self.require_active(now)?;
        let lasts = self.expires_at.signed_duration_since(self.issued_at);
        let until = now.checked_add_signed(overlap).unwrap_or(now).min(self.expires_at);
        let previous_until = (until > now).then_some(until);
        Ok(Self { previous_until, ..Self::begin(lasts, now) })
    }
}

/// Returns whether the last use of the key must be stored now.
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

    /// Created at hour 0 for 100 hours.
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
            // The overlap does not extend the expiry of the previous secret.
            (rotated(24, 90), Previous, 99, Ok(())),
            (rotated(24, 90), Previous, 100, Err(Replaced)),
            (revoked, Newest, 5, Err(Revoked)),
            (revoked, Previous, 5, Err(Revoked)),
            // A revoked key stays "revoked" after its expiry, because the owner revoked it on purpose.
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
        // A second rotation within the overlap: the newest secret becomes the previous one.
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
