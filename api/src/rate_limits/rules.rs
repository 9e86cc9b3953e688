//! Rate limits by name.

use amana_redis::RateRule;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const QUARTER_OF_AN_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

const ANONYMOUS: RateRule = RateRule { name: "anonymous", limit: 100, window: QUARTER_OF_AN_HOUR };
const ACCOUNT: RateRule = RateRule { name: "account", limit: 1_000, window: MINUTE };
/// Look-ups of a user by number or address: few, because each one reveals personal data.
const LOOK_UPS: RateRule = RateRule { name: "look_ups", limit: 60, window: HOUR };
/// Look-ups for deals: more, because platforms make many deals.
const COUNTERPARTIES: RateRule = RateRule { name: "counterparties", limit: 1_000, window: HOUR };
/// Unmatched callbacks from one address: bounds the amount of stored data.
pub(super) const STRAYS: RateRule =
    RateRule { name: "strays", limit: 600, window: QUARTER_OF_AN_HOUR };
const PASSWORD: RateRule = RateRule { name: "password", limit: 5, window: QUARTER_OF_AN_HOUR };
/// An app refreshes a session once per lifetime of an access token, sometimes twice.
const SESSION: RateRule = RateRule { name: "session", limit: 30, window: QUARTER_OF_AN_HOUR };
const DOCUMENT: RateRule = RateRule { name: "document", limit: 60, window: MINUTE };

/// The rate limits; `None` means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests without a valid token, by address.
    pub anonymous: Option<RateRule>,
    /// Requests with a valid token, by account.
    pub account: Option<RateRule>,
    /// Wrong passwords for one account from one address; the limits of an account and of an address are multiples of
    /// it.
    pub password: Option<RateRule>,
    /// Refreshes, by session.
    pub session: Option<RateRule>,
    /// Reads of the document, by address.
    pub document: Option<RateRule>,
    /// Look-ups of users by phone number or e-mail address, by account.
    pub look_ups: Option<RateRule>,
    /// Deals with a user given by phone number or e-mail address, by account.
    pub counterparties: Option<RateRule>,
}

impl RateLimits {
    pub const OFF: Self = Self {
        anonymous: None,
        account: None,
        password: None,
        session: None,
        document: None,
        look_ups: None,
        counterparties: None,
    };

    /// The default limits, with another limit for accounts.
    #[must_use]
    pub fn per_account(requests_per_minute: u32) -> Self {
        let account = Some(RateRule { limit: requests_per_minute, ..ACCOUNT });
        Self { account, ..Self::default() }
    }
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            anonymous: Some(ANONYMOUS),
            account: Some(ACCOUNT),
            password: Some(PASSWORD),
            session: Some(SESSION),
            document: Some(DOCUMENT),
            look_ups: Some(LOOK_UPS),
            counterparties: Some(COUNTERPARTIES),
        }
    }
}
