//! Sessions: what becomes of one when its refresh token is shown.
//!
//! Each refresh token is good once and has a number; the session knows the newest. Whoever shows an old one is
//! either slow (two calls at once, and the other was first) or not the person: somebody has copied a token.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

/// A session lives so long after its last refresh.
pub const SESSION_TTL: TimeDelta = TimeDelta::days(7);

/// So many a person may have; a further one ends the one that was not used for longest.
pub const SESSIONS_MAX: usize = 5;

/// Two calls with one token that are so close together are taken for one app that asked twice.
pub const SUPERSEDED_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// On a device that a person trusts, no second factor is asked for at a log-in for so long.
pub const TRUST_TTL: TimeDelta = TimeDelta::days(30);

/// So many a person may have; a further one takes the place of the oldest.
pub const TRUSTED_MAX: usize = 10;

text_enum! {
    pub enum DeviceKind as "device kind" {
        Phone = "phone",
        Tablet = "tablet",
        Computer = "computer",
        /// An app or a program that says its name.
        Program = "program",
        Unknown = "unknown",
    }
}

text_enum! {
    pub enum EndReason as "end reason" {
        SignedOut = "signed_out",
        /// By the person, from another session.
        Revoked = "revoked",
        /// There were too many.
        Evicted = "evicted",
        /// A refresh token was shown again.
        Reused = "reused",
        PasswordChanged = "password_changed",
        RoleChanged = "role_changed",
        /// Taken away from somebody who had lost it.
        FactorRemoved = "factor_removed",
    }
}

/// What a session knows about its refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The number of the newest token.
    pub newest: i32,
    pub at: DateTime<Utc>,
}

/// What a refresh token that is not the newest one means, in a session that is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// The same app asked twice at once: it has, or will get, the newer token.
    Superseded,
    /// Two hold tokens of one session: it must end.
    Reused,
}

impl Rotation {
    #[must_use]
    pub fn judge(&self, shown: i32, now: DateTime<Utc>) -> Stale {
        let is_previous = shown.checked_add(1) == Some(self.newest);
        let is_close = now.signed_duration_since(self.at) <= SUPERSEDED_WITHIN;
        if is_previous && is_close { Stale::Superseded } else { Stale::Reused }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_before_and_only_at_once_is_forgiven() {
        let at = DateTime::UNIX_EPOCH;
        let rotation = Rotation { newest: 3, at };
        for (shown, after_s, expected) in [
            (2, 0, Stale::Superseded),
            (2, 10, Stale::Superseded),
            (2, 11, Stale::Reused),
            (1, 0, Stale::Reused),
            (4, 0, Stale::Reused),
            (i32::MAX, 0, Stale::Reused),
        ] {
            let now = at + TimeDelta::seconds(after_s);
            assert_eq!(rotation.judge(shown, now), expected, "{shown} after {after_s} s");
        }
    }
}
