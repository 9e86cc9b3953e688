//! Sessions and the rotation of their refresh tokens.
//!
//! Each refresh token is valid once and has a number; the session stores the newest number. An old token means either
//! two simultaneous calls of one app, or a stolen token.

use crate::text_enum;
use chrono::{DateTime, TimeDelta, Utc};

/// Lifetime of a session after its last refresh.
pub const SESSION_TTL: TimeDelta = TimeDelta::days(7);

/// Maximum number of sessions per user. Another session ends the least recently used one.
pub const SESSIONS_MAX: usize = 5;

/// Maximum time between two calls with one token that still counts as two calls of the same app.
pub const SUPERSEDED_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// Time for which a log-in on a trusted device needs no second factor.
pub const TRUST_TTL: TimeDelta = TimeDelta::days(30);

/// Maximum number of trusted devices per user. Another device replaces the oldest one.
pub const TRUSTED_MAX: usize = 10;

text_enum! {
    pub enum DeviceKind as "device kind" {
        Phone = "phone",
        Tablet = "tablet",
        Computer = "computer",
        /// An app or a program that identifies itself.
        Program = "program",
        Unknown = "unknown",
    }
}

text_enum! {
    pub enum EndReason as "end reason" {
        SignedOut = "signed_out",
        /// Revoked by the user from another session.
        Revoked = "revoked",
        /// Ended because the user had too many sessions.
        Evicted = "evicted",
        /// Ended because an old refresh token was used again.
        Reused = "reused",
        PasswordChanged = "password_changed",
        RoleChanged = "role_changed",
        /// Ended because operators removed a lost second factor.
        FactorRemoved = "factor_removed",
    }
}

/// The state of a session's refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The number of the newest token.
    pub newest: i32,
    pub at: DateTime<Utc>,
}

/// The meaning of an old refresh token in an active session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// The same app made two calls at once; it has the newer token, or will get it.
    Superseded,
    /// Two clients have tokens of one session: it must end.
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
